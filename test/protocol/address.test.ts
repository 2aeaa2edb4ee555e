import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/model/errors.ts'
import { parseAddress, printAddress, type Address } from '../../src/protocol/address.ts'

const columnName = fc.oneof(
  fc.constantFrom('price', '-price', '', ',', '[', '["a"]', 'a,b', '__proto__', '%', '&', '=', '+', ' ', 'Ü☃', '𝄞', '"'),
  fc.string({ unit: 'grapheme' }),
)
const paramName = fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'where', 'ü', '='), fc.stringMatching(/^[A-Za-z_]\w{0,8}$/))
const anyAddress: fc.Arbitrary<Address> = fc.record(
  {
    feed: fc.stringMatching(/^[a-z$][a-z0-9_-]{0,20}$/),
    fields: fc.array(columnName, { minLength: 1, maxLength: 4 }),
    limit: fc.integer({ min: 1, max: 2 ** 31 }),
    order: fc.array(columnName, { minLength: 1, maxLength: 3 }),
    params: fc
      .uniqueArray(fc.tuple(paramName, fc.string({ unit: 'grapheme' })), { selector: ([name]) => name, minLength: 1, maxLength: 3 })
      .map(entries => new Map(entries)),
    where: fc.string({ unit: 'grapheme', minLength: 1 }),
  },
  { requiredKeys: ['feed'] },
)

test('what is printed is read back as it was', () => {
  fc.assert(
    fc.property(anyAddress, address => {
      expect(parseAddress(printAddress(address))).toEqual(address)
    }),
    { numRuns: 1000 },
  )
})

test('whatever spelling is read, its print is canonical: printing what is read of it changes nothing', () => {
  const spelled = fc.tuple(anyAddress, fc.boolean()).map(([address, reversed]) => {
    const [name = '', query] = printAddress(address).split('?')
    const pairs = (query ?? '').split('&').map(pair => pair.replaceAll('%20', '+'))
    return query === undefined ? `${name}?` : `${name}?&${(reversed ? pairs.toReversed() : pairs).join('&')}&`
  })
  fc.assert(
    fc.property(spelled, text => {
      const canonical = printAddress(parseAddress(text))
      expect(printAddress(parseAddress(canonical))).toBe(canonical)
      expect(canonical).not.toContain('+')
    }),
  )
})

test('members stand in the order of their names, values percent-encoded', () => {
  const address = { where: 'price > 1 && x == "ü"', order: ['-price'], limit: 20, fields: ['a b', 'c'], feed: 'quotes' }
  expect(printAddress(address)).toBe(
    'quotes?fields=a%20b%2Cc&limit=20&order=-price&where=price%20%3E%201%20%26%26%20x%20%3D%3D%20%22%C3%BC%22',
  )
  const params = new Map(Object.entries({ b: 'x/y', a: '1' }))
  expect(printAddress({ feed: 'quotes', where: 'n > 1', params, order: ['n'] })).toBe('quotes?order=n&p.a=1&p.b=x%2Fy&where=n%20%3E%201')
  expect(printAddress({ feed: 'quotes', order: [] })).toBe('quotes')
})

test('lone surrogates, which UTF-8 cannot carry, become U+FFFD', () => {
  expect(printAddress({ feed: 'quotes', where: 'a\ud800b' })).toBe('quotes?where=a%EF%BF%BDb')
})

describe('is refused as bad_query, with the reason', () => {
  test.each([
    ['quotes?limit=0', "limit is a whole number from 1, not '0'"],
    ['quotes?limit=1.5', "limit is a whole number from 1, not '1.5'"],
    ['quotes?limit=-1', "limit is a whole number from 1, not '-1'"],
    ['quotes?limit=', "limit is a whole number from 1, not ''"],
    ['quotes?limit=1&limit=2', "'limit' stands twice in the address"],
    ['quotes?limt=1', "'limt' is no member of an address; did you mean 'limit'?"],
    ['quotes?__proto__=1', "'__proto__' is no member of an address"],
    ['quotes?where=%E0%A4%A', "'%E0%A4%A' is not percent-encoded UTF-8"],
    ['quotes?fields=[1]', "'[1]' is no list of columns"],
    ['quotes?fields=["a"', `'["a"' is no list of columns`],
  ])('%s', (text, message) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'bad_query', message: expect.stringContaining(message) }))
  })
})

function outcomeOf(text: string): string {
  try {
    return parseAddress(text).feed
  } catch (error) {
    if (error instanceof MillraceError) return error.code
    throw error
  }
}

test('whatever the text, it is read or refused, never anything else', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map(query => `quotes?${query}`),
      ),
      text => {
        expect([text.split('?')[0], 'bad_query']).toContain(outcomeOf(text))
      },
    ),
  )
})
