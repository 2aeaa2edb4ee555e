import { clampDelay, type Cancel, type Clock } from './clock.ts'

export interface Pace {
  /** What it shows at first, ms since 1970 UTC. */
  readonly startMs: number
  /** How many times faster than the other clock it goes. */
  readonly speed: number
  /** After so many ms of its own it stands still, and timers that are due later never run. */
  readonly endMs: number
}

/** A clock that goes faster or slower than another one, and ends. */
export function pacedClock(clock: Clock, { startMs, speed, endMs }: Pace): Clock {
  const began = clock.monotonic()
  const monotonic = (): number => Math.min((clock.monotonic() - began) * speed, endMs)
  return {
    now: () => Math.floor(startMs + monotonic()),
    monotonic,
    after(delayMs, run) {
      const dueMs = monotonic() + clampDelay(delayMs)
      if (dueMs > endMs) return () => undefined
      let cancel: Cancel = () => undefined
      // Timers hold whole ms, and one that is early by a part of one would be so by many of this clock.
      const wait = (): void => {
        cancel = clock.after(Math.ceil((dueMs - monotonic()) / speed), () => (monotonic() < dueMs ? wait() : run()))
      }
      wait()
      return () => cancel()
    },
  }
}

/** Shows whole ms, as the clock of any machine does. */
export function inWholeMs(clock: Clock): Clock {
  return {
    now: () => Math.floor(clock.now()),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run): Cancel => clock.after(delayMs, run),
  }
}

/** Shows the time of one clock, and measures by another: for whoever lives on this machine but is told of another time. */
export function shownBy(shown: Clock, measured: Clock): Clock {
  return {
    now: () => shown.now(),
    monotonic: () => measured.monotonic(),
    after: (delayMs, run): Cancel => measured.after(delayMs, run),
  }
}
