import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decoded, refusal, tableOf } from '../support/decode.ts'

const rss = (items: string): string => `<?xml version="1.0"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><link>https://n.example</link><lastBuildDate>Thu, 22 Oct 2015 07:28:00 GMT</lastBuildDate>${items}</channel></rss>`

const item = `<item><title>One &amp; two</title><link>https://n.example/1</link><guid isPermaLink="false">n-1</guid>
<pubDate>Wed, 21 Oct 2015 07:28:00 GMT</pubDate><dc:creator>Ann</dc:creator><category>a</category><category>b</category>
<description><![CDATA[<p>hi</p>]]></description><enclosure url="https://n.example/1.mp3" length="12" type="audio/mpeg"/></item>`

const one = {
  id: 'n-1',
  title: 'One & two',
  link: 'https://n.example/1',
  published: '2015-10-21T07:28:00.000Z',
  author: 'Ann',
  categories: ['a', 'b'],
  summary: '<p>hi</p>',
}

const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>urn:n</id><updated>2015-10-22T07:28:00Z</updated>
<entry><title>One &amp; two</title><link rel="self" href="https://n.example/1.atom"/><link href="https://n.example/1"/><id>n-1</id>
<published>2015-10-21T09:28:00+02:00</published><updated>2015-10-21T07:28:00Z</updated><author><name>Ann</name></author>
<category term="a"/><category term="b"/><summary type="html">&lt;p&gt;hi&lt;/p&gt;</summary></entry></feed>`

const rdf = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://n.example"><title>News</title><link>https://n.example</link><description>d</description></channel>
<item rdf:about="n-1"><title>One &amp; two</title><link>https://n.example/1</link><description>&lt;p&gt;hi&lt;/p&gt;</description>
<dc:date>2015-10-21T07:28:00Z</dc:date><dc:creator>Ann</dc:creator></item></rdf:RDF>`

const json = JSON.stringify({
  version: 'https://jsonfeed.org/version/1.1',
  title: 'News',
  items: [
    {
      id: 'n-1',
      url: one.link,
      title: one.title,
      summary: one.summary,
      date_published: '2015-10-21T07:28:00Z',
      authors: [{ name: 'Ann' }],
      tags: ['a', 'b'],
    },
  ],
})

/** With what stands under no prefix put under one; but for what is text, as in CDATA. */
function prefixed(text: string, prefix: string, namespace?: string): string {
  const named = text.replaceAll(/<!\[CDATA\[.*?\]\]>|<(\/?)(?=[a-zA-Z]+[\s/>])/g, (found, slash?: string) =>
    slash === undefined ? found : `<${slash}${prefix}:`,
  )
  return namespace === undefined ? named : named.replace(/(<[\w:]+)/, `$1 xmlns:${prefix}="${namespace}"`)
}

describe('one item in four formats is one row', () => {
  const enclosure = 'https://n.example/1.mp3'
  const { categories: _, ...plain } = one
  test.each<[string, string, string, object]>([
    ['RSS', rss(item), 'application/rss+xml', { ...one, enclosure }],
    ['RSS as text/xml', rss(item), 'text/xml', { ...one, enclosure }],
    ['Atom', atom, 'application/atom+xml; charset=utf-8', { ...one, updated: one.published }],
    ['RDF', rdf, '', plain],
    ['RSS under a prefix', prefixed(rss(item), 'r', 'http://backend.userland.com/rss2'), 'text/xml', { ...one, enclosure }],
    ['RSS whose items alone are', rss(prefixed(item, 'n')), 'text/xml', { ...one, enclosure }],
    ['Atom under a prefix', prefixed(atom, 'atom', 'http://www.w3.org/2005/Atom'), 'text/xml', { ...one, updated: one.published }],
    ['Atom under one that is not declared', prefixed(atom, 'a'), 'text/xml', { ...one, updated: one.published }],
    ['RDF, its RSS under a prefix', rdf.replace('xmlns=', 'xmlns:x=').replaceAll(/<(\/?)(?=[a-z]+[ >])/g, '<$1x:'), '', plain],
    ['JSON Feed', json, 'application/feed+json', one],
    ['JSON Feed as JSON', json, 'application/json', one],
  ])('%s', (_, body, type, row) => {
    expect([...tableOf({ body, type }).entries()]).toEqual([['n-1', row]])
  })
})

test('without a guid the link tells items apart', () => {
  const body = rss(
    '<item><title>a</title><link>https://n.example/a</link></item><item><title>b</title><link>https://n.example/b</link></item>',
  )
  expect([...tableOf({ body }).keys()]).toEqual(['https://n.example/a', 'https://n.example/b'])
})

test('a time that does not say its zone, or is none, stays as it is written', () => {
  const body = rss(
    '<item><guid>1</guid><pubDate>Wed, 21 Oct 2015 07:28:00</pubDate></item><item><guid>2</guid><pubDate>soon</pubDate></item>',
  )
  expect([...tableOf({ body }).values()].map(row => row['published'])).toEqual(['Wed, 21 Oct 2015 07:28:00', 'soon'])
})

test('no items: an empty table', () => {
  expect(tableOf({ body: rss('') }).size).toBe(0)
  expect(tableOf({ body: '<rss><channel/></rss>' }).size).toBe(0)
  expect(tableOf({ body: '<feed/>', type: 'application/atom+xml' }).size).toBe(0)
})

test('a guid is the link, unless it says that it is none', () => {
  const body = rss(
    '<item><guid>https://n.example/1</guid></item><item><guid isPermaLink="false">https://n.example/2</guid></item><item><guid>3</guid></item>',
  )
  expect([...tableOf({ body }).values()].map(row => row['link'] ?? null)).toEqual(['https://n.example/1', null, null])
})

test('where rows are configured the document stays as it is', () => {
  const { document, dialect } = decoded({ body: rss(item), type: 'application/rss+xml' }, { rows: 'rss.channel.item' })
  expect(dialect).toEqual({ format: 'xml' })
  expect(document).toMatchObject({ rss: { channel: { item: { title: 'One & two' } } } })
})

test('a billion laughs is refused before anything reads it', () => {
  const body = `<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${rss('<item><guid>&b;</guid></item>').replace(/^<\?.*\?>\n/, '')}`
  expect(refusal(() => decoded({ body }))).toBe('decode: the XML cannot be read: line 1: it declares entities, which are not expanded')
})

test('a document of another kind is refused', () => {
  expect(refusal(() => decoded({ body: '<a>1</a>', type: 'application/rss+xml' }))).toBe(
    'decode: it is no RSS, Atom or RDF: its root element is called otherwise',
  )
  expect(refusal(() => decoded({ body: '<rss', type: 'application/rss+xml' }))).toMatch(
    /^decode: the XML cannot be read: line 1: <rss is not closed/,
  )
})

test('random items are refused or read', () => {
  const piece = fc.constantFrom(
    '<item>',
    '</item>',
    '<title>',
    '</title>',
    '<guid>',
    '</guid>',
    '<pubDate>',
    '</pubDate>',
    'x',
    '&amp;',
    '&',
    '<![CDATA[',
    ']]>',
    '<link/>',
    '<dc:date>',
    '</dc:date>',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      expect(refusal(() => decoded({ body: rss(pieces.join('')), type: 'application/rss+xml' }))).toMatch(/^(accepted|decode: )/)
    }),
    { numRuns: 500 },
  )
})
