import { beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Poll } from '../../src/source/ask.ts'
import { Budget } from '../../src/source/budget.ts'
import { FirstPolls } from '../../src/source/first-polls.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { nextOnGrid, phaseOf } from '../../src/source/schedule/grid.ts'
import type { Policy } from '../../src/source/schedule/policy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'

let clock: ManualClock
let budget: Budget

beforeEach(() => {
  clock = new ManualClock()
  budget = new Budget(clock)
})

interface Polled {
  readonly poller: Poller
  readonly ask: ScriptedAsk
  readonly polls: Poll[]
}

function polled(name = 's', intervalMs = 1000, given: { clock?: Clock; identity?: string; policy?: Policy } = {}): Polled {
  const ask = new ScriptedAsk(clock)
  const polls: Poll[] = []
  const { identity = '', clock: ticking = clock } = given
  const random = seededRandom(7)
  const policy =
    given.policy ?? new GridPolicy({ identity: `${name} ${identity}`, intervalMs, maxBackoffMs: 300_000, clock: ticking, random })
  const poller = new Poller({ ask, policy, budget, clock: ticking, random, onPoll: poll => void polls.push(poll) })
  return { poller, ask, polls }
}

/** The wall-clock instants of the grid of `s`, as ms (monotonic). */
function due(after: number, name = 's', intervalMs = 1000): number {
  const offset = clock.now() - clock.monotonic()
  return nextOnGrid({ intervalMs, phaseMs: phaseOf(`${name} `, intervalMs) }, after + offset) - offset
}

const rounded = (times: readonly number[]): number[] => times.map(time => Math.round(time))

describe('demand', () => {
  test('nobody wants it: nothing is asked, no timer waits', async () => {
    const { ask, poller } = polled()
    await clock.advanceAsync(100_000)
    expect([ask.asked, clock.pending, poller.nextAt, poller.why]).toEqual([[], 0, undefined, ''])
  })

  test('the first reader: asked at once, then on the grid', async () => {
    const { poller, ask, polls } = polled()
    poller.start()
    expect([ask.asked.length, poller.why]).toEqual([0, 'first-reader: asking at once'])
    await clock.advanceAsync(3000)
    expect(rounded(ask.asked)).toEqual(rounded([0, due(0), due(0) + 1000, due(0) + 2000]))
    expect(polls).toHaveLength(4)
    expect(poller.why).toBe('steady: every 1s')
    expect(poller.nextAt).toBe(Math.round(clock.now() + due(0) + 3000 - clock.monotonic()))
  })

  test('many that are wanted at once: so many a second ask first, the others say that they wait, then all keep their grids', async () => {
    budget = new Budget(clock, { firstPolls: [new FirstPolls(2, clock)] })
    const all = Array.from({ length: 6 }, (_, i) => polled(`s${i}`, 10_000))
    for (const { poller } of all) poller.start()
    await clock.advanceAsync(0)
    expect(all.map(({ ask }) => ask.asked.length)).toEqual([1, 1, 0, 0, 0, 0])
    expect(all[2]?.poller.why).toBe('first-reader: waiting for its turn')
    all[3]?.poller.stop()
    await clock.advanceAsync(1000)
    expect(all.map(({ ask }) => ask.asked.length)).toEqual([1, 1, 1, 0, 1, 0])
    await clock.advanceAsync(500)
    expect(all[5]?.ask.asked).toHaveLength(1)
    await clock.advanceAsync(10_000)
    expect(all.map(({ ask }) => ask.asked.length >= 2)).toEqual([true, true, true, false, true, true])
  })

  test('stopped: no further poll, and no timer', async () => {
    const { poller, ask } = polled()
    poller.start()
    await clock.advanceAsync(0)
    poller.stop()
    await clock.advanceAsync(100_000)
    expect([ask.asked.length, clock.pending, poller.nextAt]).toEqual([1, 0, undefined])
  })

  test('wanted again within the interval: not asked twice for the same; later: at once', async () => {
    const { poller, ask } = polled()
    poller.start()
    await clock.advanceAsync(0)
    poller.stop()
    poller.start()
    await clock.advanceAsync(due(0) - 1)
    expect(ask.asked).toHaveLength(1)
    await clock.advanceAsync(1)
    expect(ask.asked).toHaveLength(2)
    poller.stop()
    await clock.advanceAsync(1000)
    poller.start()
    await clock.advanceAsync(0)
    expect(ask.asked).toHaveLength(3)
  })

  test('started twice is started once', async () => {
    const { poller, ask } = polled()
    poller.start()
    poller.start()
    await clock.advanceAsync(0)
    expect([ask.asked.length, clock.pending]).toEqual([1, 1])
  })

  test('stopped while a poll is under way: it is delivered, and the last', async () => {
    const { poller, ask, polls } = polled()
    ask.tookMs = 500
    poller.start()
    await clock.advanceAsync(100)
    poller.stop()
    await clock.advanceAsync(10_000)
    expect([ask.asked.length, polls.length, clock.pending]).toEqual([1, 1, 0])
  })

  test('stopped and wanted again while a poll is under way: it goes on, and polls do not overlap', async () => {
    const { poller, ask, polls } = polled()
    ask.tookMs = 500
    poller.start()
    await clock.advanceAsync(100)
    poller.stop()
    poller.start()
    expect(poller.why).toBe('asking now')
    await clock.advanceAsync(10_000)
    expect(polls.length).toBeGreaterThan(8)
    expect(ask.most).toBe(1)
  })

  test('closed: a poll under way is not delivered, nothing is asked any more', async () => {
    const { poller, ask, polls } = polled()
    ask.tookMs = 500
    poller.start()
    await clock.advanceAsync(100)
    await poller.close()
    poller.start()
    await clock.advanceAsync(10_000)
    expect([ask.closed, polls, ask.asked.length, clock.pending, budget.underWay]).toEqual([true, [], 1, 0, 0])
  })
})

describe('the grid', () => {
  test('polls longer than the interval never overlap; the dues they outlast are skipped and counted', async () => {
    const { poller, ask } = polled()
    ask.tookMs = 2500
    poller.start()
    await clock.advanceAsync(20_000)
    expect(ask.most).toBe(1)
    expect(ask.asked.length).toBeLessThanOrEqual(8)
    for (const asked of rounded(ask.asked).slice(1)) expect((asked - Math.round(due(0))) % 1000).toBe(0)
    expect(poller.skipped).toBeGreaterThanOrEqual(12)
  })

  test('holds its phase over an hour: one poll per due, no drift', async () => {
    const { poller, ask } = polled()
    ask.tookMs = 3
    const first = due(0)
    poller.start()
    await clock.advanceAsync(3_600_000)
    expect(ask.asked.length).toBe(3601)
    expect(Math.max(...ask.asked.slice(1).map((asked, i) => Math.abs(asked - first - i * 1000)))).toBeLessThan(0.01)
  })

  test('is that of the wall clock, so that it survives a restart', async () => {
    const first = polled()
    first.poller.start()
    await clock.advanceAsync(2000)
    const wall = clock.now() - clock.monotonic() + (first.ask.asked.at(-1) ?? 0)
    clock = new ManualClock(clock.now() + 12_345)
    budget = new Budget(clock)
    const second = polled()
    second.poller.start()
    await clock.advanceAsync(2000)
    const again = clock.now() - clock.monotonic() + (second.ask.asked.at(-1) ?? 0)
    expect(Math.round(again - wall) % 1000).toBe(0)
  })

  test('a step of the wall clock neither hurries nor delays a poll', async () => {
    for (const step of [-3_600_000, 3_600_000]) {
      const { poller, ask } = polled()
      poller.start()
      await clock.advanceAsync(5000)
      clock.setWall(clock.now() + step)
      const before = ask.asked.length
      await clock.advanceAsync(5000)
      expect(ask.asked.length - before).toBe(5)
      poller.stop()
    }
  })

  test('a timer that is early by half a millisecond does not meet its due twice', async () => {
    const early: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, run) => clock.after(Math.max(0, delayMs - 0.5), run),
    }
    const { poller, ask } = polled('s', 1000, { clock: early })
    poller.start()
    await clock.advanceAsync(10_000)
    expect(ask.asked).toHaveLength(11)
    expect(poller.skipped).toBe(0)
  })

  test('sources of one interval ask at different instants', async () => {
    const all = Array.from({ length: 20 }, (_, i) => polled(`source${i}`, 10_000))
    for (const { poller } of all) poller.start()
    await clock.advanceAsync(15_000)
    expect(new Set(all.map(({ ask }) => Math.round((ask.asked[1] ?? 0) / 10))).size).toBeGreaterThan(15)
  })
})

describe('failures', () => {
  test('back off, are passed on, and one answer ends that', async () => {
    const { poller, ask, polls } = polled()
    ask.outcome = () => ({})
    poller.start()
    await clock.advanceAsync(3_600_000)
    const gaps = ask.asked.slice(1).map((asked, i) => asked - (ask.asked[i] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(999.9)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(300_001)
    expect(ask.asked.length).toBeLessThan(40)
    expect(polls.every(poll => poll.kind === 'failed')).toBe(true)
    expect(poller.why).toMatch(/^back-off: \d+ failures in a row, waiting /)
    ask.outcome = () => [{ id: 1 }]
    await clock.advanceAsync(300_000)
    expect(polls.at(-1)?.kind).toBe('unchanged')
    expect(poller.why).toBe('steady: every 1s')
  })

  test('readers who come and go do not shorten a back-off', async () => {
    const { poller, ask } = polled()
    ask.outcome = () => ({ retryAfterMs: 60_000 })
    poller.start()
    await clock.advanceAsync(0)
    for (let i = 0; i < 59; i++) {
      poller.stop()
      poller.start()
      await clock.advanceAsync(1000)
    }
    expect([ask.asked.length, poller.why]).toEqual([1, 'retry-after: upstream asks to wait 1m'])
    await clock.advanceAsync(1000)
    expect(ask.asked).toHaveLength(2)
  })

  test('an absurd Retry-After that nobody capped does not fire at once', async () => {
    const { poller, ask } = polled()
    ask.outcome = () => ({ retryAfterMs: 99_999_999_000 })
    poller.start()
    await clock.advanceAsync(86_400_000)
    expect(ask.asked).toHaveLength(1)
  })

  test('a bug within a poll is a failure like any other', async () => {
    const { poller, ask, polls } = polled()
    ask.outcome = () => new TypeError('secret')
    poller.start()
    await clock.advanceAsync(0)
    expect(polls).toMatchObject([{ kind: 'failed', cause: 'internal', reason: 'a fault within the poll (TypeError)' }])
    ask.outcome = () => [{ id: 1 }]
    await clock.advanceAsync(2000)
    expect(polls.at(-1)?.kind).toBe('unchanged')
  })
})

describe('the budget', () => {
  test('429 pauses all sources of it, which come back spread; 503 only the one', async () => {
    const a = polled('a')
    const b = polled('b')
    const count = (): number[] => [a.ask.asked.length, b.ask.asked.length]
    a.poller.start()
    b.poller.start()
    await clock.advanceAsync(5000)
    a.ask.outcome = () => ({ status: 429, cause: 'http', retryAfterMs: 30_000 })
    await clock.advanceAsync(1000)
    const paused = count()
    await clock.advanceAsync(28_900)
    expect(count()).toEqual(paused)
    expect(b.poller.why).toMatch(/^budget: the origin answered 429, all of its sources wait /)
    a.ask.outcome = () => ({ status: 503, cause: 'http', retryAfterMs: 30_000 })
    await clock.advanceAsync(5000)
    const after = count()
    await clock.advanceAsync(10_000)
    expect((count()[1] ?? 0) - (after[1] ?? 0)).toBe(10)
    expect(count()[0]).toBe(after[0])
  })

  test('429 without Retry-After pauses it too, a minute at most', async () => {
    const { poller, ask } = polled()
    ask.outcome = () => ({ status: 429 })
    poller.start()
    await clock.advanceAsync(3_600_000)
    expect(budget.pausedMs).toBeLessThanOrEqual(60_000)
    expect(ask.asked.length).toBeGreaterThan(10)
  })

  test('nothing left of the rate limit: all sources of it wait until its reset, and say so at once', async () => {
    const [a, b] = [polled('a'), polled('b')]
    a.poller.start()
    b.poller.start()
    await clock.advanceAsync(5000)
    a.ask.told = { limitedMs: 30_000 }
    await clock.advanceAsync(1000)
    const why = 'budget: nothing is left of the rate limit of the origin, all of its sources wait '
    expect(a.poller.why).toBe(`${why}30s`)
    expect(a.poller.nextAt).toBeGreaterThanOrEqual(clock.now() + 29_000)
    a.ask.told = {}
    const counts = [a.ask.asked.length, b.ask.asked.length]
    await clock.advanceAsync(28_000)
    expect([a.ask.asked.length, b.ask.asked.length]).toEqual([counts[0], counts[1] ?? 0])
    expect(b.poller.why).toContain(why)
    await clock.advanceAsync(10_000)
    expect(a.ask.asked.length).toBeGreaterThan((counts[0] ?? 0) + 5)
  })

  test('requests under way are limited, one that hangs holds one place, and all get their turn', async () => {
    budget = new Budget(clock, { maxConcurrent: 2 })
    const all = ['a', 'b', 'c', 'd', 'e'].map(name => polled(name))
    for (const [i, { ask }] of all.entries()) ask.tookMs = i === 0 ? 1e9 : 10
    let most = 0
    for (const { poller } of all) poller.start()
    for (let i = 0; i < 500; i++) {
      await clock.advanceAsync(10)
      most = Math.max(most, all.filter(({ poller }) => poller.polling).length)
    }
    expect(most).toBe(2)
    for (const { ask } of all.slice(1)) expect(ask.asked.length).toBeGreaterThanOrEqual(4)
  })

  test('stopped while it waits for a place: it gives up its turn', async () => {
    budget = new Budget(clock, { maxConcurrent: 1 })
    const a = polled('a')
    const b = polled('b')
    a.ask.tookMs = 5000
    a.poller.start()
    b.poller.start()
    await clock.advanceAsync(100)
    b.poller.stop()
    a.poller.stop()
    await clock.advanceAsync(10_000)
    expect([b.ask.asked.length, budget.underWay, clock.pending]).toEqual([0, 0, 0])
    b.poller.start()
    await clock.advanceAsync(0)
    expect(b.ask.asked).toHaveLength(1)
  })

  test('a rate: it waits its turn and says so, and what it could not ask it does not make up for', async () => {
    budget = new Budget(clock, { ratePerSecond: 0.2 })
    const { poller, ask } = polled()
    poller.start()
    await clock.advanceAsync(100)
    expect([ask.asked.length, poller.why]).toEqual([0, 'first-reader: waiting for its turn'])
    await clock.advanceAsync(62_000)
    expect(ask.asked.length).toBeGreaterThanOrEqual(10)
    expect(ask.asked.length).toBeLessThanOrEqual(12)
    expect(poller.why).toBe('budget: waiting for its turn')
    poller.stop()
    await clock.advanceAsync(600_000)
    const before = ask.asked.length
    poller.start()
    await clock.advanceAsync(4000)
    expect(ask.asked.length - before).toBeLessThanOrEqual(2)
  })
})

describe('whatever a policy says', () => {
  /** Wants to ask at once, always. */
  function eager(minMs: number): Policy {
    return {
      intervalMs: 1000,
      minMs,
      skipped: 0,
      learned: undefined,
      after: ({ ended }) => ({ dueAt: ended - 1e6, why: 'steady: at once' }),
      resume: () => undefined,
      again: () => undefined,
      close: () => undefined,
    }
  }

  test('polls do not overlap and keep the least gap', async () => {
    const { poller, ask } = polled('s', 1000, { policy: eager(250) })
    ask.tookMs = 100
    poller.start()
    await clock.advanceAsync(10_000)
    expect(ask.most).toBe(1)
    expect(ask.asked.slice(0, 4)).toEqual([0, 250, 500, 750])
    ask.tookMs = 400
    const before = ask.asked.length
    await clock.advanceAsync(4000)
    expect(ask.asked.length - before).toBeLessThanOrEqual(11)
    expect(ask.most).toBe(1)
  })

  test('Retry-After is obeyed, a 429 pauses the budget, and who is not wanted is not asked', async () => {
    const { poller, ask } = polled('s', 1000, { policy: eager(250) })
    ask.outcome = () => ({ status: 429, retryAfterMs: 30_000 })
    poller.start()
    await clock.advanceAsync(29_999)
    expect([ask.asked.length, Math.round(budget.pausedMs)]).toEqual([1, 1])
    poller.stop()
    await clock.advanceAsync(60_000)
    expect(ask.asked).toHaveLength(1)
  })
})

describe('news', () => {
  test('are taken at once, together where they come together, and the grid goes on', async () => {
    const { poller, ask } = polled()
    poller.start()
    await clock.advanceAsync(due(0) + 100)
    const before = ask.asked.length
    for (let i = 0; i < 3; i++) ask.wake()
    expect(poller.why).toBe('news: it told of them by itself')
    await clock.advanceAsync(5)
    for (let i = 0; i < 3; i++) ask.wake()
    await clock.advanceAsync(895)
    const more = rounded(ask.asked).slice(before)
    expect(more).toEqual(rounded([due(0) + 100, due(0) + 120, due(0) + 1000]))
  })

  test('while it asks are asked for afterwards', async () => {
    const { poller, ask } = polled()
    ask.tookMs = 200
    poller.start()
    await clock.advanceAsync(100)
    ask.wake()
    expect([ask.asked.length, ask.most]).toEqual([1, 1])
    await clock.advanceAsync(150)
    expect([rounded(ask.asked), ask.most]).toEqual([[0, 200], 1])
  })

  test('wait neither for a back-off nor for the budget', async () => {
    const { poller, ask, polls } = polled()
    ask.outcome = () => ({})
    poller.start()
    await clock.advanceAsync(30_000)
    budget.pause(60_000, '429')
    ask.outcome = () => [{ id: 1 }]
    ask.wake()
    await clock.advanceAsync(0)
    expect(polls.at(-1)?.kind).toBe('changed')
  })

  test('of what nobody wants, or waits to be asked for the first time, wake nothing', async () => {
    const { poller, ask } = polled()
    ask.wake()
    poller.start()
    ask.wake()
    expect(poller.why).toBe('first-reader: asking at once')
    await clock.advanceAsync(0)
    poller.stop()
    ask.wake()
    await clock.advanceAsync(10_000)
    expect([ask.asked.length, ask.rested]).toEqual([1, 1])
  })

  test('of a poll under way that nobody wants any more are still delivered, and what it keeps open is let go of after it', async () => {
    const { poller, ask, polls } = polled()
    ask.tookMs = 500
    poller.start()
    await clock.advanceAsync(100)
    poller.stop()
    expect(ask.rested).toBe(0)
    await clock.advanceAsync(400)
    expect([polls.length, ask.rested]).toEqual([1, 1])
    poller.start()
    while (ask.underWay === 0) await clock.advanceAsync(100)
    poller.stop()
    poller.start()
    await clock.advanceAsync(500)
    expect([polls.length, ask.rested]).toEqual([2, 1])
  })

  test('what follows by itself is asked though the budget is paused', async () => {
    const { poller, ask } = polled()
    poller.start()
    await clock.advanceAsync(0)
    budget.pause(60_000, '429')
    ask.isFollowing = true
    await clock.advanceAsync(5000)
    expect(ask.asked.length).toBe(6)
  })
})
