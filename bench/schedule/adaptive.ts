import { next, type Next } from '../../src/source/schedule/adaptive.ts'
import type { Observation, ScheduleConfig } from '../../src/source/schedule/observation.ts'
import { beginSearch, endSearch, isSearchDue, search } from '../../src/source/schedule/search-plan.ts'
import type { ScheduleState } from '../../src/source/schedule/state.ts'
import type { Decision, Policy, Purses, SimulatedPoll } from './policy.ts'
import type { Source } from './source.ts'

const maxBackoffMs = 300_000

function configOf({ intervalMs, minMs, maxMs }: Source): ScheduleConfig {
  return { averageMs: intervalMs, minMs, maxMs, maxBackoffMs, weight: 1 }
}

function observe(poll: SimulatedPoll, config: ScheduleConfig, { own, host }: Purses): Observation {
  const { sentAt, roundTripMs, random, status, retryAfterMs, hints, isChange } = poll
  const pools = host === undefined ? { own: own.pool } : { own: own.pool, budget: host.pool }
  if (status !== 200 && status !== 304) {
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs }
    return { config, sentAt, roundTripMs, pools, random, outcome: 'failed', status, ...retry }
  }
  const outcome = isChange ? 'changed' : 'unchanged'
  return { config, sentAt, roundTripMs, pools, random, outcome, isRemade: poll.isRemade && !isChange, hints }
}

function decisionOf({ delayMs, reason, explain }: Next): Decision {
  const { why } = reason
  if (why !== 'schedule' && why !== 'background' && why !== 'check') return { delayMs, why, says: explain }
  return { delayMs, why, says: explain, expected: { at: reason.expectedAt, deviationMs: reason.deviationMs } }
}

/** The schedule of the product, with the search for a period run between two polls. `change` sees each state, and may replace it. */
export function adaptivePolicy(
  change: (state: ScheduleState, source: Source, at: number) => ScheduleState | undefined = state => state,
): Policy {
  return {
    name: 'adaptive',
    start: (source, purses) => {
      const config = configOf(source)
      let state: ScheduleState | undefined
      return poll => {
        const decided = next(state, observe(poll, config, purses))
        purses.own.pool = decided.pools.own
        if (purses.host !== undefined && decided.pools.budget !== undefined) purses.host.pool = decided.pools.budget
        state = change(searched(decided.state, config.minMs), source, poll.sentAt)
        return decisionOf(decided)
      }
    },
  }
}

export const adaptive = adaptivePolicy()

/** The state after the search that it was due for, if it was. */
export function searched(state: ScheduleState, minMs: number): ScheduleState {
  if (!isSearchDue(state)) return state
  const begun = beginSearch(state)
  const slices = search(begun, minMs)
  for (;;) {
    const { done, value } = slices.next()
    if (done === true) return endSearch(begun, value)
  }
}
