import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/lib/random.ts'
import { advance, deviationOf, measure, type PeriodFilter } from '../../../src/source/schedule/period-filter.ts'
import { followPeriod, isLocked, isMissing, leaderOf, skipTo, track, type Tracker } from '../../../src/source/schedule/tracking.ts'

const start = 1_770_000_000_000
const periodMs = 60_000
const ratePerMs = 1 / periodMs

function filter(model: PeriodFilter['model'], more: Partial<PeriodFilter> = {}): PeriodFilter {
  const known = { nextAt: start, periodMs, variance: 2000 ** 2, covariance: 0, periodVariance: 100 ** 2, noise: 500 ** 2 }
  return { model, ...known, likelihood: 0, notBefore: 0, outliers: 0, ...more }
}

/** Polls every `gapMs`, a little unevenly, and tracks; undefined once it is lost. */
function follow(tracker: Tracker | undefined, updates: readonly number[], untilMs: number, gapMs = 7000, fromMs = 0): Tracker | undefined {
  const random = seededRandom(4)
  let from = start + fromMs
  let current = tracker
  while (from < start + untilMs && current !== undefined) {
    const to = from + gapMs * (0.8 + 0.4 * random())
    const isChange = updates.some(at => at > from && at <= to)
    current = track(current, { from, to, isChange, window: { from, to } }, ratePerMs)
    from = to
  }
  return current
}

const everyMinute = Array.from({ length: 300 }, (_, i) => start + i * periodMs + 20_000)
const tracker = (more: Partial<PeriodFilter> = {}): Tracker =>
  followPeriod(filter('clock', { nextAt: start + 21_000, ...more }), 0.95, true)

describe('a filter', () => {
  test.each(['clock', 'loop'] as const)('%s: finds a phase and a period that it was told wrongly', model => {
    const random = seededRandom(2)
    let found = filter(model, { nextAt: start + 3000, periodMs: 59_800 })
    for (let i = 0; i < 200; i++) {
      const at = start + i * periodMs
      found = advance(measure(found, { from: at - 1500 * random(), to: at + 1500 * random() }, false), 1)
    }
    expect(Math.abs(found.periodMs - periodMs)).toBeLessThan(30)
    expect(Math.abs(found.nextAt - (start + 200 * periodMs))).toBeLessThan(500)
  })

  test('a round period of people is not moved by windows that bound it from one side', () => {
    const one = filter('clock', { covariance: 5e4 })
    const wide = { from: start - 50_000, to: start + 100 }
    expect(measure(one, wide, true).periodMs).toBe(periodMs)
    expect(measure(one, wide, false).periodMs).not.toBe(periodMs)
  })

  test('three updates far from the prediction begin the phase anew', () => {
    let one = filter('clock', { variance: 100, noise: 100 ** 2 })
    for (let i = 0; i < 3; i++)
      one = advance(measure(one, { from: start + i * periodMs + 25_000, to: start + i * periodMs + 26_000 }, true), 1)
    expect(Math.abs(one.nextAt - (start + 3 * periodMs + 25_500))).toBeLessThan(600)
  })

  test('uncertainty grows with every update that was not seen', () => {
    const one = filter('clock')
    expect(deviationOf(advance(one, 5))).toBeGreaterThan(deviationOf(advance(one, 1)))
    expect(advance(one, 5).nextAt).toBe(start + 5 * periodMs)
  })
})

describe('a tracker', () => {
  test('locks on what repeats, and is sure of it', () => {
    const found = follow(tracker(), everyMinute, 60 * periodMs)
    expect(found !== undefined && isLocked(found)).toBe(true)
    expect(found?.evidence).toBe(9)
    expect(found?.leads).toBe('clock')
  })

  test('drops what does not', () => {
    const random = seededRandom(8)
    const anyTime = Array.from({ length: 300 }, () => start + random() * 300 * periodMs)
    expect(follow(tracker(), anyTime, 250 * periodMs)).toBeUndefined()
  })

  test('lets go of a source that has stopped, after having said that it misses it', () => {
    const locked = follow(tracker(), everyMinute, 60 * periodMs)
    const waiting = follow(locked, [], 64 * periodMs, 7000, 60 * periodMs)
    expect(waiting !== undefined && isMissing(waiting)).toBe(true)
    expect(follow(locked, [], 200 * periodMs, 7000, 60 * periodMs)).toBeUndefined()
  })

  test('learns the chance of an update where most are left out', () => {
    const random = seededRandom(5)
    const thinned = everyMinute.filter(() => random() < 0.5)
    const found = follow({ ...tracker(), chance: 0.6 }, thinned, 280 * periodMs)
    expect(found?.chance).toBeGreaterThan(0.3)
    expect(found?.chance).toBeLessThan(0.75)
  })

  test('follows a loop whose errors add up better than as a clock', () => {
    const random = seededRandom(6)
    let at = start + 20_000
    const updates = Array.from({ length: 400 }, () => (at += periodMs + 4000 * (random() - 0.3)))
    const found = follow(followPeriod(filter('clock', { nextAt: start + 80_000 }), 0.95, false), updates, 390 * periodMs, 4000)
    expect(found?.leads).toBe('loop')
  })

  test('several updates within one window measure nothing, and the phase goes on by whole periods', () => {
    const locked = follow(tracker(), everyMinute, 60 * periodMs) as Tracker
    const before = leaderOf(locked).nextAt
    const [from, to] = [start + 60 * periodMs, start + 90.6 * periodMs]
    const after = track(locked, { from, to, isChange: true, window: { from, to } }, ratePerMs) as Tracker
    const turns = (leaderOf(after).nextAt - before) / periodMs
    expect(Math.abs(turns - Math.round(turns))).toBeLessThan(0.01)
    expect(leaderOf(after).nextAt).toBeGreaterThan(to - 3 * deviationOf(leaderOf(after)))
  })

  test('a time of which nothing is known is skipped by whole periods', () => {
    const locked = follow(tracker(), everyMinute, 60 * periodMs) as Tracker
    const later = leaderOf(skipTo(locked, start + 500.5 * periodMs))
    expect(later.nextAt).toBeGreaterThan(start + 500 * periodMs)
    expect(later.nextAt).toBeLessThan(start + 502 * periodMs)
    const turns = (later.nextAt - leaderOf(locked).nextAt) / periodMs
    expect(Math.abs(turns - Math.round(turns))).toBeLessThan(0.01)
  })
})
