import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/lib/random.ts'
import type { ChangeWindow } from '../../../src/source/schedule/change-window.ts'
import { PhaseSweep } from '../../../src/source/schedule/period-score.ts'
import { periodSearch } from '../../../src/source/schedule/period-search.ts'
import { leaderOf, type Tracker } from '../../../src/source/schedule/tracking.ts'

const start = 1_770_000_000_000

/** The windows in which polls at uneven gaps around `gapMs` see the changes at `instants`. */
function windowsOf(instants: readonly number[], gapMs: number, random: () => number): ChangeWindow[] {
  const windows: ChangeWindow[] = []
  let from = start
  let next = 0
  while (next < instants.length) {
    const to = from + gapMs * (0.6 + 0.8 * random())
    if ((instants[next] ?? 0) <= to) windows.push({ from: Math.round(from), to: Math.round(to) })
    while ((instants[next] ?? Number.POSITIVE_INFINITY) <= to) next++
    from = to
  }
  return windows.slice(-40)
}

function find(windows: readonly ChangeWindow[]): { readonly found: Tracker | undefined; readonly slices: number } {
  const search = periodSearch({ windows, minMs: 250, knownMs: 0 })
  for (let slices = 1; ; slices++) {
    const { done, value } = search.next()
    if (done === true) return { found: value, slices }
  }
}

describe('a planted period', () => {
  const planted = fc.record({
    periodMs: fc.oneof(fc.constantFrom(15_000, 60_000, 300_000), fc.integer({ min: 12_000, max: 900_000 })),
    perPeriod: fc.double({ min: 2.5, max: 10, noNaN: true }),
    phase: fc.double({ min: 0, max: 1, noNaN: true }),
    jitter: fc.double({ min: 0, max: 0.01, noNaN: true }),
    seed: fc.integer(),
  })

  // Wide windows may hold a round period beside the planted one, whose phase is off by a good part of a window: nothing tells the two
  // apart, so what is found has to lie where the changes were seen, and no more.
  test('is found, with a phase that the windows hold', () => {
    fc.assert(
      fc.property(planted, ({ periodMs, perPeriod, phase, jitter, seed }) => {
        const random = seededRandom(seed)
        const instants = Array.from({ length: 40 }, (_, i) => start + (i + phase + jitter * random()) * periodMs)
        const windows = windowsOf(instants, periodMs / perPeriod, random)
        const { found } = find(windows)
        expect(found).toBeDefined()
        if (found === undefined) return
        const { nextAt, periodMs: foundMs } = leaderOf(found)
        expect(Math.abs(foundMs / periodMs - 1)).toBeLessThan(0.01)
        const held = windows.filter(({ from, to }) => {
          const update = nextAt - Math.round((nextAt - (from + to) / 2) / foundMs) * foundMs
          return update > from - 0.06 * foundMs && update < to + 0.06 * foundMs
        })
        expect(held.length).toBeGreaterThan(0.9 * windows.length)
      }),
      { numRuns: 60, examples: [[{ periodMs: 90_533, perPeriod: 2.5, phase: 0, jitter: 0, seed: -901_460_074 }]] },
    )
  })

  test('of a minute is known for one of people, and the chance of an update for that of thinned ones', () => {
    const random = seededRandom(5)
    const instants = Array.from({ length: 120 }, (_, i) => start + 7000 + i * 60_000).filter(() => random() < 0.4)
    const { found } = find(windowsOf(instants, 12_000, random))
    expect(found?.isHuman).toBe(true)
    expect(found?.clock.periodMs).toBe(60_000)
    expect(found?.chance).toBeGreaterThan(0.25)
    expect(found?.chance).toBeLessThan(0.6)
  })
})

test('changes at any time seldom look like a period', () => {
  let candidates = 0
  for (let seed = 0; seed < 60; seed++) {
    const random = seededRandom(seed)
    let at = start
    const instants = Array.from({ length: 40 }, () => (at -= Math.log(1 - random()) * 50_000))
    if (find(windowsOf(instants, 10_000, random)).found !== undefined) candidates++
  }
  expect(candidates).toBeLessThan(20)
})

test('the search yields every few scores', () => {
  const random = seededRandom(1)
  const instants = Array.from({ length: 40 }, (_, i) => start + i * 47_111)
  expect(find(windowsOf(instants, 9000, random)).slices).toBeGreaterThan(10)
})

test('too few windows, or too wide ones, find nothing', () => {
  expect(find([]).found).toBeUndefined()
  expect(find([{ from: start, to: start + 1000 }]).found).toBeUndefined()
})

describe('the score of a period', () => {
  const periodMs = 1000

  /** The score of one phase by the definition, window by window. */
  function scoreAt(windows: readonly ChangeWindow[], phaseMs: number): number {
    const holds = (from: number, lengthMs: number): boolean => (((phaseMs - from) % periodMs) + periodMs) % periodMs < lengthMs
    let nats = 0
    for (const [i, { from, to }] of windows.entries()) {
      const widthMs = to - from
      if (widthMs < 0.95 * periodMs) nats += holds(from, widthMs) ? -Math.log(widthMs / periodMs) : -4
      const before = windows[i - 1]
      const spanMs = before === undefined ? 0 : from - before.to
      if (before !== undefined && spanMs > 0 && spanMs < 0.98 * periodMs)
        nats += holds(before.to, spanMs) ? -3 : -Math.log(1 - spanMs / periodMs)
    }
    return nats
  }

  test('is that of the best phase, as one phase after the other finds it', () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: 5, max: 900 }), fc.integer({ min: 1, max: 3000 })), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(spans, lengths => {
        let at = start
        const windows = lengths.map(([widthMs, silentMs]) => {
          const window = { from: at, to: at + widthMs }
          at += widthMs + silentMs
          return window
        })
        const phases = Array.from({ length: periodMs }, (_, phaseMs) => scoreAt(windows, phaseMs + 0.5))
        const { nats, phaseMs } = new PhaseSweep().score(windows, periodMs, 0)
        expect(nats).toBeCloseTo(Math.max(...phases), 6)
        expect(scoreAt(windows, phaseMs)).toBeCloseTo(nats, 6)
      }),
    )
  })
})
