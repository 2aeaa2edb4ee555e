import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { rowsAsCsv, rowsAsJson } from '../../src/dashboard/row-text.ts'
import { snippetKinds, snippetText, type SnippetSubject } from '../../src/dashboard/snippets.ts'

describe('rows that are copied', () => {
  const rows = [
    { id: 1, name: 'a, "b"\nc', tags: ['x'], note: null },
    { id: 2, name: ' spaced ', tags: null },
  ]

  test('as CSV are quoted where they must be', () => {
    expect(rowsAsCsv(rows, ['id', 'name', 'tags', 'note'])).toBe('id,name,tags,note\r\n1,"a, ""b""\nc","[""x""]",\r\n2," spaced ",,\r\n')
  })

  test('as JSON have the columns that are shown, and only these', () => {
    expect(JSON.parse(rowsAsJson(rows, ['id', 'note']))).toEqual([
      { id: 1, note: null },
      { id: 2, note: null },
    ])
    const hostile = Object.fromEntries([['__proto__', 5]])
    expect(rowsAsJson([hostile], ['__proto__'])).toBe('[\n{"__proto__":5}\n]\n')
  })
})

describe('snippets', () => {
  const subject: SnippetSubject = {
    feed: 'quotes',
    query: { where: `name == "it's" || price > 3`, order: ['-price'] },
    pageUrl: 'https://live.example/mill/',
    socketUrl: 'wss://live.example/mill/ws',
    hasToken: true,
  }

  test.each(snippetKinds)('%s: the feed, the filter, the order and the token are in it, quoted', kind => {
    const text = snippetText(kind, subject)
    expect(text).toContain('quotes')
    expect(text).toMatch(/MILLRACE_TOKEN|prompt/)
    expect(snippetText(kind, { ...subject, hasToken: false })).not.toMatch(/token/i)
  })

  test('a shell takes them as they are meant, whatever the filter is', () => {
    for (const kind of ['curl', 'wscat'] as const) {
      const text = snippetText(kind, { ...subject, hasToken: false })
      const args = execFileSync('sh', ['-c', text.replace(/^curl|^npx/, 'printf "%s\\n"')], { encoding: 'utf8' })
        .trimEnd()
        .split('\n')
      const url = new URL(args.at(-1) ?? '')
      const address = kind === 'curl' ? url.href : `https://x.invalid/${url.searchParams.get('feed') ?? ''}`
      expect(new URL(address).searchParams.get('where')).toBe(subject.query.where)
      expect(new URL(address).searchParams.get('order')).toBe('-price')
    }
  })

  test('an element has the view in its attributes, whatever the filter is', () => {
    const text = snippetText('HTML', { ...subject, query: { where: 'name == "<b>" && price > 3', order: ['-price', 'id'], limit: 5 } })
    expect(text).toContain('where="name == &quot;&lt;b>&quot; &amp;&amp; price > 3" order="-price,id" limit="5"')
  })

  test('what goes into a page cannot end its script', () => {
    expect(snippetText('browser', { ...subject, query: { where: 'name == "</script>"' } }).match(/<\/script>/g)).toHaveLength(1)
  })
})
