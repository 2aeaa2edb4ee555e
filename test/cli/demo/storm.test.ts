import { expect, test } from 'vitest'
import { customersOut, minuteOfStorm, newGrid } from '../../../src/cli/demo/storm.ts'
import { seededRandom } from '../../../src/lib/random.ts'

const grid = newGrid(seededRandom(1))
const total = (minute: number, of = grid) => of.reduce((sum, district) => sum + customersOut(district, minute), 0)

test('the day begins and ends whole, and has a storm between', () => {
  expect([total(0), total(1439)]).toEqual([0, 0])
  expect(total(240)).toBeGreaterThan(10_000)
  expect(total(900)).toBeLessThan(total(420) / 2)
})

test('never more are out than there are; the front goes from west to east', () => {
  for (let minute = 0; minute < 1440; minute += 7)
    for (const district of grid) {
      const out = customersOut(district, minute)
      expect(out >= 0 && out <= district.customers).toBe(true)
    }
  const worst = (county: string) => {
    const of = grid.filter(district => district.county === county)
    return Array.from({ length: 144 }, (_, i) => i * 10).reduce((best, minute) => (total(minute, of) > total(best, of) ? minute : best), 0)
  }
  expect(worst('Coast')).toBeLessThan(worst('Rivers'))
  expect(worst('Rivers')).toBeLessThan(worst('Forest'))
})

test('a minute of the day passes in a second, and the day begins again', () => {
  expect([minuteOfStorm(0), minuteOfStorm(1000), minuteOfStorm(90_000), minuteOfStorm(1440_000)]).toEqual([0, 1, 90, 0])
})
