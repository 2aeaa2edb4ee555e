import type { Cancel, Clock } from '../lib/clock.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { BudgetOptions } from './budget.options.ts'
import type { FirstPolls } from './first-polls.ts'
import { SharedPool } from './schedule/shared-pool.ts'

/** Most requests of a budget under way at once. */
const defaultMaxConcurrent = 16
/** So many may follow each other at once where that was saved up. */
const burst = 2

export interface BudgetRules extends Partial<BudgetOptions> {
  /** For people; default: none. */
  readonly name?: string
  readonly firstPolls?: readonly FirstPolls[]
}

/** Gives a place back; again does nothing. */
export type Release = () => void

/**
 * What a group of sources, by default those of one origin, may ask: so many requests at once and a time, and none while paused.
 * A request holds its place from `admit`'s callback to its `Release`, which its deadline sees to.
 */
export class Budget {
  readonly name: string
  /** What its sources with a schedule that learns have left to spend. */
  readonly pool = new SharedPool()
  readonly #clock: Clock
  #rules: Partial<BudgetOptions>
  /** Undefined: as many as wanted. */
  #rate: TokenBucket | undefined
  readonly #firstPolls: readonly FirstPolls[]
  readonly #waiting = new Set<{ readonly enter: (release: Release) => void }>()
  /** Who has a place already, and wants to ask once more. */
  readonly #holders = new Set<{ readonly enter: () => void }>()
  #underWay = 0
  #pausedUntil = Number.NEGATIVE_INFINITY
  #pausedBecause = ''
  /** When the last one was let in, ms (monotonic). */
  #enteredAt = Number.NEGATIVE_INFINITY
  #timer: Cancel | undefined

  /** A first poll passes all of `firstPolls`, one after the other; default: none. */
  constructor(clock: Clock, { name = '', firstPolls = [], ...rules }: BudgetRules = {}) {
    this.name = name
    this.#clock = clock
    this.#rules = rules
    this.#rate = this.#newRate()
    this.pool.allow(rules.ratePerSecond)
    this.#firstPolls = firstPolls
  }

  get maxConcurrent(): number {
    return this.#rules.maxConcurrent ?? defaultMaxConcurrent
  }

  /** Undefined: as many as wanted. */
  get ratePerSecond(): number | undefined {
    return this.#rules.ratePerSecond
  }

  /** Other rules from now on, for who waits as well. Another rate begins with an empty bucket; a pause goes on. */
  rule(rules: BudgetOptions): void {
    const { ratePerSecond } = this.#rules
    this.#rules = rules
    this.pool.allow(rules.ratePerSecond)
    if (ratePerSecond !== rules.ratePerSecond) this.#rate = this.#newRate()
    this.#serve()
  }

  /** Empty: who starts again and again must not ask more often than one who runs on. */
  #newRate(): TokenBucket | undefined {
    const { ratePerSecond } = this.#rules
    return ratePerSecond === undefined ? undefined : new TokenBucket(ratePerSecond, burst, this.#clock, 0)
  }

  /** Requests that hold a place. */
  get underWay(): number {
    return this.#underWay
  }

  /** How long nothing may be asked, in ms; 0: not paused. */
  get pausedMs(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.monotonic())
  }

  /** Why it is paused, or was last: `the origin answered 429`. */
  get pausedBecause(): string {
    return this.#pausedBecause
  }

  /** How long until the next one may ask, places aside, in ms; 0: at once. */
  get waitMs(): number {
    const spaced = this.#enteredAt + (this.#rules.spacingMs ?? 0) - this.#clock.monotonic()
    return Math.max(this.pausedMs, this.#rate?.waitMs ?? 0, spaced, 0)
  }

  /** Nobody of this budget asks for so long. A pause is never shortened. `because` stands in sentences: `the origin answered 429`. */
  pause(durationMs: number, because: string): void {
    const until = this.#clock.monotonic() + durationMs
    if (until <= this.#pausedUntil) return
    this.#pausedUntil = until
    this.#pausedBecause = because
  }

  /** Calls `enter` once it may ask: at once where there is a place and the rate allows it, else in the order asked, unless cancelled before. */
  admit(enter: (release: Release) => void): Cancel {
    // Most of the time nobody is before it.
    if (this.#waiting.size === 0 && this.#holders.size === 0 && this.#underWay < this.maxConcurrent && this.waitMs <= 0) {
      this.#enter(enter)
      return () => undefined
    }
    const waiter = { enter }
    this.#waiting.add(waiter)
    this.#serve()
    return () => {
      this.#waiting.delete(waiter)
      this.#rest()
    }
  }

  /** The same for who holds a place and asks once more with it: only the rate and pauses are waited for, before all who have none. */
  admitMore(enter: () => void): Cancel {
    const holder = { enter }
    this.#holders.add(holder)
    this.#serve()
    return () => {
      this.#holders.delete(holder)
      this.#rest()
    }
  }

  /** `admit` for a source that somebody begins to read. */
  admitFirst(enter: (release: Release) => void): Cancel {
    return this.passFirst(() => this.admit(enter))
  }

  /** The gates of first polls alone, for who takes its places itself. `enter` may be waiting on: what it returns cancels that. */
  passFirst(enter: () => Cancel | void): Cancel {
    let cancel: Cancel = () => undefined
    const pass = (gates: readonly FirstPolls[]): void => {
      const [gate, ...others] = gates
      if (gate === undefined) cancel = enter() ?? cancel
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

  /** Something was asked beside what was let in, such as a login: nobody waited, and whoever comes next waits for it too. */
  spend(): void {
    this.#rate?.owe()
    this.#enteredAt = this.#clock.monotonic()
  }

  #serve(): void {
    for (const holder of this.#holders) {
      if (this.#waits()) return
      this.#holders.delete(holder)
      this.#spend()
      holder.enter()
    }
    for (const waiter of this.#waiting) {
      if (this.#underWay >= this.maxConcurrent || this.#waits()) return
      this.#waiting.delete(waiter)
      this.#enter(waiter.enter)
    }
  }

  #enter(enter: (release: Release) => void): void {
    this.#underWay++
    this.#spend()
    enter(this.#newRelease())
  }

  /** Whether nobody may ask yet; then it goes on by itself. */
  #waits(): boolean {
    const { waitMs } = this
    if (waitMs <= 0) return false
    this.#timer?.()
    this.#timer = this.#clock.after(Math.ceil(waitMs), () => this.#serve())
    return true
  }

  #spend(): void {
    this.#rate?.take()
    this.#enteredAt = this.#clock.monotonic()
  }

  #rest(): void {
    if (this.#waiting.size === 0 && this.#holders.size === 0) this.#timer?.()
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
