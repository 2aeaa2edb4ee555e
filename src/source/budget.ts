import type { Cancel, Clock } from '../lib/clock.ts'
import type { FirstPolls } from './first-polls.ts'

/** Most requests of a budget under way at once. */
const defaultMaxConcurrent = 16

export interface BudgetOptions {
  /** Default 16. */
  readonly maxConcurrent?: number
  readonly firstPolls?: readonly FirstPolls[]
}

/** Gives a place back; again does nothing. */
export type Release = () => void

/**
 * What a group of sources, by default those of one origin, may ask: so many requests at once, and none while paused.
 * A request holds its place from `admit`'s callback to its `Release`, which its deadline sees to.
 */
export class Budget {
  readonly maxConcurrent: number
  readonly #clock: Clock
  readonly #firstPolls: readonly FirstPolls[]
  readonly #waiting = new Set<{ readonly enter: (release: Release) => void }>()
  #underWay = 0
  #pausedUntil = Number.NEGATIVE_INFINITY

  /** A first poll passes all of `firstPolls`, one after the other; default: none. */
  constructor(clock: Clock, { maxConcurrent = defaultMaxConcurrent, firstPolls = [] }: BudgetOptions = {}) {
    this.#clock = clock
    this.maxConcurrent = maxConcurrent
    this.#firstPolls = firstPolls
  }

  /** Requests that hold a place. */
  get underWay(): number {
    return this.#underWay
  }

  /** How long nothing may be asked, in ms; 0: not paused. */
  get pausedMs(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.monotonic())
  }

  /** Nobody of this budget asks for so long (a 429). A pause is never shortened. */
  pause(durationMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + durationMs)
  }

  /** Calls `enter` once there is a place: at once where there is one, else in the order asked, unless cancelled before. */
  admit(enter: (release: Release) => void): Cancel {
    const waiter = { enter }
    this.#waiting.add(waiter)
    this.#serve()
    return () => void this.#waiting.delete(waiter)
  }

  /** `admit` for a source that somebody begins to read. */
  admitFirst(enter: (release: Release) => void): Cancel {
    let cancel: Cancel = () => undefined
    const pass = (gates: readonly FirstPolls[]): void => {
      const [gate, ...others] = gates
      if (gate === undefined) cancel = this.admit(enter)
      else {
        let passed = false
        const leave = gate.admit(() => {
          passed = true
          pass(others)
        })
        if (!passed) cancel = leave
      }
    }
    pass(this.#firstPolls)
    return () => cancel()
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      if (this.#underWay >= this.maxConcurrent) return
      this.#waiting.delete(waiter)
      this.#underWay++
      waiter.enter(this.#newRelease())
    }
  }

  #newRelease(): Release {
    let holds = true
    return () => {
      if (!holds) return
      holds = false
      this.#underWay--
      this.#serve()
    }
  }
}
