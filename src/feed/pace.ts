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
  /** What the last tick took so far, ms. */
  #costMs = 0
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
    if (this.#waitMs === 0 && !this.#running) this.#tick()
    else this.#wait()
  }

  /** Counts further work of the last tick, such as slices of its flush, in ms: all of it together is waited for. */
  spent(costMs: number): void {
    this.#costMs += costMs
    this.#freeAt = this.#clock.monotonic() + Math.min(this.#costMs, longestStretchMs)
  }

  /** No further tick, not even the one that was asked for. */
  close(): void {
    this.#closed = true
    this.#waiting?.()
  }

  get #waitMs(): number {
    return Math.max(0, this.#freeAt - this.#clock.monotonic())
  }

  #wait(): void {
    this.#waiting = this.#clock.after(this.#waitMs, () => {
      this.#waiting = undefined
      // Meanwhile there was more to do for the last one.
      if (this.#waitMs > 0) this.#wait()
      else this.#tick()
    })
  }

  #tick(): void {
    const began = this.#clock.monotonic()
    this.#costMs = 0
    this.#running = true
    try {
      this.#run()
    } finally {
      this.#running = false
      this.spent(this.#clock.monotonic() - began)
    }
  }
}
