import type { Clock } from '../lib/clock.ts'
import type { Sample } from '../model/table.ts'

/**
 * Time that steps of the wall clock do not reach: the wall time at which the stage began, and what has passed since by the monotonic
 * clock. Its instants, in ms, look like ms since 1970, so that they mean something to whoever keeps them over a restart.
 */
export class SteadyTime {
  readonly #clock: Clock
  readonly #base: number
  #latest = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
    this.#base = clock.now() - clock.monotonic()
  }

  now(): number {
    return this.#base + this.#clock.monotonic()
  }

  /** The instant at which a sample was proven: as long ago as the wall clock says, but never in the future nor before what was reached. */
  of(sample: Pick<Sample, 'time'>): number {
    const ageMs = Math.max(0, this.#clock.now() - sample.time)
    return Math.max(this.#latest, this.now() - ageMs)
  }

  /** No sample will lie before this instant any more; returns the latest of them. */
  reach(instant: number): number {
    this.#latest = Math.max(this.#latest, instant)
    return this.#latest
  }

  /** How far the wall clock has stepped since the stage began, in ms. */
  get stepped(): number {
    return this.#clock.now() - this.now()
  }

  /** What the wall clock of now calls an instant, ms since 1970. */
  wallOf(instant: number): number {
    return Math.round(instant + this.stepped)
  }
}
