import { clampDelay, type Cancel, type Clock } from './clock.ts'

/**
 * Rings at an instant that moves on more often than it comes: moving it on touches no timer. The one that runs is left to fire, and then
 * looks how long there is still to wait.
 */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  /** Ms of the monotonic clock. */
  #dueAt: number | undefined
  #firesAt = 0
  #timer: Cancel | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings once at `dueAt`, ms of the monotonic clock, and not when it was to before; undefined: not at all. */
  set(dueAt: number | undefined): void {
    this.#dueAt = dueAt
    if (dueAt === undefined) this.#stop()
    else if (this.#timer === undefined || dueAt < this.#firesAt) this.#wait(dueAt)
  }

  #wait(dueAt: number): void {
    this.#stop()
    const now = this.#clock.monotonic()
    // A timer holds 24.8 days at most.
    const delayMs = clampDelay(dueAt - now)
    this.#firesAt = now + delayMs
    this.#timer = this.#clock.after(delayMs, () => this.#fire())
  }

  #fire(): void {
    this.#timer = undefined
    const dueAt = this.#dueAt
    if (dueAt === undefined) return
    if (dueAt > this.#clock.monotonic()) return this.#wait(dueAt)
    this.#dueAt = undefined
    this.#ring()
  }

  #stop(): void {
    this.#timer?.()
    this.#timer = undefined
  }
}
