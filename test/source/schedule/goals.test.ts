import { describe, expect, test } from 'vitest'
import { adaptive } from '../../../bench/schedule/adaptive.ts'
import { claimsOf } from '../../../bench/schedule/claims.ts'
import { baselineOf, comparePolicy, type Comparison } from '../../../bench/schedule/comparison.ts'
import { mean } from '../../../bench/schedule/result.ts'
import { hourMs, makeSources, type FamilyName, type FamilyOptions } from '../../../bench/schedule/source.ts'

/** Few sources for half a day; the whole of it is `npm run bench -- schedule`. */
function run(family: FamilyName, options: FamilyOptions = {}, count = 3, hours = 14): Comparison {
  const horizonMs = hours * hourMs
  const set = { label: family, sources: makeSources(family, count, 'goals', horizonMs, options), horizonMs, sharesPool: false }
  return comparePolicy(adaptive, set, baselineOf(set))
}

const none = { hint: 'none' } as const

test('schedules are met five times as early on average, with fewer requests than a fixed interval', () => {
  const all = [
    run('periodic', { ...none, ratio: 2 }),
    run('periodic', { ...none, ratio: 6 }),
    run('looping', { ...none, ratio: 3 }),
    run('thinned', { ratio: 3 }),
  ]
  expect(mean(all.map(({ delay }) => delay))).toBeLessThan(0.22)
  expect(mean(all.map(({ requests }) => requests))).toBeLessThan(0.97)
  for (const { tooSoon, worst } of all) {
    expect(tooSoon).toBe(0)
    expect(worst).toBeLessThan(0.8)
  }
}, 60_000)

// Delay against a fixed interval, and requests, at most: the goals, with room, as there are few sources and as much of the time is spent learning.
test.each<readonly [string, FamilyName, FamilyOptions, number, number]>([
  ['as often as it is polled', 'periodic', { ...none, ratio: 1 }, 0.4, 1.06],
  ['with jumps of its phase', 'jumping', {}, 0.6, 1.02],
  ['behind a shared cache', 'cached', {}, 0.85, 0.62],
  ['that excites itself', 'bursty', { kind: 'self-exciting' }, 0.93, 1.02],
  ['on and off', 'bursty', { kind: 'on/off' }, 0.8, 1.02],
  ['at any time', 'random', { gap: 1.5 }, 1.07, 1.01],
  ['with each poll', 'gauge', {}, 1.03, 1.01],
])('a source that changes %s', (_, family, options, delay, requests) => {
  const found = run(family, options)
  expect(found.delay).toBeLessThan(delay)
  expect(found.requests).toBeLessThan(requests)
  // A few hundred changes of one source move its mean by a tenth.
  expect(found.worst).toBeLessThan(1.25)
})

describe('what is said', () => {
  test('of the next update holds: nine of ten come within twice the deviation', () => {
    const { expected, held } = claimsOf('periodic', 3, 24, { ...none, ratio: 6 })
    expect(expected).toBeGreaterThan(1000)
    expect(held / expected).toBeGreaterThan(0.9)
  })
})
