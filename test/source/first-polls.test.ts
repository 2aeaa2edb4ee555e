import { expect, test } from 'vitest'
import { seededRandom } from '../../src/lib/random.ts'
import { emptyTable } from '../../src/model/table.ts'
import { Budgets } from '../../src/source/budgets.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'
import { StallingClock } from '../support/stalling-clock.ts'

const longMs = 120_000

interface Start {
  readonly origins: number
  readonly runMs: number
  /** Default: two minutes. */
  readonly everyMs?: number
  /** The process stands still for so long once all were started, ms; default 0. */
  readonly stallMs?: number
  /** Each of them has members, which take their places by themselves. */
  readonly hasMembers?: boolean
  /** It was asked so long ago, in a run before. */
  readonly ageMs?: (source: number) => number
}

/** 2 000 sources that are wanted all at once; when each was asked for the first time, in order, by origin. */
async function started({
  origins,
  runMs,
  everyMs: intervalMs = longMs,
  stallMs = 0,
  hasMembers = false,
  ageMs,
}: Start): Promise<number[][]> {
  const time = new ManualClock()
  const clock = new StallingClock(time)
  const random = seededRandom(1)
  const budgets = new Budgets(20, { clock, limited: () => undefined })
  const asks = Array.from({ length: 2000 }, () => Object.assign(new ScriptedAsk(clock), { tookMs: 20, takesOwnPlaces: hasMembers }))
  const pollers = asks.map((ask, i) => {
    const policy = new GridPolicy({ identity: `source ${i}`, intervalMs, maxBackoffMs: 60_000, clock, random })
    const budget = budgets.of(`http://${i % origins}.example`)
    const poller = new Poller({ ask, policy, budget, clock, random, onPoll: () => undefined })
    if (ageMs !== undefined) poller.resume({ table: emptyTable('id'), count: 0, sum: '', validatedAt: clock.now() - ageMs(i) }, ageMs(i))
    return poller
  })
  for (const poller of pollers) poller.start()
  clock.stall(stallMs)
  await time.advanceAsync(runMs)
  await Promise.all(pollers.map(poller => poller.close()))
  return Array.from({ length: origins }, (_, origin) =>
    asks.flatMap(({ asked }, i) => (i % origins === origin ? asked.slice(0, 1) : [])).toSorted((a, b) => a - b),
  )
}

/** Most of them within any span of so long. */
function most(asked: readonly number[], spanMs: number): number {
  let [first, found] = [0, 0]
  for (const [last, at] of asked.entries()) {
    while ((asked[first] ?? 0) <= at - spanMs) first++
    found = Math.max(found, last - first + 1)
  }
  return found
}

test.each([false, true])(
  '2 000 sources of one origin begin 20 a second after the first 20, one after the other (members: %s)',
  async hasMembers => {
    const [asked = []] = await started({ origins: 1, runMs: 100_000, hasMembers })
    expect(asked).toHaveLength(2000)
    expect(asked.at(-1)).toBeLessThanOrEqual(99_100)
    expect(asked.filter(at => at < 50)).toHaveLength(20)
    // Never two batches: each waits for its own turn, 50 ms after the one before.
    expect(most(asked.slice(20), 1000)).toBeLessThanOrEqual(21)
    expect(most(asked.slice(20), 45)).toBe(1)
  },
)

test('2 000 sources of 200 origins begin 500 a second in all, and no origin is asked for more than it has', async () => {
  const asked = await started({ origins: 200, runMs: 10_000 })
  const all = asked.flat().toSorted((a, b) => a - b)
  expect(all).toHaveLength(2000)
  expect(all.at(-1)).toBeLessThanOrEqual(3100)
  expect(most(all, 1000)).toBeLessThanOrEqual(1001)
  expect(most(all.slice(500), 1000)).toBeLessThanOrEqual(501)
})

test('2 000 sources that go on after a restart wait for their places on the grid: no burst at all', async () => {
  const [asked = []] = await started({ origins: 1, runMs: longMs, ageMs: i => (i * 37) % longMs })
  expect(asked).toHaveLength(2000)
  // 17 a second on average, placed by their names.
  expect(most(asked, 1000)).toBeLessThan(45)
  expect(asked.filter(at => at < 1000).length).toBeLessThan(45)
})

test('2 000 sources that go on after a restart which stood still meanwhile, or a machine that slept, come back one after the other', async () => {
  const stallMs = 60_000
  const [asked = []] = await started({ origins: 1, runMs: 55_000, stallMs, ageMs: i => (i * 37) % longMs })
  // Half of them were due by then, and 17 a second are besides.
  expect(asked.length).toBeGreaterThan(1700)
  expect(asked[0]).toBeGreaterThanOrEqual(stallMs)
  expect(most(asked, 1000)).toBeLessThan(20 + 20 + 45)
  expect(most(asked.slice(40), 1000)).toBeLessThan(20 + 45)
})

test('whoever is late by less does not wait for others', async () => {
  const [asked = []] = await started({ origins: 1, everyMs: 10_000, runMs: 500, stallMs: 900, ageMs: () => 0 })
  // 200 a second are due, of which 16 ask at a time, 20 ms each.
  expect(asked.filter(at => at < 1200).length).toBeGreaterThan(180)
})
