import type { Cancel, Clock } from '../lib/clock.ts'
import { MillraceError, type CloseCode } from '../model/errors.ts'

export interface DeadlineLimits {
  readonly helloTimeoutMs: number
  readonly warnBeforeMs: number
}

/** Whoever has rights that end, or none yet. */
export interface Entrant {
  close(code: CloseCode, reason: string): void
  /** Tells it of a fault that no message of its own led to. */
  fail(error: MillraceError): void
}

/** Sees to it that rights end when they do. Who has neither a deadline nor a `hello` to say costs nothing. */
export class Deadlines {
  readonly #limits: DeadlineLimits
  readonly #clock: Clock
  /** One timer each at most. */
  readonly #timers = new Map<Entrant, Cancel>()

  constructor(limits: DeadlineLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** How many are watched. */
  get size(): number {
    return this.#timers.size
  }

  /** It is to say who it is. */
  awaitHello(entrant: Entrant): void {
    this.#set(entrant, this.#limits.helloTimeoutMs, () => entrant.close(4408, 'helloTimeout'))
  }

  /** Its rights end then, ms since 1970 UTC; undefined: never. What was set before holds no more. */
  until(entrant: Entrant, expiresAt: number | undefined, expire: () => void): void {
    if (expiresAt === undefined) return this.forget(entrant)
    const { warnBeforeMs } = this.#limits
    this.#at(entrant, expiresAt - warnBeforeMs, () => {
      const seconds = Math.max(0, Math.round((expiresAt - this.#clock.now()) / 1000))
      entrant.fail(new MillraceError('unauthorized', `the token ends in ${seconds} s: say hello with another`))
      this.#at(entrant, expiresAt, expire)
    })
  }

  forget(entrant: Entrant): void {
    this.#timers.get(entrant)?.()
    this.#timers.delete(entrant)
  }

  /** Looked at again when the timer ends: the longest there is holds 24.8 days, and the wall clock may have been set. */
  #at(entrant: Entrant, instant: number, run: () => void): void {
    this.#set(entrant, instant - this.#clock.now(), () => {
      if (instant > this.#clock.now()) this.#at(entrant, instant, run)
      else run()
    })
  }

  #set(entrant: Entrant, delayMs: number, run: () => void): void {
    this.#timers.get(entrant)?.()
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(entrant)
      run()
    })
    this.#timers.set(entrant, cancel)
  }
}
