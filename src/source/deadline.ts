import type { Cancel, Clock } from '../lib/clock.ts'

/** What it may take to read an answer on a thread of its own, once it is whole, in ms: no part of the time that an upstream has. */
export const readingMs = 30_000

/** Why what is not wanted any more is broken off; by the name that whoever breaks something off gives it. */
class TimeOver extends Error {
  override readonly name = 'AbortError'
}

/** The same where whoever asked does not want an answer any more, and nobody was too slow. */
class GivenUp extends Error {
  override readonly name = 'AbortError'
}

/** How long a poll may take: until its answer is whole, and then until that is read. */
export class Deadline {
  readonly #clock: Clock
  #reason: Error | undefined
  #isWhole = false
  #waiting: readonly (() => void)[] = []
  #controller: AbortController | undefined
  #cancel: Cancel

  constructor(clock: Clock, answerMs: number) {
    this.#clock = clock
    this.#cancel = this.#after(answerMs)
  }

  /** It passed, or the poll was given up. */
  get isOver(): boolean {
    return this.#reason !== undefined
  }
  /** Why it is over; undefined while it is not. */
  get reason(): Error | undefined {
    return this.#reason
  }
  /** Rather than that its time is over. */
  get isGivenUp(): boolean {
    return this.#reason instanceof GivenUp
  }
  /** The answer was there in time. */
  get isWhole(): boolean {
    return this.#isWhole
  }
  /** For what takes a signal. Most polls have no use for one, and making it costs more than all the rest of a deadline. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = (this.#controller = new AbortController())
      this.whenOver(() => controller.abort(this.#reason))
    }
    return this.#controller.signal
  }

  /** Calls `run` once it is over, at once where it is, unless that is cancelled before. */
  whenOver(run: () => void): Cancel {
    if (this.isOver) run()
    else this.#waiting = [...this.#waiting, run]
    return () => {
      this.#waiting = this.#waiting.filter(other => other !== run)
    }
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

  /** Gives the poll up. `reason`: of another one, which this one is to follow. */
  abort(reason: Error = new GivenUp('given up')): void {
    if (this.isOver) return
    this.#cancel()
    this.#reason = reason
    // One of them may cancel another.
    for (const run of this.#waiting) if (this.#waiting.includes(run)) run()
  }

  #after(ms: number): Cancel {
    return this.#clock.after(ms, () => this.abort(new TimeOver('its time is over')))
  }
}
