import { waitAfterFailure } from './back-off.ts'
import { explain } from './explain.ts'
import { learn, pauseFrom } from './learn.ts'
import type { Observation, ObservedAnswer, ObservedFailure } from './observation.ts'
import { plan } from './plan.ts'
import { cut, priceOf, spendAll, type Pools } from './price.ts'
import type { Reason } from './reason.ts'
import { newState, type ScheduleState } from './state.ts'

/** When to ask next, and what is known by then. */
export interface Next {
  readonly state: ScheduleState
  /** The pools of the observation after this poll. */
  readonly pools: Pools
  /** From the end of the poll until the next one is sent, ms; 0 or more. */
  readonly delayMs: number
  readonly reason: Reason
  /** One sentence that says why. */
  readonly explain: string
}

/** The status by which an origin says that it is asked too often. */
const tooManyRequests = 429
/** No timer holds more. */
const longestDelayMs = 2 ** 31 - 1

/**
 * When to ask a source again after a poll, from all that its polls told: pure, so that the same observations lead to the
 * same instants. `state` is undefined before the first poll. Looking for a period is left to the caller (`search-plan.ts`),
 * as it takes long.
 */
export function next(state: ScheduleState | undefined, observation: Observation): Next {
  const before = state ?? newState(observation.roundTripMs)
  const sinceLastMs = before.sentAt === 0 ? undefined : Math.min(observation.sentAt - before.sentAt, pauseFrom(observation.config))
  const pools = spendAll(observation.pools, sinceLastMs, observation.config.averageMs, before.pace)
  return observation.outcome === 'failed' ? afterFailure(before, observation, pools) : afterAnswer(before, observation, pools)
}

function afterFailure(before: ScheduleState, { config, random, status, ...failure }: ObservedFailure, pools: Pools): Next {
  const { averageMs, minMs, maxBackoffMs } = config
  const failures = before.failures + 1
  const { retryAfterMs } = failure
  const trouble = { failures, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const reason = waitAfterFailure(trouble, { intervalMs: averageMs, minMs, maxBackoffMs }, random)
  const left = status === tooManyRequests && pools.budget !== undefined ? { ...pools, budget: cut(pools.budget, failure.sentAt) } : pools
  return {
    state: { ...before, sentAt: failure.sentAt, failures },
    pools: left,
    delayMs: Math.min(reason.delayMs, longestDelayMs),
    reason,
    explain: explain(reason),
  }
}

function afterAnswer(before: ScheduleState, answer: ObservedAnswer, pools: Pools): Next {
  const { config, random, sentAt, roundTripMs } = answer
  const { state, look } = plan(learn(before, answer), config, priceOf(pools), random)
  // A sample is taken half a round trip after its request is sent.
  const sendAt = Math.min(Math.max(look.at - state.roundTripMs / 2, sentAt + config.minMs), sentAt + config.maxMs)
  const delayMs = Math.min(Math.max(0, sendAt - sentAt - roundTripMs), longestDelayMs)
  return { state, pools, delayMs, reason: look.reason, explain: explain(look.reason) }
}
