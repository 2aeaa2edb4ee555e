import { ManualClock } from './manual-clock.ts'

/** Each look at it takes a while, as work does. */
export class WorkingClock extends ManualClock {
  perLookMs = 0
  #workedMs = 0
  override monotonic(): number {
    this.#workedMs += this.perLookMs
    return super.monotonic() + this.#workedMs
  }
}
