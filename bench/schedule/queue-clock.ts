import type { Cancel, Clock } from '../../src/lib/clock.ts'
import { DueHeap } from './due-heap.ts'

interface Timer {
  readonly dueAt: number
  readonly run: () => void
  isCancelled: boolean
}

/** A virtual clock that holds thousands of timers. */
export class QueueClock implements Clock {
  readonly #epochMs: number
  readonly #timers = new DueHeap<Timer>()
  readonly #runTimer: (run: () => void) => void
  #at = 0

  /** `epochMs`: what it says at first, ms since 1970 UTC. `runTimer` runs each timer of `after`, so that it can be timed. */
  constructor(epochMs: number, runTimer: (run: () => void) => void) {
    this.#epochMs = epochMs
    this.#runTimer = runTimer
  }

  now(): number {
    return this.#epochMs + this.#at
  }

  monotonic(): number {
    return this.#at
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.at(this.#at + delayMs, () => this.#runTimer(run))
  }

  /** The same at an instant of `monotonic`, run as it is. */
  at(dueAt: number, run: () => void): Cancel {
    const timer = { dueAt, run, isCancelled: false }
    this.#timers.push(timer)
    return () => void (timer.isCancelled = true)
  }

  /** Runs what falls due until an instant. */
  run(untilMs: number): void {
    for (let timer = this.#timers.pop(); timer !== undefined && timer.dueAt < untilMs; timer = this.#timers.pop()) {
      this.#at = Math.max(this.#at, timer.dueAt)
      if (!timer.isCancelled) timer.run()
    }
  }
}
