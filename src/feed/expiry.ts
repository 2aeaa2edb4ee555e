import type { Cancel, Clock } from '../lib/clock.ts'

/** When data that is not proved any more is too old to be shown. */
export class Expiry {
  readonly #expireMs: number | undefined
  readonly #clock: Clock
  readonly #expired: () => void
  #provenMono = Number.NEGATIVE_INFINITY
  #timer: Cancel | undefined
  #isOver = false

  /** `expireMs`: undefined where data never is; `expired` is called once for each time that it becomes so. */
  constructor(expireMs: number | undefined, clock: Clock, expired: () => void) {
    this.#expireMs = expireMs
    this.#clock = clock
    this.#expired = expired
  }

  /** It expired, and was not proved since. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** It was proved so long ago, in ms. */
  prove(ageMs = 0): void {
    this.#isOver = false
    this.#provenMono = this.#clock.monotonic() - ageMs
    this.#wait()
  }

  close(): void {
    this.#timer?.()
  }

  /** A timer holds 24.8 days at most. */
  #wait(): void {
    this.#timer?.()
    if (this.#expireMs === undefined) return
    const leftMs = this.#provenMono + this.#expireMs - this.#clock.monotonic()
    this.#timer = this.#clock.after(Math.max(0, leftMs), () => {
      if (this.#provenMono + (this.#expireMs ?? 0) - this.#clock.monotonic() > 1) return this.#wait()
      this.#isOver = true
      this.#expired()
    })
  }
}
