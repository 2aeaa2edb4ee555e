import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/lib/random.ts'
import type { ScheduleState } from '../../../src/source/schedule/state.ts'
import { config, start, Watched } from '../../support/watched.ts'

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const everyMinute = Array.from({ length: 600 }, (_, i) => 17_300 + i * 60_000 + ((i * 7919) % 300))

describe('whatever is observed', () => {
  const instant = fc.oneof(fc.constant(0), fc.integer({ min: -1e15, max: 1e15 }), fc.integer({ min: start - 1e8, max: start + 1e8 }))
  const hints = fc.record(
    { lastModifiedAt: instant, dateAt: instant, ageMs: fc.integer({ min: 0, max: 1e12 }), maxAgeMs: fc.integer({ min: 0, max: 1e15 }) },
    { requiredKeys: [] },
  )
  const seen = fc.record({
    outcome: fc.constantFrom('changed', 'unchanged', 'unchanged', 'failed'),
    hints,
    roundTripMs: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.constant(30_000)),
    isRemade: fc.boolean(),
    stepMs: fc.oneof(fc.constant(0), fc.constant(0), fc.constant(0), fc.integer({ min: -1e9, max: 1e9 })),
  })

  test('the next poll comes between min and max, no delay is no number, and the state stays under 4 kB of JSON', () => {
    fc.assert(
      fc.property(fc.array(seen, { minLength: 50, maxLength: 400 }), observed => {
        const watched = new Watched()
        for (const { outcome, hints, roundTripMs, isRemade, stepMs } of observed) {
          watched.sentAt = Math.max(0, watched.sentAt + stepMs)
          const sentAt = watched.sentAt
          const { delayMs, explain } = watched.poll(outcome, hints, { roundTripMs, isRemade })
          const gapMs = watched.sentAt - sentAt
          expect(delayMs).toBeGreaterThanOrEqual(0)
          expect(delayMs).toBeLessThanOrEqual(2 ** 31 - 1)
          expect(gapMs).toBeGreaterThanOrEqual(config.minMs - 1e-3)
          expect(gapMs).toBeLessThanOrEqual(
            outcome === 'failed' ? config.maxBackoffMs + roundTripMs : Math.max(config.maxMs, roundTripMs) + 1e-3,
          )
          expect(explain).not.toMatch(/NaN|Infinity|undefined/)
        }
        const text = JSON.stringify(watched.state)
        expect(text.length).toBeLessThan(4096)
        expect(JSON.parse(text)).toEqual(watched.state)
      }),
      { numRuns: 40 },
    )
  })

  test('the state of a source that was watched for days is no larger', () => {
    const watched = new Watched({ averageMs: 20_123.4, minMs: 2012 })
    watched.watch(
      Array.from({ length: 6000 }, (_, i) => 17_300.123 + i * 60_000.77 + ((i * 7919) % 300)),
      4 * 86_400_000,
    )
    expect(JSON.stringify(watched.state).length).toBeLessThan(4000)
    expect(watched.state?.tracker).not.toBeNull()
  })

  test('no pool is overspent, whenever the source changes', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 60 }), chances => {
        const watched = new Watched()
        const random = seededRandom(3)
        for (let i = 0; i < 4000; i++)
          watched.poll(random() < (chances[Math.floor(i / 70) % chances.length] ?? 0) ? 'changed' : 'unchanged')
        const accrued = (watched.sentAt - start) / config.averageMs
        expect(watched.polls).toBeLessThanOrEqual(accrued + 4.2 * 150)
      }),
      { numRuns: 10 },
    )
  })

  test('a state that was saved decides as if it had not been', () => {
    const [kept, saved] = [new Watched(), new Watched()]
    for (const watched of [kept, saved]) watched.watch(everyMinute, 3_600_000)
    saved.state = JSON.parse(JSON.stringify(saved.state)) as ScheduleState
    expect(saved.watch(everyMinute, 7_200_000)).toEqual(kept.watch(everyMinute, 7_200_000))
  })
})

describe('a source that changes every minute', () => {
  test('is met within a fraction of the interval, with no more requests, and says so', () => {
    const watched = new Watched()
    watched.watch(everyMinute, 3 * 3_600_000)
    const before = watched.polls
    const said = new Set<string>()
    const delays = watched.watch(everyMinute, 6 * 3_600_000, ({ explain }) =>
      said.add(explain.replace(/\d\d:\d\d:\d\d\.\d/, 'T').replace(/± .*/, '...')),
    )
    expect(mean(delays)).toBeLessThan(1000)
    expect(watched.polls - before).toBeLessThanOrEqual(1090)
    expect([...said]).toContain('schedule: changes every 60.0 s, next expected T ...')
  })

  test('is met again soon after its phase has jumped, and after a pause of hours', () => {
    const watched = new Watched()
    const jumped = everyMinute.map((at, i) => (i < 200 ? at : at + 23_000))
    watched.watch(jumped, 200 * 60_000)
    watched.watch(jumped, 230 * 60_000)
    expect(mean(watched.watch(jumped, 260 * 60_000))).toBeLessThan(1500)
    watched.sentAt += 3 * 3_600_000 + 31_000
    watched.watch(jumped, 445 * 60_000)
    expect(mean(watched.watch(jumped, 480 * 60_000))).toBeLessThan(1500)
  })

  test('a step of the clock is survived in both directions', () => {
    for (const stepMs of [37_000, -300_000, 600_000]) {
      const watched = new Watched()
      watched.watch(everyMinute, 3 * 3_600_000)
      const shifted = everyMinute.map(at => at + stepMs)
      watched.sentAt += stepMs
      watched.seenUntil += stepMs
      watched.watch(shifted, 3.75 * 3_600_000 + stepMs)
      expect(mean(watched.watch(shifted, 4.75 * 3_600_000 + stepMs))).toBeLessThan(2500)
    }
  })
})

test('a loop whose period is near a round one is not met ever later, as each poll then sees a change all the same', () => {
  for (const periodMs of [59_300, 59_600]) {
    const random = seededRandom(periodMs)
    let at = 0
    const loop = Array.from({ length: 700 }, () => (at += periodMs + 300 * random()))
    const watched = new Watched({ averageMs: 30_000, minMs: 3000, maxMs: 240_000 })
    watched.watch(loop, 2 * 3_600_000)
    expect(Math.max(...watched.watch(loop, 10 * 3_600_000))).toBeLessThan(15_000)
  }
})

describe('failures', () => {
  test('back off, say so, obey Retry-After, and teach nothing of changes', () => {
    const watched = new Watched()
    watched.watch(everyMinute, 3_600_000)
    const { state } = watched
    expect(watched.poll('failed').explain).toMatch(/^back-off: 1 failure, waiting /)
    expect(watched.poll('failed', {}, { retryAfterMs: 90_000 }).delayMs).toBe(90_000)
    const after = watched.state
    expect({ ...after, failures: 0, sentAt: 0 }).toEqual({ ...state, failures: 0, sentAt: 0 })
  })

  test('for a day: asked every few minutes, and well again with the first answer', () => {
    const watched = new Watched()
    watched.watch(everyMinute, 3_600_000)
    let polls = 0
    while (watched.sentAt - start < 25 * 3_600_000) {
      watched.poll('failed')
      polls++
    }
    expect(polls).toBeLessThan(24 * 25)
    const { delayMs } = watched.poll('changed')
    expect(delayMs).toBeLessThanOrEqual(config.maxMs)
  })
})

test('an ETag that changes every time means nothing: the minute is found all the same', () => {
  const watched = new Watched()
  const watch = (untilMs: number): number[] => {
    const delays: number[] = []
    while (watched.sentAt - start < untilMs) {
      const sample = watched.sentAt + 20 - start
      const [before, now] = [watched.seenUntil, sample].map(at => Math.floor((at - 17_300) / 60_000))
      watched.seenUntil = sample
      const isChange = before !== now
      if (isChange) delays.push((sample - 17_300) % 60_000)
      watched.poll(isChange ? 'changed' : 'unchanged', {}, { isRemade: true })
    }
    return delays
  }
  watch(12 * 3_600_000)
  expect(mean(watch(14 * 3_600_000))).toBeLessThan(2000)
})

test('a cache is asked once its answer has expired', () => {
  const watched = new Watched()
  let fetchedAt = start
  let asked = 0
  let after = 0
  while (watched.sentAt - start < 4 * 3_600_000) {
    const sample = watched.sentAt + 20
    const isFetched = sample >= fetchedAt + 60_000
    if (isFetched) fetchedAt = sample
    const ageMs = Math.floor((sample - fetchedAt) / 1000) * 1000
    const { reason } = watched.poll(isFetched ? 'changed' : 'unchanged', {
      ageMs,
      maxAgeMs: 60_000,
      dateAt: Math.floor(fetchedAt / 1000) * 1000,
    })
    if (watched.sentAt - start < 2 * 3_600_000) continue
    asked++
    if (reason.why === 'lifetime' || reason.why === 'schedule') after++
  }
  expect(after / asked).toBeGreaterThan(0.9)
  expect(asked).toBeLessThan(180)
})

describe('reasons are stable at constant behaviour', () => {
  const random = seededRandom(9)
  const anyTime: number[] = []
  for (let at = 0; at < 24 * 3_600_000; at -= Math.log(1 - random()) * 70_000) anyTime.push(at)
  const bursts = anyTime.filter((_, i) => i % 12 === 0).flatMap(at => [at, at + 4000, at + 9000, at + 21_000])
  bursts.sort((a, b) => a - b)
  const gauge = Array.from({ length: 90_000 }, (_, i) => i * 1000)

  test.each([
    ['at any time', anyTime],
    ['in bursts', bursts],
    ['with each poll', gauge],
    ['never', []],
  ])('of a source that changes %s', (_, changes) => {
    const watched = new Watched()
    watched.watch(changes, 8 * 3_600_000)
    const reasons: string[] = []
    watched.watch(changes, 24 * 3_600_000, ({ reason }) => reasons.push(reason.why))
    const others = reasons.filter((why, i) => i > 0 && why !== reasons[i - 1]).length
    expect(others / reasons.length).toBeLessThan(0.1)
  })
})
