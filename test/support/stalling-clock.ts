import type { Cancel, Clock } from '../../src/lib/clock.ts'
import type { ManualClock } from './manual-clock.ts'

/** A clock whose timers can be held up, as by a process that stands still. */
export class StallingClock implements Clock {
  readonly #clock: ManualClock
  readonly #late = new Set<() => void>()
  #stands = false

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  after(delayMs: number, run: () => void): Cancel {
    const cancel = this.#clock.after(delayMs, () => {
      if (this.#stands) this.#late.add(run)
      else run()
    })
    return () => {
      cancel()
      this.#late.delete(run)
    }
  }

  /** Time passes, and what falls due meanwhile runs after it. */
  stall(ms: number): void {
    this.#stands = true
    this.#clock.advance(ms)
    this.#stands = false
    for (const run of this.#late) {
      this.#late.delete(run)
      run()
    }
  }
}
