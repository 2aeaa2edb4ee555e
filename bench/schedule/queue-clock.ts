import type { Cancel, Clock } from '../../src/lib/clock.ts'
import { DueHeap } from './due-heap.ts'

interface Timer {
  readonly dueAt: number
  readonly run: () => void
  isCancelled: boolean
}

/** A virtual clock that holds thousands of timers, and tells how long each of them ran. */
export class QueueClock implements Clock {
  readonly #epochMs: number
  readonly #timers = new DueHeap<Timer>()
  readonly #ran: (tookMs: number) => void
  #at = 0

  /** `epochMs`: what it says at first, ms since 1970 UTC. `ran` is told how long each timer of `after` took, ms of real time. */
  constructor(epochMs: number, ran: (tookMs: number) => void) {
    this.#epochMs = epochMs
    this.#ran = ran
  }

  now(): number {
    return this.#epochMs + this.#at
  }

  monotonic(): number {
    return this.#at
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.at(this.#at + delayMs, () => {
      const began = performance.now()
      run()
      this.#ran(performance.now() - began)
    })
  }

  /** The same at an instant of `monotonic`, of which nobody is told. */
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
