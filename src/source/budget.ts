import type { Clock } from '../lib/clock.ts'

const defaultConcurrent = 16

/** What the sources of one origin share: how many of them ask at a time, and a pause when it says 429. */
export class Budget {
  readonly #clock: Clock
  readonly #maxConcurrent: number
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #pausedUntilMono = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, maxConcurrent = defaultConcurrent) {
    this.#clock = clock
    this.#maxConcurrent = maxConcurrent
  }

  /** How long nobody may ask, ms; 0: not paused. */
  get pauseMs(): number {
    return Math.max(0, this.#pausedUntilMono - this.#clock.monotonic())
  }

  /** Nobody of this budget asks for so long. */
  pause(ms: number): void {
    this.#pausedUntilMono = Math.max(this.#pausedUntilMono, this.#clock.monotonic() + ms)
  }

  /** Runs `ask` now, or when a place is free; it must call `done` once. */
  enter(ask: (done: () => void) => void): void {
    if (this.#underWay >= this.#maxConcurrent) {
      this.#waiting.push(() => this.enter(ask))
      return
    }
    this.#underWay++
    let left = false
    ask(() => {
      if (left) return
      left = true
      this.#underWay--
      this.#waiting.shift()?.()
    })
  }
}
