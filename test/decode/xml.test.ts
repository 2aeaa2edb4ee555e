import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeXml, rootName } from '../../src/decode/xml.ts'
import { refusal, tableOf } from '../support/decode.ts'

const limits = { maxDepth: 64, maxCells: 1000 }
const read = (text: string): unknown => decodeXml(text, limits)

describe('a document', () => {
  test.each<[string, string, unknown]>([
    ['elements are members', '<a><b>1</b><c>x</c></a>', { a: { b: '1', c: 'x' } }],
    ['several of one name are a list', '<a><b>1</b><b>2</b><c/></a>', { a: { b: ['1', '2'], c: null } }],
    [
      'one in what is named as a list of them is a list',
      '<stations><station id="1"/></stations>',
      { stations: { station: [{ id: '1' }] } },
    ],
    ['attributes are members', '<a x="1" y=\'"\'/>', { a: { x: '1', y: '"' } }],
    ['a child goes before an attribute of its name', '<a x="1"><x>2</x></a>', { a: { '@x': '1', x: '2' } }],
    ['text beside others', '<a x="1"> some <b>2</b> text </a>', { a: { x: '1', b: '2', text: 'some  text' } }],
    ['text beside an attribute text', '<a text="1">some</a>', { a: { text: '1', '#text': 'some' } }],
    ['nothing is null', '<a> </a>', { a: null }],
    ['entities and characters by number', '<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;</a>', { a: '<&>"\'A😀' }],
    ['what else is written with & stays', '<a>R&D &nbsp; &unknown; &#xFFFFFF;</a>', { a: 'R&D &nbsp; &unknown; &#xFFFFFF;' }],
    ['CDATA is text as it is', '<a><![CDATA[<b>&amp;]]>]]</a>', { a: '<b>&amp;]]' }],
    ['comments and instructions are nothing', '<?xml version="1.0"?><!-- <x> --><?go?><a><!--b-->1</a><!-- end -->', { a: '1' }],
    ['a document type without entities', '<!DOCTYPE a PUBLIC "x" "y" [<!ELEMENT a ANY>]><a>1</a>', { a: '1' }],
    ['names of namespaces are no data', '<x:a xmlns:x="u" xmlns="v"><x:b>1</x:b></x:a>', { 'x:a': { 'x:b': '1' } }],
    [
      'names that are ordinary data',
      '<__proto__><constructor>1</constructor></__proto__>',
      Object.fromEntries([['__proto__', { constructor: '1' }]]),
    ],
  ])('%s', (_, text, value) => {
    expect(read(text)).toEqual(value)
  })
})

describe('refused with its line', () => {
  test.each([
    ['<a>\n<b>\n</a>', 'the XML cannot be read: line 3: <b> is closed by </a>'],
    ['<a><b>', 'the XML is cut short: <b> is not closed'],
    ['<a/><b/>', 'the XML cannot be read: line 1: there is a second root element'],
    ['<a/>text', 'the XML cannot be read: line 1: text stands outside of the root element'],
    ['</a>', 'the XML cannot be read: line 1: </a> closes nothing'],
    ['<a x=1/>', 'the XML cannot be read: line 1: the value of the attribute x is not in quotes'],
    ['<a x/>', 'the XML cannot be read: line 1: the attribute x has no value'],
    ['<a x="1" x="2"/>', 'the XML cannot be read: line 1: <a> has the attribute x twice'],
    ['<a><!-- ', 'the XML cannot be read: line 1: a comment is not closed'],
    ['<a><![CDATA[x', 'the XML cannot be read: line 1: CDATA is not closed'],
    ['<a', 'the XML cannot be read: line 1: <a is not closed'],
    ['< a/>', 'the XML cannot be read: line 1: a name is needed'],
    ['<!-- nothing -->', 'the XML cannot be read: line 1: there is no element'],
    ['<!FOO><a/>', 'the XML cannot be read: line 1: what begins with <! is no document type'],
  ])('%j', (text, reason) => {
    expect(refusal(() => read(text))).toBe(`decode: ${reason}`)
  })
})

describe('limits', () => {
  test('a billion laughs', () => {
    const entities = Array.from({ length: 10 }, (_, i) => `<!ENTITY lol${i + 1} "${`&lol${i};`.repeat(10)}">`).join('')
    const body = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">${entities}]><lolz>&lol10;</lolz>`
    expect(refusal(() => read(body))).toBe('decode: the XML cannot be read: line 1: it declares entities, which are not expanded')
  })

  test('an entity from outside (XXE)', () => {
    const body = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    expect(refusal(() => read(body))).toBe('decode: the XML cannot be read: line 1: it declares entities, which are not expanded')
  })

  test('maxDepth, also of what has no end', () => {
    expect(refusal(() => read('<a>'.repeat(64) + '</a>'.repeat(64)))).toBe('accepted')
    expect(refusal(() => read('<a>'.repeat(100_000)))).toBe('too_large: maxDepth: 64 levels exceeded')
  })

  test('maxCells counts elements, attributes and texts, with room for what stands around the rows', () => {
    expect(refusal(() => read(`<a>${'<b/>'.repeat(2000)}</a>`))).toBe('accepted')
    expect(refusal(() => read(`<a>${'<b/>'.repeat(2100)}</a>`))).toBe('too_large: maxCells: 1000 exceeded')
  })
})

describe('rows', () => {
  const body = (stations: string): { readonly body: string; readonly type: string } => ({
    body: `<response time="5"><stations>${stations}</stations></response>`,
    type: 'text/xml',
  })

  test('are found by looking, their types over the column', () => {
    const table = tableOf(
      body('<station><id>7</id><open>true</open><at>2026-01-01</at></station><station><id>8</id><open>false</open><at/></station>'),
    )
    expect([...table.values()]).toEqual([
      { id: 7, open: true, at: '2026-01-01' },
      { id: 8, open: false, at: null },
    ])
  })

  test('at a path: one is a list of one, none an empty list', () => {
    const rows = 'response.stations.station'
    expect([...tableOf(body('<station id="7"/>'), { rows }).values()]).toEqual([{ id: 7 }])
    expect(tableOf(body(''), { rows }).size).toBe(0)
    expect(refusal(() => tableOf(body('<stop id="7"/>'), { rows }))).toBe(
      'decode: there is nothing at rows: response.stations.station; the document has the members response',
    )
  })
})

test('the root element tells RSS from other XML, whatever stands before it', () => {
  expect(rootName('\n<?xml version="1.0"?>\n<!-- <no> -->\n<!DOCTYPE rss [<!ELEMENT x ANY>]><rss version="2.0">')).toBe('rss')
  expect(rootName('<rdf:RDF xmlns:rdf="x">')).toBe('RDF')
  expect(rootName('hello')).toBeUndefined()
})

test('what is written is read again', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,5}$/)
  const text = fc.string({ unit: 'grapheme', maxLength: 8 }).map(value => value.trim())
  const element = fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, minLength: 2, maxLength: 5 })
  const escape = (value: string): string => value.replace(/[<>&"']/g, c => `&#${c.charCodeAt(0)};`)
  fc.assert(
    fc.property(element, members => {
      const children = members.map(([key, value]) => `<${key}>${escape(value)}</${key}>`).join('\n')
      const expected = Object.fromEntries(members.map(([key, value]) => [key, value === '' ? null : value]))
      expect(read(`<root>${children}</root>`)).toEqual({ root: expected })
      const attributes = members.map(([key, value]) => ` ${key}="${escape(value)}"`).join('')
      expect(read(`<root${attributes}/>`)).toEqual({ root: Object.fromEntries(members) })
    }),
    { numRuns: 300 },
  )
})

test('random pieces are refused or read', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    'a',
    'b',
    ' ',
    '=',
    '"',
    "'",
    '&',
    ';',
    '<a>',
    '</a>',
    '<a/>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '<!DOCTYPE a',
    '[',
    ']',
    '\n',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 16 }), pieces => {
      expect(refusal(() => read(pieces.join('')))).toMatch(/^(accepted|decode: the XML (cannot be read: line \d+|is cut short): )/)
    }),
    { numRuns: 3000 },
  )
})
