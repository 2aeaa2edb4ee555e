import type { Source } from './source.ts'

/** What became of one source in a simulation. Delays: from a change to the end of the poll that saw it, ms. */
export interface Result {
  readonly source: Source
  readonly polls: number
  readonly tooMany: number
  /** Polls sent sooner after the last one than `minMs`. */
  readonly tooSoon: number
  readonly changes: number
  readonly meanMs: number
  /** Of the changes in the second half. */
  readonly lateMeanMs: number
  readonly p95Ms: number
  /** Of each change, by when it was, ms since the start. */
  readonly delays: readonly { readonly at: number; readonly ms: number }[]
}

/** Collects what happens to one source. */
export class Tally {
  readonly #source: Source
  readonly #changedAt: readonly number[]
  readonly #delays: { readonly at: number; readonly ms: number }[] = []
  #seen = 0
  #isFirst = true
  #gaugeArea = 0
  #gaugeMs = 0
  #lastSample = 0
  #lastEnd = 0
  polls = 0
  tooMany = 0
  tooSoon = 0

  constructor(source: Source, changedAt: readonly number[]) {
    this.#source = source
    this.#changedAt = changedAt
  }

  /** A good poll ended at `end` and brought all changes up to a count; its sample was taken at `sample`. */
  sample(sample: number, end: number, changes: number): void {
    if (this.#source.isGauge && !this.#isFirst) this.#gaugeAge(end)
    // What had changed before it was first asked was not waited for.
    for (let i = this.#isFirst ? changes : this.#seen; i < changes; i++) {
      const at = this.#changedAt[i] ?? 0
      this.#delays.push({ at, ms: end - at })
    }
    this.#seen = Math.max(this.#seen, changes)
    this.#isFirst = false
    this.#lastSample = sample
    this.#lastEnd = end
  }

  /** What a gauge shows is as old as its sample: the area under its age until the next one. */
  #gaugeAge(end: number): void {
    const [from, to] = [this.#lastEnd - this.#lastSample, end - this.#lastSample]
    this.#gaugeArea += (to * to - from * from) / 2
    this.#gaugeMs += to - from
  }

  result(horizonMs: number): Result {
    const delays = [...this.#delays]
    if (!this.#isFirst) for (const at of this.#changedAt.slice(this.#seen)) if (at < horizonMs) delays.push({ at, ms: horizonMs - at })
    const all = delays.map(({ ms }) => ms)
    const late = delays.filter(({ at }) => at > horizonMs / 2).map(({ ms }) => ms)
    const { polls, tooMany, tooSoon } = this
    const counts = { source: this.#source, polls, tooMany, tooSoon, changes: all.length, delays }
    if (!this.#source.isGauge) return { ...counts, meanMs: mean(all), lateMeanMs: mean(late), p95Ms: quantile(all, 0.95) }
    const meanMs = this.#gaugeArea / this.#gaugeMs
    return { ...counts, meanMs, lateMeanMs: meanMs, p95Ms: meanMs }
  }
}

/** NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
