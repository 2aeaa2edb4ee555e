import type { Cancel, Clock } from '../lib/clock.ts'

/** Under load ticks come at most this far apart: the kernel write dominates, and the lever is fewer writes (protocol.md 7). */
const longestStretchMs = 50

/**
 * When the next tick may run: at rest at once; under load not before as long again as the last one took, at most
 * 50 ms, so that half of the loop stays free for everything else.
 */
export class Pace {
  readonly #clock: Clock
  readonly #run: () => void
  #freeAt = Number.NEGATIVE_INFINITY
  #waiting: Cancel | undefined
  #running = false
  #closed = false

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock
    this.#run = run
  }

  /** Asks for a tick; several asks before it runs are one. */
  request(): void {
    if (this.#waiting !== undefined || this.#closed) return
    const waitMs = this.#freeAt - this.#clock.monotonic()
    if (waitMs <= 0 && !this.#running) return this.#tick()
    this.#waiting = this.#clock.after(Math.max(waitMs, 0), () => {
      this.#waiting = undefined
      this.#tick()
    })
  }

  /** Counts further work of the last tick, such as slices of its flush, in ms. */
  spent(costMs: number): void {
    this.#freeAt = this.#clock.monotonic() + Math.min(costMs, longestStretchMs)
  }

  /** No further tick, not even the one that was asked for. */
  close(): void {
    this.#closed = true
    this.#waiting?.()
  }

  #tick(): void {
    const began = this.#clock.monotonic()
    this.#running = true
    try {
      this.#run()
    } finally {
      this.#running = false
      this.spent(this.#clock.monotonic() - began)
    }
  }
}
