import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { didYouMean, editDistance, suggest } from '../../src/lib/suggest.ts'

const keys = ['every', 'url', 'timeout', 'maxBackoff', 'description']

test.each([
  ['evry', 'every'],
  ['evrey', 'every'],
  ['EVERY', 'every'],
  ['time-out', 'timeout'],
  ['maxbackof', 'maxBackoff'],
  ['ulr', 'url'],
])("'%s' probably means '%s'", (word, meant) => {
  expect(suggest(word, keys)).toBe(meant)
  expect(didYouMean(word, keys)).toBe(`; did you mean '${meant}'?`)
})

test.each(['x', 'nothing', 'interval', 'e'.repeat(10_000)])("'%s' means none of them", word => {
  expect(didYouMean(word, keys)).toBe('')
})

test('the distance is a metric but for swaps: symmetric, and zero for the same word alone', () => {
  const word = fc.string({ maxLength: 8 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b) === 0).toBe(a === b)
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
})
