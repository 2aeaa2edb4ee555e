/** Cancels what was scheduled; calling it again, or after it ran, does nothing. */
export type Cancel = () => void

/** The one source of time. Made in `server.ts` (in the SDK: an option of `connect`) and passed in everywhere. */
export interface Clock {
  /** Wall time in ms since 1970 UTC; may jump. For showing and for timestamps, never for durations. */
  now(): number
  /** Monotonic time in ms from an arbitrary origin. For durations and deadlines. */
  monotonic(): number
  /** Runs `run` once, after at least `delayMs`; delays outside 0 .. 2^31-1 ms are clamped into it. */
  after(delayMs: number, run: () => void): Cancel
}

/** Node and browsers fire a timer with a longer delay at once. */
export const longestDelayMs = 2 ** 31 - 1

/** A delay that a timer can hold; NaN counts as 0. */
export function clampDelay(delayMs: number): number {
  return Math.min(Math.max(Number.isNaN(delayMs) ? 0 : delayMs, 0), longestDelayMs)
}

interface Timers {
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
  performance: { now(): number }
}

/** The clock of this machine; its timers keep a Node process alive like any other. */
export function systemClock(): Clock {
  const timers = globalThis as unknown as Timers
  return {
    now: () => Date.now(),
    monotonic: () => timers.performance.now(),
    after(delayMs, run) {
      const timer = timers.setTimeout(run, clampDelay(delayMs))
      return () => timers.clearTimeout(timer)
    },
  }
}
