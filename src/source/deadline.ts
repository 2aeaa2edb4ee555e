import type { Cancel, Clock } from '../lib/clock.ts'

/** What it may take to read an answer on a thread of its own, once it is whole, in ms: no part of the time that an upstream has. */
export const readingMs = 30_000

/** Why a signal is aborted where whoever asked does not want an answer any more, and nobody was too slow. */
class GivenUp extends Error {
  override readonly name = 'AbortError'
}

/** Rather than that its time is over. */
export function isGivenUp({ reason }: AbortSignal): boolean {
  return reason instanceof GivenUp
}

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

  /** Gives the poll up. `reason`: of another signal, which this one is to follow. */
  abort(reason: Error = new GivenUp('given up')): void {
    this.#cancel()
    this.#controller.abort(reason)
  }

  #after(ms: number): Cancel {
    return this.#clock.after(ms, () => this.#controller.abort())
  }
}
