import { beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/lib/random.ts'
import { Budget } from '../../../src/source/budget.ts'
import { Poller } from '../../../src/source/poller.ts'
import type { AdaptivePolicy } from '../../../src/source/schedule/adaptive-policy.ts'
import { Schedules } from '../../../src/source/schedule/schedules.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedAsk } from '../../support/scripted-ask.ts'

const minute = 60_000
const hour = 60 * minute
const url = 'https://bikes.example/stations.json'

let clock: ManualClock
let budget: Budget

beforeEach(() => {
  clock = new ManualClock()
  budget = new Budget(clock)
})

interface Learning {
  readonly poller: Poller
  readonly policy: AdaptivePolicy
  readonly ask: ScriptedAsk
}

/** A source whose rows change at :07 of each minute of the monotonic clock, `shiftMs` later where that is set. */
function learning(schedules: Schedules, averageMs = 20_000): Learning & { shiftMs: number } {
  const ask = new ScriptedAsk(clock)
  const config = { averageMs, minMs: averageMs / 10, maxMs: 8 * averageMs, maxBackoffMs: 300_000, weight: 1 }
  const policy = schedules.open('stations', url, { config, pool: budget.pool, clock, random: seededRandom(5) })
  const poller = new Poller({ ask, policy, budget, clock, random: seededRandom(6), onPoll: () => undefined })
  const made = { poller, policy, ask, shiftMs: 0 }
  ask.tookMs = 30
  ask.outcome = () => [{ id: 1, made: Math.floor((clock.monotonic() - 7000 - made.shiftMs) / minute) }]
  return made
}

describe('a source with a schedule that learns', () => {
  test('asks at once, then learns the minute, asks just after it, and says so', async () => {
    const { poller, ask, policy } = learning(new Schedules())
    poller.start()
    expect(poller.why).toBe('first-reader: asking at once')
    await clock.advanceAsync(3 * hour)
    expect(Math.abs((policy.learned?.period?.periodMs ?? 0) - minute)).toBeLessThan(20)
    const before = ask.asked.length
    await clock.advanceAsync(hour)
    expect(ask.asked.length - before).toBeLessThanOrEqual(190)
    const lateness = ask.asked.slice(before).map(at => (at + 30 - 7000) % minute)
    expect(lateness.filter(late => late < 2100).length).toBeGreaterThan(50)
    expect(poller.why).toMatch(/^(schedule|check|background): changes every 60\.0 s, next expected \d\d:\d\d:\d\d\.\d ± \d+\.\d s; asking /)
  })

  test('priority: where a budget allows fewer requests than its sources want, a weight of 4 is asked twice as often', async () => {
    budget.pool.allow(0.1)
    const asks = [1, 1, 1, 4].map((weight, i) => {
      const ask = new ScriptedAsk(clock)
      const config = { averageMs: 20_000, minMs: 2000, maxMs: 160_000, maxBackoffMs: 300_000, weight }
      const policy = new Schedules().open(`source-${i}`, url, { config, pool: budget.pool, clock, random: seededRandom(5 + i) })
      const poller = new Poller({ ask, policy, budget, clock, random: seededRandom(6 + i), onPoll: () => undefined })
      const chance = seededRandom(70 + i)
      let [made, next] = [0, 0]
      ask.outcome = () => {
        for (; clock.monotonic() >= next; made++) next -= Math.log(1 - chance()) * 30_000
        return [{ id: 1, made }]
      }
      poller.start()
      return ask
    })
    await clock.advanceAsync(6 * hour)
    const before = asks.map(({ asked }) => asked.length)
    await clock.advanceAsync(18 * hour)
    const [one = 0, two = 0, three = 0, four = 0] = asks.map(({ asked }, i) => asked.length - (before[i] ?? 0))
    for (const other of [one, two, three]) expect(four / other).toBeCloseTo(2, 0)
    expect(four).toBeLessThan((18 * hour) / 20_000)
  })

  test('a step of the wall clock changes nothing', async () => {
    const instants: number[][] = []
    for (const stepMs of [0, -hour, hour]) {
      clock = new ManualClock()
      budget = new Budget(clock)
      const { poller, ask } = learning(new Schedules())
      poller.start()
      await clock.advanceAsync(hour)
      clock.setWall(clock.now() + stepMs)
      await clock.advanceAsync(hour)
      instants.push([...ask.asked])
      await poller.close()
    }
    expect(instants[1]).toEqual(instants[0])
    expect(instants[2]).toEqual(instants[0])
  })

  test('readers who come and go are served from the last answer while it is young, and nobody is asked for nobody', async () => {
    const { poller, ask } = learning(new Schedules())
    poller.start()
    await clock.advanceAsync(10)
    for (let i = 0; i < 10; i++) {
      poller.stop()
      poller.start()
      await clock.advanceAsync(100)
    }
    expect(ask.asked).toHaveLength(1)
    poller.stop()
    await clock.advanceAsync(hour)
    expect([ask.asked.length, clock.pending]).toEqual([1, 0])
    poller.start()
    await clock.advanceAsync(0)
    expect(ask.asked).toHaveLength(2)
  })

  test('closed in the midst of a search, nothing goes on', async () => {
    const { poller } = learning(new Schedules())
    poller.start()
    await clock.advanceAsync(5 * minute)
    await poller.close()
    await clock.advanceAsync(hour)
    expect(clock.pending).toBe(0)
  })
})

describe('what was learned', () => {
  test('is saved and taken up again: no relearning, no burst', async () => {
    const first = new Schedules()
    const { poller, policy } = learning(first)
    poller.start()
    await clock.advanceAsync(3 * hour)
    const saved = JSON.stringify(first.save())
    expect(saved.length).toBeLessThan(4200)
    await poller.close()
    const second = new Schedules()
    second.restore(JSON.parse(saved))
    const restarted = learning(second)
    expect(restarted.policy.learned?.period).toEqual(policy.learned?.period)
    restarted.poller.start()
    await clock.advanceAsync(hour)
    const lateness = restarted.ask.asked.map(at => (at + 30 - 7000) % minute)
    expect(lateness.filter(late => late < 2100).length).toBeGreaterThan(50)
    expect(restarted.ask.asked.length).toBeLessThanOrEqual(190)
  })

  test('is taken up by a source that is open already, unless that has learned something itself', async () => {
    const first = new Schedules()
    const { poller } = learning(first)
    poller.start()
    await clock.advanceAsync(3 * hour)
    const saved = JSON.parse(JSON.stringify(first.save())) as unknown
    await poller.close()
    const second = new Schedules()
    const open = learning(second)
    second.restore(saved)
    expect(Math.abs((open.policy.learned?.period?.periodMs ?? 0) - minute)).toBeLessThan(20)
    const third = new Schedules()
    const learned = learning(third)
    learned.poller.start()
    await clock.advanceAsync(100)
    third.restore(saved)
    expect(learned.policy.learned).toMatchObject({ changes: 0 })
  })

  test('is kept for sources that come back, but not of any number of them', async () => {
    const schedules = new Schedules()
    const { poller, policy } = learning(schedules)
    poller.start()
    await clock.advanceAsync(hour)
    await poller.close()
    const config = { averageMs: 20_000, minMs: 2000, maxMs: 160_000, maxBackoffMs: 300_000, weight: 1 }
    const back = (name: string) => schedules.open(name, url, { config, pool: budget.pool, clock, random: seededRandom(5) })
    expect(policy.learned?.changes).toBeGreaterThan(10)
    expect(schedules.save()).toEqual({})
    const again = back('stations')
    expect(again.learned).toEqual(policy.learned)
    again.close()
    const { resumable } = policy
    if (resumable === undefined) throw new Error('nothing was learned')
    for (let i = 0; i < 1000; i++) {
      const other = back(`other-${i}`)
      other.takeUp(resumable)
      other.close()
    }
    expect(back('stations').resumable).toBeUndefined()
  })

  test('is taken over by a source that is defined anew in one process, if it asks the same as often', async () => {
    const schedules = new Schedules()
    const { poller, policy } = learning(schedules)
    poller.start()
    await clock.advanceAsync(2 * hour)
    await poller.close()
    expect(learning(schedules).policy.learned?.period).toEqual(policy.learned?.period)
    expect(learning(schedules, 30_000).policy.resumable).toBeUndefined()
  })

  test('of another source, interval or version, or torn, is not', async () => {
    const first = new Schedules()
    const { poller, policy } = learning(first)
    poller.start()
    await clock.advanceAsync(3 * hour)
    const saved = first.save()
    const { stations } = saved
    const restored = (written: unknown, averageMs?: number): number => {
      const schedules = new Schedules()
      schedules.restore(written)
      return learning(schedules, averageMs).policy.learned?.changes ?? 0
    }
    const state = policy.resumable?.state
    expect(restored(JSON.parse(JSON.stringify(saved)))).toBeGreaterThan(100)
    expect(restored(saved, 30_000)).toBe(0)
    expect(restored({ stations: { ...stations, version: 1 } })).toBe(0)
    expect(restored({ stations: { ...stations, identity: 'other' } })).toBe(0)
    const torn = [undefined, null, 3, 'x', [], { stations: null }, { stations: { ...stations, state: { ...state, sentAt: null } } }]
    expect(torn.map(written => restored(written))).toEqual(torn.map(() => 0))
    expect(restored({ stations: { ...stations, state: { ...state, windows: [{ from: 1, to: 'x' }] } } })).toBe(0)
    expect(restored({ stations: { ...stations, state: { ...state, extra: 1 } } })).toBe(0)
    expect(
      restored({
        stations: { ...stations, state: { ...state, tracker: { ...state?.tracker, clock: { ...state?.tracker?.clock, noise: 0 } } } },
      }),
    ).toBe(0)
  })
})
