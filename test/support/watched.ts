import { searched } from '../../bench/schedule/adaptive.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { next, type Next } from '../../src/source/schedule/adaptive.ts'
import type { Hints, Observation, ScheduleConfig } from '../../src/source/schedule/observation.ts'
import { newPool, type Pools } from '../../src/source/schedule/price.ts'
import type { ScheduleState } from '../../src/source/schedule/state.ts'

/** When it is first asked, ms since 1970 UTC. */
export const start = 1_770_000_000_000
export const config: ScheduleConfig = { averageMs: 10_000, minMs: 1000, maxMs: 80_000, maxBackoffMs: 300_000, weight: 1 }

/** A source polled by the schedule alone, on virtual time. */
export class Watched {
  readonly #random = seededRandom(11)
  readonly #config: ScheduleConfig
  state: ScheduleState | undefined
  pools: Pools = { own: newPool() }
  sentAt = start
  polls = 0
  /** The last sample, ms from the start. */
  seenUntil = 0

  constructor(given: Partial<ScheduleConfig> = {}) {
    this.#config = { ...config, ...given }
  }

  poll(
    outcome: Observation['outcome'],
    hints: Hints = {},
    more: { roundTripMs?: number; isRemade?: boolean; retryAfterMs?: number } = {},
  ): Next {
    const { roundTripMs = 40, isRemade = false, retryAfterMs } = more
    const common = { config: this.#config, sentAt: this.sentAt, roundTripMs, pools: this.pools, random: this.#random }
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs }
    const seen: Observation = outcome === 'failed' ? { ...common, outcome, ...retry } : { ...common, outcome, isRemade, hints }
    const decided = next(this.state, seen)
    this.state = searched(decided.state, this.#config.minMs)
    this.pools = decided.pools
    this.sentAt += roundTripMs + decided.delayMs
    this.polls++
    return decided
  }

  /**
   * Polls until an instant, ms from the start, of a source that changes at ascending instants; returns the delays of what was
   * seen. `hintsAt`: what its answers say, by the instant of the sample.
   */
  watch(changes: readonly number[], untilMs: number, seen?: (decided: Next) => void, hintsAt?: (sample: number) => Hints): number[] {
    const delays: number[] = []
    let known = changes.filter(at => at <= this.seenUntil).length
    while (this.sentAt - start < untilMs) {
      const sample = this.sentAt + 20 - start
      const before = known
      while ((changes[known] ?? Number.POSITIVE_INFINITY) <= sample) delays.push(sample - (changes[known++] ?? 0))
      this.seenUntil = sample
      const decided = this.poll(known > before || this.polls === 0 ? 'changed' : 'unchanged', hintsAt?.(sample))
      seen?.(decided)
    }
    return delays
  }
}
