import { beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/lib/random.ts'
import { Budget } from '../../src/source/budget.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'

const intervalMs = 3_600_000
let clock: ManualClock
let ask: ScriptedAsk
let budget: Budget
let poller: Poller

beforeEach(async () => {
  clock = new ManualClock()
  ask = new ScriptedAsk(clock)
  budget = new Budget(clock)
  const random = seededRandom(7)
  const policy = new GridPolicy({ identity: 's', intervalMs, maxBackoffMs: 300_000, clock, random })
  poller = new Poller({ ask, policy, budget, clock, random, onPoll: () => undefined })
  poller.start()
  await clock.advanceAsync(2000)
})

/** How often it was asked since the last call. */
const asked = (): number => ask.asked.splice(0).length

test('asks before it is due, and is on its grid again after', async () => {
  const next = poller.nextAt
  asked()
  poller.nudge()
  expect(poller.why).toBe('nudge: somebody asked for it')
  await clock.advanceAsync(0)
  expect([asked(), poller.nextAt, poller.why]).toEqual([1, next, 'steady: every 1h'])
})

test('however often, at most once a second', async () => {
  asked()
  for (let i = 0; i < 100; i++) {
    poller.nudge()
    await clock.advanceAsync(50)
  }
  const gaps = ask.asked.slice(1).map((at, i) => at - (ask.asked[i] ?? 0))
  expect([gaps.length, Math.min(...gaps)]).toEqual([5, 1000])
})

test('neither while it asks, nor for one that nobody wants, nor once it is closed', async () => {
  asked()
  ask.tookMs = 5000
  poller.nudge()
  await clock.advanceAsync(2000)
  poller.nudge()
  await clock.advanceAsync(10_000)
  expect([asked(), ask.most]).toEqual([1, 1])
  poller.stop()
  poller.nudge()
  await clock.advanceAsync(10_000)
  poller.start()
  await poller.close()
  poller.nudge()
  await clock.advanceAsync(10_000)
  expect([asked(), clock.pending]).toEqual([0, 0])
})

test('neither a back-off nor Retry-After is shortened', async () => {
  ask.outcome = () => ({ retryAfterMs: 7_200_000 })
  poller.nudge()
  await clock.advanceAsync(0)
  const [next] = [poller.nextAt, asked()]
  for (let i = 0; i < 100; i++) {
    poller.nudge()
    await clock.advanceAsync(10_000)
  }
  expect([asked(), poller.nextAt]).toEqual([0, next])
})

test('a paused budget stays paused', async () => {
  asked()
  budget.pause(60_000, 'the origin answered 429')
  poller.nudge()
  await clock.advanceAsync(59_000)
  expect([asked(), poller.why.slice(0, 7)]).toEqual([0, 'budget:'])
})
