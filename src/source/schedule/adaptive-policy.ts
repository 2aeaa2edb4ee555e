import type { Cancel, Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { next } from './adaptive.ts'
import type { Observation, ScheduleConfig } from './observation.ts'
import { deviationOf } from './period-filter.ts'
import type { Decision, Ended, Learned, Policy } from './policy.ts'
import { newPool, priceOf, type Pool } from './price.ts'
import type { Resumed } from './saved.ts'
import { beginSearch, endSearch, isSearchDue, search } from './search-plan.ts'
import type { SharedPool } from './shared-pool.ts'
import type { ScheduleState } from './state.ts'
import { isLocked, leaderOf } from './tracking.ts'

export interface AdaptivePolicyOptions {
  readonly config: ScheduleConfig
  /** Of all sources of its budget. */
  readonly pool: SharedPool
  /** What was learned before; default: nothing. */
  readonly resumed?: Resumed
  readonly clock: Clock
  readonly random: Random
  /** Called when the policy is closed, as nobody asks by it any more. */
  readonly closed?: () => void
}

/**
 * `every: {average: 10s}`: asks so often on average, each time when it is worth most. Its instants are those of the
 * monotonic clock, laid on the wall clock when it is made, so that a step of the wall clock does not show in them.
 */
export class AdaptivePolicy implements Policy {
  readonly intervalMs: number
  readonly minMs: number
  readonly skipped = 0
  readonly #config: ScheduleConfig
  readonly #budget: SharedPool
  readonly #clock: Clock
  readonly #random: Random
  readonly #closed: (() => void) | undefined
  /** From the monotonic clock to ms since 1970. */
  readonly #offsetMs: number
  #own: Pool = newPool()
  #state: ScheduleState | undefined
  /** Nothing was answered yet that the next answer could be compared with. */
  #isFirst = true
  #decision: Decision | undefined
  #answeredAt = Number.NEGATIVE_INFINITY
  #cancelSearch: Cancel | undefined

  constructor({ config, pool, resumed, clock, random, closed }: AdaptivePolicyOptions) {
    this.intervalMs = config.averageMs
    this.minMs = config.minMs
    this.#config = config
    this.#budget = pool
    this.#clock = clock
    this.#random = random
    this.#closed = closed
    this.#offsetMs = clock.now() - clock.monotonic()
    if (resumed !== undefined) this.takeUp(resumed)
    pool.join(config.averageMs)
  }

  /** Goes on from what was learned before; nothing where it has learned something itself by now. */
  takeUp({ state, pool }: Resumed): void {
    if (this.#state !== undefined) return
    this.#state = state
    this.#own = pool
  }

  /** All that was learned, to be saved; undefined before the first poll. */
  get resumable(): Resumed | undefined {
    return this.#state === undefined ? undefined : { state: this.#state, pool: this.#own }
  }

  get learned(): Learned {
    const { changes, tracker } = this.#state ?? { changes: 0, tracker: null }
    const price = priceOf({ own: this.#own, budget: this.#budget.pool })
    if (tracker === null || !isLocked(tracker)) return { changes, price }
    const leader = leaderOf(tracker)
    return { changes, price, period: { periodMs: leader.periodMs, expectedAt: leader.nextAt, deviationMs: deviationOf(leader) } }
  }

  after(ended: Ended): Decision {
    const observation = this.#observe(ended)
    const { state, pools, delayMs, explain } = next(this.#state, observation)
    this.#state = state
    this.#own = pools.own
    if (pools.budget !== undefined) this.#budget.pool = pools.budget
    if (ended.poll.kind !== 'failed') {
      this.#answeredAt = ended.ended
      this.#isFirst = false
    }
    this.#search()
    this.#decision = { dueAt: ended.began + observation.roundTripMs + delayMs, why: explain }
    return this.#decision
  }

  resume(answeredAt: number): void {
    this.#answeredAt = answeredAt
  }

  again(now: number): Decision | undefined {
    if (now - this.#answeredAt >= this.intervalMs) return undefined
    const { dueAt, why } = this.#decision ?? {
      dueAt: this.#answeredAt + this.intervalMs,
      why: 'steady: it answered a moment before the restart',
    }
    return { dueAt: Math.max(now, dueAt), why }
  }

  close(): void {
    this.#cancelSearch?.()
    this.#budget.leave(this.#config.averageMs)
    this.#closed?.()
  }

  #observe({ poll, began, ended }: Ended): Observation {
    const [config, random, sentAt] = [this.#config, this.#random, began + this.#offsetMs]
    const pools = { own: this.#own, budget: this.#budget.pool }
    if (poll.kind !== 'failed') {
      const { kind, headMs, hints = {}, isRemade = false } = poll
      // A body that takes long to come is no older for it.
      const roundTripMs = Math.min(headMs ?? ended - began, ended - began)
      const outcome = this.#isFirst && poll.changes === 'all' ? 'unknown' : kind
      return { config, sentAt, random, pools, roundTripMs, outcome, isRemade: isRemade && kind === 'unchanged', hints }
    }
    const { status, retryAfterMs } = poll
    const told = { ...(status === undefined ? {} : { status }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    return { config, sentAt, random, pools, roundTripMs: ended - began, outcome: 'failed', ...told }
  }

  /** Looks for a period where that is due: slice by slice, so that the event loop is free in between. */
  #search(): void {
    if (this.#state === undefined || this.#cancelSearch !== undefined || !isSearchDue(this.#state)) return
    const begun = beginSearch(this.#state)
    this.#state = begun
    const slices = search(begun, this.#config.minMs)
    const go = (): void => {
      const { done, value } = slices.next()
      if (done !== true) {
        this.#cancelSearch = this.#clock.after(0, go)
        return
      }
      this.#cancelSearch = undefined
      if (this.#state !== undefined) this.#state = endSearch(this.#state, value)
    }
    this.#cancelSearch = this.#clock.after(0, go)
  }
}
