import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { normalBelow, normalDensity, truncatedNormal } from '../../../src/source/schedule/normal.ts'

/** Simpson's rule. */
function integral(of: (z: number) => number, from: number, to: number, steps = 4000): number {
  const h = (to - from) / steps
  let sum = of(from) + of(to)
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * of(from + i * h)
  return (sum * h) / 3
}

test('the distribution is the integral of the density', () => {
  for (let z = -6; z <= 6; z += 0.25) expect(Math.abs(normalBelow(z) - integral(normalDensity, -12, z))).toBeLessThan(1e-7)
})

test('the moments of a truncated normal are those of numerical integration', () => {
  const ends = fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: 0.3, max: 6, noNaN: true }))
  fc.assert(
    fc.property(ends, ([from, width]) => {
      const to = from + width
      const mass = integral(normalDensity, from, to)
      const mean = integral(z => z * normalDensity(z), from, to) / mass
      const variance = integral(z => (z - mean) ** 2 * normalDensity(z), from, to) / mass
      const found = truncatedNormal(from, to)
      expect(Math.abs(found.mass - mass)).toBeLessThan(1e-6)
      expect(Math.abs(found.mean - mean)).toBeLessThan(2e-3)
      expect(Math.abs(found.variance - variance)).toBeLessThan(1e-2)
    }),
  )
})

test('a window on one side only, and one without end', () => {
  expect(truncatedNormal(0, 1000).mean).toBeCloseTo(Math.sqrt(2 / Math.PI), 5)
  const whole = truncatedNormal(-1000, 1000)
  expect([whole.mass, whole.mean, whole.variance]).toEqual([1, 0, 1])
})
