import { beforeEach, describe, expect, test } from 'vitest'
import { cronTimes, longestGapMs } from '../../../src/lib/cron.ts'
import { seededRandom } from '../../../src/lib/random.ts'
import { Budget } from '../../../src/source/budget.ts'
import { Poller } from '../../../src/source/poller.ts'
import { CronPolicy } from '../../../src/source/schedule/cron-policy.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedAsk } from '../../support/scripted-ask.ts'

const minute = 60_000
const hour = 60 * minute

let clock: ManualClock
let ask: ScriptedAsk

function pollerOf(pattern: string): Poller {
  const random = seededRandom(3)
  const times = cronTimes(pattern)
  const policy = new CronPolicy({ times, intervalMs: longestGapMs(times), maxBackoffMs: 300_000, clock, random })
  return new Poller({ ask, policy, budget: new Budget(clock), clock, random, onPoll: () => undefined })
}

/** When it was asked, ms since 1970, after the first time. */
function askedAt(): number[] {
  return ask.asked.slice(1).map(at => at + clock.now() - clock.monotonic())
}

beforeEach(() => {
  clock = new ManualClock()
  ask = new ScriptedAsk(clock)
  ask.tookMs = 30
  ask.outcome = () => [{ id: 1 }]
})

describe('a source with a cron pattern', () => {
  test('is asked at once, then at each instant of the pattern, and says so', async () => {
    const poller = pollerOf('*/5 * * * *')
    poller.start()
    await clock.advanceAsync(hour)
    expect(poller.why).toBe('cron: */5 * * * *')
    expect(askedAt()).toHaveLength(12)
    expect(askedAt().map(at => Math.round(at) % (5 * minute))).toEqual(Array.from({ length: 12 }, () => 0))
  })

  test('readers who come between two instants are served from the last answer; who comes after one that passed unasked is not', async () => {
    const poller = pollerOf('0 * * * *')
    poller.start()
    await clock.advanceAsync(100)
    poller.stop()
    poller.start()
    await clock.advanceAsync(100)
    expect(ask.asked).toHaveLength(1)
    poller.stop()
    await clock.advanceAsync(2 * hour)
    poller.start()
    await clock.advanceAsync(100)
    expect(ask.asked).toHaveLength(2)
  })

  test('a failure is tried again soon, not only at the next instant', async () => {
    const poller = pollerOf('0 0 * * *')
    ask.outcome = () => ({})
    poller.start()
    await clock.advanceAsync(hour)
    expect(ask.asked.length).toBeGreaterThan(8)
    expect(ask.asked.length).toBeLessThan(30)
    expect(poller.why).toMatch(/^back-off: /)
  })

  test('a wall clock that is set right little by little has no instant met twice, nor one forgotten', async () => {
    const poller = pollerOf('*/5 * * * *')
    poller.start()
    for (let i = 0; i < 360; i++) {
      await clock.advanceAsync(10_000)
      // Behind by a second after each five minutes.
      clock.setWall(clock.now() - 33)
    }
    expect(ask.asked).toHaveLength(13)
    expect(poller.skipped).toBe(0)
  })

  test('a retry shortly before an instant does not stand for it', async () => {
    const poller = pollerOf('*/10 * * * * *')
    ask.outcome = () => (ask.asked.length === 2 ? {} : [{ id: 1 }])
    poller.start()
    await clock.advanceAsync(60_100)
    expect(ask.asked.length).toBeGreaterThanOrEqual(7)
  })

  test('a poll that outlasts instants skips and counts them', async () => {
    const poller = pollerOf('* * * * *')
    ask.tookMs = 150_000
    poller.start()
    await clock.advanceAsync(160_000)
    expect(poller.skipped).toBeGreaterThanOrEqual(2)
  })
})

describe('a pattern', () => {
  test.each([
    ['*/5 * * * *', 5 * minute],
    ['*/10 * * * * *', 10_000],
    ['@daily', 24 * hour],
    ['0 9 * * 1-5', 72 * hour],
    ['*/5 9-17 * * 1-5', 63 * hour],
    ['0 0 1 1 *', 366 * 24 * hour],
  ])('%s: its longest gap', (pattern, gapMs) => {
    expect(Math.abs(longestGapMs(cronTimes(pattern)) - gapMs)).toBeLessThanOrEqual(hour)
  })
})
