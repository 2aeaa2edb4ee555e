import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { decide, duesBetween, phaseOf, shiftGrid, steady, type Grid } from './grid.ts'
import type { Decision, Ended, Policy } from './policy.ts'

export interface GridPolicyOptions {
  /** Gives the source its phase, the same in every run: its name, and what it asks. */
  readonly identity: string
  readonly intervalMs: number
  readonly maxBackoffMs: number
  readonly clock: Clock
  readonly random: Random
}

/**
 * `every: 10s`: at the instants of a grid. It is laid on the wall clock, so that its phase survives a restart, and then
 * runs on the monotonic one: a step of the wall clock neither hurries nor delays a poll.
 */
export class GridPolicy implements Policy {
  readonly intervalMs: number
  readonly minMs = 0
  readonly learned = undefined
  readonly #grid: Grid
  readonly #maxBackoffMs: number
  readonly #random: Random
  #answeredAt = Number.NEGATIVE_INFINITY
  #skipped = 0

  constructor({ identity, intervalMs, maxBackoffMs, clock, random }: GridPolicyOptions) {
    this.intervalMs = intervalMs
    this.#grid = shiftGrid({ intervalMs, phaseMs: phaseOf(identity, intervalMs) }, clock.now() - clock.monotonic())
    this.#maxBackoffMs = maxBackoffMs
    this.#random = random
  }

  get skipped(): number {
    return this.#skipped
  }

  after({ poll, began, ended, failures }: Ended): Decision {
    const missed = duesBetween(this.#grid, began, ended)
    this.#skipped += missed
    if (poll.kind !== 'failed') this.#answeredAt = ended
    const retry = poll.kind === 'failed' && poll.retryAfterMs !== undefined ? { retryAfterMs: poll.retryAfterMs } : {}
    return decide({ now: ended, failures, missed, ...retry }, this.#grid, this.#maxBackoffMs, this.#random)
  }

  resume(answeredAt: number): void {
    this.#answeredAt = answeredAt
  }

  again(now: number): Decision | undefined {
    return now - this.#answeredAt < this.intervalMs ? steady(this.#grid, now) : undefined
  }

  close(): void {
    // Nothing is under way between two polls.
  }
}
