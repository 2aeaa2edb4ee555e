import { Alarm } from '../lib/alarm.ts'
import type { Clock } from '../lib/clock.ts'

/** When data that is not proved any more is too old to be shown. */
export class Expiry {
  readonly #expireMs: number | undefined
  readonly #clock: Clock
  readonly #alarm: Alarm
  #isOver = false

  /** `expireMs`: undefined where data never is; `expired` is called once for each time that it becomes so. */
  constructor(expireMs: number | undefined, clock: Clock, expired: () => void) {
    this.#expireMs = expireMs
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => {
      this.#isOver = true
      expired()
    })
  }

  /** It expired, and was not proved since. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** It was proved so long ago, in ms. */
  prove(ageMs = 0): void {
    this.#isOver = false
    if (this.#expireMs !== undefined) this.#alarm.set(this.#clock.monotonic() - ageMs + this.#expireMs)
  }

  close(): void {
    this.#alarm.set(undefined)
  }
}
