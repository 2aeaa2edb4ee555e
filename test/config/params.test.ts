import { expect, test } from 'vitest'
import { good, said } from '../support/config.ts'

const withParams = (params: string, url = 'http://x/{a}', more = ''): string =>
  `sources:\n  s:\n    url: "${url}"\n    params: ${params}\n${more}`

test('params in code units; what readers fill in is asked of the public internet alone, unless it is said', () => {
  const { sources } = good(withParams('{a: {pattern: "[a-z]+", default: b, max: 9}}'))
  expect(sources[0]).toMatchObject({
    params: [{ name: 'a', type: 'string', pattern: /^(?:[a-z]+)$/u, default: 'b', maxLength: 9 }],
    http: { isPublicOnly: true },
  })
  const [local] = good(withParams('{a: {}}', 'http://localhost/{a}', '    private: true')).sources
  expect(local?.kind === 'http' && local.http.isPublicOnly).toBeFalsy()
  good('defaults: {private: true}\nsources: {s: {url: "http://10.0.0.1/{a}", params: {a: {}}}}')
})

test.each<[string, string, string]>([
  ['nowhere to stand', withParams('{a: {}, b: {}}'), '4:21 sources.s.params.b: `{b}` stands neither in url nor in query or headers'],
  [
    'a place that nothing fills in',
    withParams('{a: {}}', 'http://x/{a}/{idd}?q={b}'),
    '3:10 sources.s.url: `{idd}` is filled in by nothing (name it under `params`, for readers to say, or under `each`; a brace that is meant is written %7B)',
  ],
  [
    'a pattern that is none',
    withParams('{a: {pattern: "("}}'),
    '4:27 sources.s.params.a.pattern: expected a regular expression (flag u): Unterminated group',
  ],
  [
    'a default that no reader may say',
    withParams('{a: {pattern: x, default: y}}'),
    '4:39 sources.s.params.a.default: it is none that a reader may say',
  ],
  [
    'a default of another type',
    withParams('{a: {type: integer, default: y}}'),
    '4:42 sources.s.params.a.default: it is none that a reader may say',
  ],
  [
    'a private address',
    withParams('{a: {}}', 'http://192.168.0.1/{a}'),
    '4:5 sources.s.params: readers fill in part of a URL at 192.168.0.1, which is private (say that it is meant: `private: true`)',
  ],
  [
    'beside each',
    withParams('{a: {}}', 'http://x/{a}/{b}', '    each: {b: [1]}'),
    '4:5 sources.s.params: `each` and `params` cannot both say what is asked for (keep one of them)',
  ],
  [
    'a feed of what has no rows',
    withParams('{a: {}}', undefined, 'feeds: {f: {from: s}}'),
    '5:19 feeds.f.from: `s` has no rows of its own: its params are filled in by readers (give each of its params a default)',
  ],
  [
    'a list of members of what has no rows',
    withParams('{a: {}}', undefined, '  m: {url: "http://x/{id}", each: {id: {from: s}}}'),
    '5:47 sources.m.each.id.from: `s` has no rows of its own: its params are filled in by readers (give each of its params a default)',
  ],
  ['a type by another name', withParams('{a: {type: int}}'), 'found int (did you mean `integer`?)'],
  ['a type of another language', withParams('{a: {type: Float}}'), 'found Float (did you mean `number`?)'],
  ['always asked for nothing', withParams('{a: {}}', undefined, '    demand: always'), '5:13 sources.s.demand: `s` has no rows of its own'],
])('%s', (_, text, message) => {
  expect(said(text).join('\n')).toContain(message)
})

test('a place in a URL that nothing fills in is told, whichever way the source is written; what is in the query may be meant', () => {
  expect(said('sources: {s: "http://x/{id}"}')).toEqual([expect.stringMatching(/^1:\d+ sources\.s: `\{id\}` is filled in by nothing /)])
  expect(said('sources: {s: "http://x/{id"}\nfeeds: {f: {from: s}}')).toEqual([
    '1:14 sources.s: `{` is not closed (write {name}, or %7B for the brace itself)',
  ])
  expect(said('sources: {s: {url: "http://x/{id/{b}", params: {b: {}}}}')).toEqual([
    expect.stringContaining('sources.s.url: `{` is not closed'),
  ])
  good('sources: {s: "http://x/%7Bid%7D?query={viewer}", t: "http://x/?q={"}')
})
