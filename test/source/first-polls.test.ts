import { expect, test } from 'vitest'
import { seededRandom } from '../../src/lib/random.ts'
import { emptyTable } from '../../src/model/table.ts'
import { Budgets } from '../../src/source/budgets.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'

const intervalMs = 120_000

interface Start {
  readonly origins: number
  readonly runMs: number
  /** Each of them has members, which take their places by themselves. */
  readonly hasMembers?: boolean
  /** It was asked so long ago, in a run before. */
  readonly ageMs?: (source: number) => number
}

/** 2 000 sources that are wanted all at once; when each was asked for the first time, in order, by origin. */
async function started({ origins, runMs, hasMembers = false, ageMs }: Start): Promise<number[][]> {
  const clock = new ManualClock()
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
  await clock.advanceAsync(runMs)
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
  const [asked = []] = await started({ origins: 1, runMs: intervalMs, ageMs: i => (i * 37) % intervalMs })
  expect(asked).toHaveLength(2000)
  // 17 a second on average, placed by their names.
  expect(most(asked, 1000)).toBeLessThan(45)
  expect(asked.filter(at => at < 1000).length).toBeLessThan(45)
})
