import { expect, test } from 'vitest'
import { adaptive } from '../../../bench/schedule/adaptive.ts'
import { simulate } from '../../../bench/schedule/simulation.ts'
import { makeSources } from '../../../bench/schedule/source.ts'
import { seededRandom } from '../../../src/lib/random.ts'
import { isLocked, leaderOf } from '../../../src/source/schedule/tracking.ts'
import { config, start, Watched } from '../../support/watched.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const everyMinute = Array.from({ length: 1000 }, (_, i) => 17_300 + i * minuteMs + ((i * 7919) % 300))
/** What a fixed grid sees late by, on average. */
const fixedMs = config.averageMs / 2
const wholeSecond = (instant: number): number => Math.floor(instant / 1000) * 1000

test('Date and Age that lie: off by hours, frozen, of the future, by chance; the minute is found all the same', () => {
  const random = seededRandom(21)
  const lies = [
    (at: number) => ({ dateAt: wholeSecond(start + at + 5 * hourMs) }),
    () => ({ dateAt: start, ageMs: 3000 }),
    (at: number) => ({
      dateAt: wholeSecond(start + at + (random() - 0.5) * 7_200_000),
      ageMs: Math.floor(random() * 90) * 1000,
      maxAgeMs: minuteMs,
    }),
  ]
  for (const lie of lies) {
    const watched = new Watched()
    watched.watch(everyMinute, 6 * hourMs, undefined, lie)
    expect(mean(watched.watch(everyMinute, 8 * hourMs, undefined, lie))).toBeLessThan(fixedMs / 2)
  }
})

test('a Last-Modified that is always now is believed no longer, and narrows nothing', () => {
  const watched = new Watched()
  const always = (at: number) => ({ dateAt: wholeSecond(start + at), lastModifiedAt: wholeSecond(start + at) })
  watched.watch(everyMinute, 6 * hourMs, undefined, always)
  expect(watched.state?.modified.contradicted).toBeGreaterThanOrEqual(2)
  expect(mean(watched.watch(everyMinute, 8 * hourMs, undefined, always))).toBeLessThan(fixedMs / 2)
})

test('a source that changes its period is met by the new one, and not worse than by a grid for long', () => {
  const until = 6 * hourMs
  const before = everyMinute.filter(at => at < until)
  const after = Array.from({ length: 500 }, (_, i) => until + 31_000 + i * 90_000 + ((i * 7919) % 300))
  const watched = new Watched()
  watched.watch(before, until)
  expect(mean(watched.watch([...before, ...after], until + hourMs))).toBeLessThan(1.1 * fixedMs)
  expect(mean(watched.watch([...before, ...after], until + 4 * hourMs))).toBeLessThan(fixedMs / 2)
  const { tracker } = watched.state ?? {}
  expect(tracker && isLocked(tracker) ? leaderOf(tracker).periodMs : undefined).toBeCloseTo(90_000, -2)
})

test('two updates a cycle are seen no later than by a grid, with no more requests', () => {
  const twice = everyMinute.flatMap(at => [at, at + 22_000])
  const watched = new Watched()
  watched.watch(twice, 6 * hourMs)
  const polls = watched.polls
  expect(mean(watched.watch(twice, 12 * hourMs))).toBeLessThan(fixedMs)
  expect((watched.polls - polls) / ((6 * hourMs) / config.averageMs)).toBeLessThan(1.02)
})

test('two thousand sources that tick at the same second on one host: spaced by its gate, nobody starves', () => {
  const horizonMs = 3 * minuteMs
  const sources = makeSources('periodic', 2000, 'herd', horizonMs, { periodSeconds: 60, ratio: 6 }).map(source => {
    const offMs = (source.ticks[0] ?? 0) % minuteMs
    return { ...source, host: 'one', ticks: source.ticks.map(at => at - offMs) }
  })
  const counts = new Map<number, number>()
  const hosts = new Map([['one', { perMinute: 12_000, spacingMs: 4 }]])
  const onPoll = (_: unknown, at: number): void => void counts.set(Math.floor(at / 100), (counts.get(Math.floor(at / 100)) ?? 0) + 1)
  const results = simulate(sources, adaptive, { horizonMs, seed: 's', hosts, onPoll })
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(26)
  const polls = results.map(result => result.polls)
  expect(Math.min(...polls)).toBeGreaterThan(mean(polls) / 2)
}, 60_000)
