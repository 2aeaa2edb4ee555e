import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { newEpoch } from '../../src/model/position.ts'

const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

test('an epoch is 12 characters, begins with its time and sorts by age', () => {
  expect(newEpoch(Date.UTC(2026, 0, 1), () => 0.5)).toBe('0mjuohs00i00')
  expect(newEpoch(1000, () => 0.999) < newEpoch(1001, () => 0)).toBe(true)
})

test('a new one always sorts behind the one before, also when the clock was set back', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 41), fc.nat(2 ** 41), chance, chance, (then, now, a, b) => {
      const before = newEpoch(then, () => a)
      const after = newEpoch(now, () => b, before)
      expect(after).toMatch(/^[0-9a-z]{12}$/)
      expect(after > before).toBe(true)
    }),
  )
})
