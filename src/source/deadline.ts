import type { Cancel, Clock } from '../lib/clock.ts'

/** What it may take to read an answer on a thread of its own, once it is whole, in ms: no part of the time that an upstream has. */
export const readingMs = 30_000

/** How long a poll may take: until its answer is whole, and then until that is read. */
export class Deadline {
  readonly #clock: Clock
  readonly #controller = new AbortController()
  #isWhole = false
  #cancel: Cancel

  constructor(clock: Clock, answerMs: number) {
    this.#clock = clock
    this.#cancel = this.#after(answerMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }
  /** It passed, or the poll was given up. */
  get isOver(): boolean {
    return this.signal.aborted
  }
  /** The answer was there in time. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** The answer is there; reading it has its own time. */
  whole(): void {
    if (this.isOver) return
    this.#isWhole = true
    this.#cancel()
    this.#cancel = this.#after(readingMs)
  }

  /** There is none any more. */
  lift(): void {
    this.#cancel()
  }

  /** Gives the poll up. */
  abort(): void {
    this.#cancel()
    this.#controller.abort()
  }

  #after(ms: number): Cancel {
    return this.#clock.after(ms, () => this.#controller.abort())
  }
}
