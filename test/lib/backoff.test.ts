import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffDelay } from '../../src/lib/backoff.ts'

const options = { baseMs: 1000, capMs: 60_000 }

test('doubles with each failure up to the cap; half of it is jitter', () => {
  const longest = (failures: number): number => backoffDelay(failures, options, () => 1)
  expect([1, 2, 3, 7, 1000].map(longest)).toEqual([1000, 2000, 4000, 60_000, 60_000])
  expect(backoffDelay(3, options, () => 0)).toBe(2000)
})

test('is never shorter than the least, and never longer than the cap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (failures, chance) => {
      const delay = backoffDelay(failures, { ...options, leastMs: 700 }, () => chance)
      expect(delay).toBeGreaterThanOrEqual(700)
      expect(delay).toBeLessThanOrEqual(60_000)
    }),
  )
})
