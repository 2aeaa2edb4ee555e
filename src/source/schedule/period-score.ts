import type { ChangeWindow } from './change-window.ts'

/** How well a period explains the windows in which changes fell. */
export interface PeriodScore {
  /** In nats against changes at any time, of the best phase; -Infinity where none is possible. */
  readonly nats: number
  /** The middle of the best phase, ms from 0 to the period. */
  readonly phaseMs: number
  /** How far the best phase reaches, ms. */
  readonly widthMs: number
}

/** What it costs when a window does not hold the phase, and when a silent span does. */
const missedWindow = 4
const brokenSilence = 3
/** Windows and spans longer than so, as shares of the period, say nothing of the phase. */
const longestWindow = 0.95
const longestSilence = 0.98

/** Events are sorted as one number, place x this + index: so many fit. */
const capacity = 512

/**
 * Scores every phase of a period by one circular sweep. A window that holds the phase is worth -ln(width / period), the
 * surprise of holding it by chance; one that does not costs 4. A silent span between two windows that avoids the phase
 * is worth -ln(1 - span / period), one that holds it costs 3.
 * Where a span goes over the end of the period it is cut in two.
 */
export class PhaseSweep {
  readonly #keys = new Float64Array(capacity)
  readonly #steps = new Float64Array(capacity)
  #events = 0

  /** At most 60 windows, in order of time; each may be off by `toleranceMs` at both ends. */
  score(windows: readonly ChangeWindow[], periodMs: number, toleranceMs: number): PeriodScore {
    this.#events = 0
    let outside = 0
    let silentFrom: number | undefined
    for (const window of windows) {
      const from = window.from - toleranceMs
      const widthMs = window.to + toleranceMs - from
      if (widthMs < longestWindow * periodMs) {
        outside -= missedWindow
        this.#add(from, widthMs, periodMs, missedWindow - Math.log(widthMs / periodMs))
      }
      const spanMs = silentFrom === undefined ? 0 : from - silentFrom
      if (silentFrom !== undefined && spanMs > 0 && spanMs < longestSilence * periodMs) {
        const avoided = -Math.log(1 - spanMs / periodMs)
        outside += avoided
        this.#add(silentFrom, spanMs, periodMs, -avoided - brokenSilence)
      }
      silentFrom = window.to + toleranceMs
    }
    return this.#sweep(outside, periodMs)
  }

  #add(from: number, lengthMs: number, periodMs: number, nats: number): void {
    const start = from - Math.floor(from / periodMs) * periodMs
    const end = start + lengthMs
    this.#put(start, nats)
    if (end < periodMs) this.#put(end, -nats)
    else {
      this.#put(0, nats)
      this.#put(end - periodMs, -nats)
    }
  }

  #put(place: number, step: number): void {
    this.#keys[this.#events] = Math.floor(place) * capacity + this.#events
    this.#steps[this.#events] = step
    this.#events++
  }

  #sweep(outside: number, periodMs: number): PeriodScore {
    const keys = this.#keys.subarray(0, this.#events).sort()
    let best = { nats: Number.NEGATIVE_INFINITY, phaseMs: 0, widthMs: 0 }
    let nats = outside
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? 0
      nats += this.#steps[key % capacity] ?? 0
      const from = Math.floor(key / capacity)
      const to = i + 1 < keys.length ? Math.floor((keys[i + 1] ?? 0) / capacity) : periodMs
      if (nats > best.nats && to > from) best = { nats, phaseMs: (from + to) / 2, widthMs: to - from }
    }
    return best
  }
}
