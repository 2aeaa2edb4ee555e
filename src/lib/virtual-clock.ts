import { clampDelay, type Cancel, type Clock } from './clock.ts'

interface Timer {
  readonly dueMs: number
  readonly run: () => void
}

/** A clock that stands still until it is moved; timers run inside `advance`, in the order of their due times. */
export class VirtualClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  readonly #timers = new Set<Timer>()

  /** `nowMs`: what it says at first, ms since 1970 UTC. */
  constructor(nowMs: number) {
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
    while (this.#stepUntil(endMs));
    this.#move(endMs - this.#monotonicMs)
  }

  /** Moves on to the timer that is due next and runs it alone, where it is due within `ms`. @returns whether it did */
  step(ms: number): boolean {
    return this.#stepUntil(this.#monotonicMs + ms)
  }

  /** Steps the wall clock, as an operator or NTP does; monotonic time and timers stay. */
  setWall(nowMs: number): void {
    this.#wallMs = nowMs
  }

  #stepUntil(endMs: number): boolean {
    const timer = this.#next()
    if (timer === undefined || timer.dueMs > endMs) return false
    this.#timers.delete(timer)
    this.#move(timer.dueMs - this.#monotonicMs)
    timer.run()
    return true
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
