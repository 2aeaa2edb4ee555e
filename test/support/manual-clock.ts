import { clampDelay, type Cancel, type Clock } from '../../src/lib/clock.ts'

interface Timer {
  readonly dueMs: number
  readonly run: () => void
}

/** A clock that stands still until it is moved; timers run inside `advance`, in the order of their due times. */
export class ManualClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  readonly #timers = new Set<Timer>()

  constructor(nowMs = 1_769_090_000_000) {
    this.#wallMs = nowMs
  }

  now(): number {
    return this.#wallMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueMs: this.#monotonicMs + clampDelay(delayMs), run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** The ms until the next timer, undefined when none waits. */
  get nextMs(): number | undefined {
    const due = this.#next()?.dueMs
    return due === undefined ? undefined : due - this.#monotonicMs
  }

  /** Moves time on and runs what falls due, also what those timers set up within the span. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms
    for (let timer = this.#next(); timer !== undefined && timer.dueMs <= endMs; timer = this.#next()) {
      this.#timers.delete(timer)
      this.#move(timer.dueMs - this.#monotonicMs)
      timer.run()
    }
    this.#move(endMs - this.#monotonicMs)
  }

  /** Like `advance`, but lets promises settle before each timer and after the last one. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await settle()
    for (let timer = this.#next(); timer !== undefined && timer.dueMs <= endMs; timer = this.#next()) {
      this.advance(timer.dueMs - this.#monotonicMs)
      await settle()
    }
    this.advance(endMs - this.#monotonicMs)
    await settle()
  }

  /** Steps the wall clock, as an operator or NTP does; monotonic time and timers stay. */
  setWall(nowMs: number): void {
    this.#wallMs = nowMs
  }

  #move(ms: number): void {
    this.#wallMs += ms
    this.#monotonicMs += ms
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer
    return next
  }
}

/** Lets what is already resolved run on. */
export async function settle(): Promise<void> {
  await new Promise(resolve => {
    setImmediate(resolve)
  })
}
