import { expect, test } from 'vitest'
import { randomText, seededRandom } from '../../src/lib/random.ts'

function draw(seed: number, count: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, random)
}

test('a seed repeats its sequence, another gives another', () => {
  expect(draw(1, 20)).toEqual(draw(1, 20))
  expect(draw(1, 20)).not.toEqual(draw(2, 20))
})

test('numbers lie in [0, 1), evenly', () => {
  const numbers = draw(7, 10_000)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  const tenths = Array.from({ length: 10 }, (_, i) => numbers.filter(number => Math.floor(number * 10) === i).length)
  for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
})

test('text is of the length asked for, of digits and small letters', () => {
  expect(randomText(seededRandom(3), 24)).toMatch(/^[0-9a-z]{24}$/)
})
