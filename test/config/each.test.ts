import { expect, test } from 'vitest'
import { good, said } from '../support/config.ts'

const withEach = (each: string, url = 'http://x/{symbol}', more = ''): string =>
  `sources:\n  a: {url: "${url}", each: ${each}}\n  b: http://y\n${more}`

test.each([
  ['{symbol: [AAPL, 7]}', { kind: 'list', values: ['AAPL', 7] }],
  ['{symbol: {from: b}}', { kind: 'feed', from: 'b', limit: 100 }],
  ['{symbol: {from: f, limit: 3}}', { kind: 'feed', from: 'f', limit: 3 }],
])('each: %s', (written, members) => {
  const { sources } = good(withEach(written, undefined, 'feeds: {f: {from: b}}'))
  expect(sources[0]).toMatchObject({ each: { name: 'symbol', members } })
})

test('the value may stand in the query or a header alone', () => {
  good('sources: {a: {url: http://x, query: {q: "{symbol}"}, each: {symbol: [A]}}}')
  good('sources: {a: {url: http://x, headers: {X-S: "{symbol}"}, each: {symbol: [A]}}}')
})

test.each<[string, string, string[]]>([
  [
    'two names',
    withEach('{a: [1], b: [2]}'),
    ['2:39 sources.a.each: expected one name of letters, digits and _, such as {symbol: [AAPL, MSFT]}; found a map'],
  ],
  [
    'the same value twice',
    withEach('{symbol: [1, "1"]}'),
    ['2:48 sources.a.each.symbol: expected values that are all different; found a list'],
  ],
  [
    'nowhere to stand',
    withEach('{symbol: [A]}', 'http://x/'),
    ['2:32 sources.a.each.symbol: `{symbol}` stands neither in url nor in query or headers: every member would ask the same'],
  ],
  [
    'a feed that is none',
    withEach('{symbol: {from: bb}}'),
    ['2:55 sources.a.each.symbol.from: expected the name of a source or feed; found bb (did you mean `b`?)'],
  ],
  [
    'itself',
    withEach('{symbol: {from: a}}'),
    ['2:55 sources.a.each.symbol.from: `a` is computed from `a`, and cannot name what that asks for'],
  ],
  [
    'what is computed from it',
    withEach('{symbol: {from: f}}', undefined, 'feeds: {g: {from: a}, f: {from: g}}'),
    ['2:55 sources.a.each.symbol.from: `f` is computed from `a`, and cannot name what that asks for'],
  ],
])('%s', (_, text, messages) => {
  expect(said(text)).toEqual(messages)
})

test('is of a source alone, not of all', () => {
  expect(said('defaults: {each: {a: [1]}}\nsources: {a: http://x}').join()).toContain('defaults.each')
})
