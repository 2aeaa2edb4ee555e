import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, duesBetween, nextOnGrid, phaseOf, shiftGrid, type Grid } from '../../../src/source/schedule/grid.ts'

const grid: Grid = { intervalMs: 1000, phaseMs: 300 }
const anyGrid = fc
  .record({ intervalMs: fc.integer({ min: 10, max: 24 * 86_400_000 }), share: fc.double({ min: 0, max: 0.999, noNaN: true }) })
  .map(({ intervalMs, share }): Grid => ({ intervalMs, phaseMs: share * intervalMs }))
const anyInstant = fc.double({ min: 0, max: 1e10, noNaN: true })

describe('the grid', () => {
  test('has its instants at the phase and every interval from there', () => {
    expect([0, 299, 300, 300.5, 1299, 1300].map(instant => nextOnGrid(grid, instant))).toEqual([300, 300, 1300, 1300, 1300, 2300])
  })

  test('the next instant lies ahead, at most an interval away, and on the grid', () => {
    fc.assert(
      fc.property(anyGrid, anyInstant, (any, instant) => {
        const next = nextOnGrid(any, instant)
        const turns = (next - any.phaseMs) / any.intervalMs
        expect(next).toBeGreaterThan(instant)
        expect(next - instant).toBeLessThanOrEqual(any.intervalMs + 0.01)
        expect(Math.abs(turns - Math.round(turns))).toBeLessThan(1e-6)
      }),
    )
  })

  test('from one instant the walk never meets the same one twice', () => {
    fc.assert(
      fc.property(anyGrid, anyInstant, (any, instant) => {
        let at = nextOnGrid(any, instant)
        for (let i = 0; i < 5; i++) {
          const next = nextOnGrid(any, at)
          expect(next - at).toBeCloseTo(any.intervalMs, 2)
          at = next
        }
      }),
    )
  })

  test('dues between two instants: neither of them counts', () => {
    expect(duesBetween(grid, 300, 1300)).toBe(0)
    expect(duesBetween(grid, 300, 1301)).toBe(1)
    expect(duesBetween(grid, 0, 5000)).toBe(5)
    expect(duesBetween(grid, 400, 400)).toBe(0)
  })

  test('on another clock it is the same one', () => {
    fc.assert(
      fc.property(anyGrid, fc.double({ min: -1e12, max: 1e12, noNaN: true }), anyInstant, (any, offset, instant) => {
        const shifted = shiftGrid(any, offset)
        expect(shifted.phaseMs).toBeGreaterThanOrEqual(0)
        expect(shifted.phaseMs).toBeLessThanOrEqual(any.intervalMs)
        const turns = (nextOnGrid(shifted, instant) + offset - any.phaseMs) / any.intervalMs
        expect(Math.abs(turns - Math.round(turns)) * any.intervalMs).toBeLessThan(0.01)
      }),
    )
  })
})

describe('the phase', () => {
  test('is the same in every run, within the interval, and in proportion to it', () => {
    expect(phaseOf('stations https://bikes.example/', 10_000)).toBe(phaseOf('stations https://bikes.example/', 10_000))
    expect(phaseOf('stations', 20_000)).toBeCloseTo(2 * phaseOf('stations', 10_000), 9)
  })

  test('spreads sources over the interval, also where their names differ in one letter', () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 1000; i++) {
      const tenth = Math.floor(phaseOf(`source${i}`, 10))
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    expect(Math.min(...tenths)).toBeGreaterThan(60)
    expect(Math.max(...tenths)).toBeLessThan(140)
  })
})

describe('when to ask next', () => {
  const standing = { now: 5000, failures: 0, missed: 0 }
  const least = (): number => 0
  const most = (): number => 0.999_999
  const wait = (failures: number, random: () => number, maxBackoffMs = 300_000): number =>
    Math.round(decide({ ...standing, failures }, grid, maxBackoffMs, random).dueAt - standing.now)

  test('after an answer: the next due; those the poll outlasted are skipped and said', () => {
    expect(decide(standing, grid, 300_000, least)).toEqual({ dueAt: 5300, why: 'steady: every 1s' })
    expect(decide({ ...standing, missed: 1 }, grid, 300_000, least).why).toBe('steady: every 1s; the last poll outlasted 1 due, skipped')
    expect(decide({ ...standing, missed: 3 }, grid, 300_000, least).why).toBe('steady: every 1s; the last poll outlasted 3 dues, skipped')
  })

  test('after failures: doubled each time, half of it chance, never sooner than the interval', () => {
    expect([1, 2, 3, 4].map(failures => wait(failures, most))).toEqual([1000, 2000, 4000, 8000])
    expect([1, 2, 3, 4].map(failures => wait(failures, least))).toEqual([1000, 1000, 2000, 4000])
    expect(decide({ ...standing, failures: 3 }, grid, 300_000, most).why).toMatch(/^back-off: 3 failures in a row, waiting 4s$/)
    expect(decide({ ...standing, failures: 1 }, grid, 300_000, most).why).toBe('back-off: 1 failure, waiting 1s')
    expect(decide({ ...standing, failures: 5 }, grid, 300_000, () => 0.1234).why).toBe('back-off: 5 failures in a row, waiting 9s')
  })

  test('at most maxBackoff, however long it lasts: a day of failures recovers within one back-off', () => {
    expect([20, 1000, 1e9].map(failures => wait(failures, most))).toEqual([300_000, 300_000, 300_000])
  })

  test('four intervals where that is longer than maxBackoff', () => {
    expect(wait(20, most, 2000)).toBe(4000)
  })

  test('Retry-After wins over back-off, but is never sooner than the interval', () => {
    const asked = (retryAfterMs: number): number => decide({ ...standing, failures: 5, retryAfterMs }, grid, 300_000, most).dueAt - 5000
    expect([asked(7000), asked(3_600_000), asked(10)]).toEqual([7000, 3_600_000, 1000])
    expect(decide({ ...standing, failures: 1, retryAfterMs: 7000 }, grid, 300_000, most).why).toBe('retry-after: upstream asks to wait 7s')
  })

  test('a Retry-After of nothing says nothing', () => {
    expect(decide({ ...standing, failures: 3, retryAfterMs: 0 }, grid, 300_000, most).why).toMatch(/^back-off/)
  })
})
