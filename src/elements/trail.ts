export interface TrailOptions {
  /** What is older is forgotten, in ms. */
  readonly windowMs: number
  /** Values that follow closer than this replace the last point, in ms. */
  readonly stepMs: number
}

/** By less than so many ms a clock is not set back, but read late. */
const setBackMs = 1000

/** What a chart draws: one time axis, a line per id. */
export interface ChartData {
  /** In ms, ascending. */
  readonly times: readonly number[]
  /** As long as `times`; null where nothing is known. */
  line(id: string): readonly (number | null)[]
}

/** The last minutes of some numbers, built from live values: one time axis, a line per id, null where there is a gap. */
export class Trail implements ChartData {
  readonly #options: TrailOptions
  readonly #times: number[] = []
  readonly #lines = new Map<string, (number | null)[]>()
  /** Where the point that may still be replaced began. */
  #stepFrom = Number.NEGATIVE_INFINITY

  constructor(options: TrailOptions) {
    this.#options = options
  }

  /** Times in ms, ascending. */
  get times(): readonly number[] {
    return this.#times
  }

  /** As long as `times`; all null for an id that was never recorded. */
  line(id: string): readonly (number | null)[] {
    return this.#lines.get(id) ?? this.#times.map(() => null)
  }

  /**
   * Adds a point. What did not change moves its last point along instead, so that a value that stood still
   * and then jumped is drawn as that, never as a slope.
   */
  record(timeMs: number, values: ReadonlyMap<string, number>): void {
    for (const id of values.keys())
      if (!this.#lines.has(id))
        this.#lines.set(
          id,
          this.#times.map(() => null),
        )
    const aheadMs = (this.#times.at(-1) ?? timeMs) - timeMs
    if (aheadMs > setBackMs) this.#setBack(aheadMs)
    else if (aheadMs > 0) return
    const replace = timeMs - this.#stepFrom < this.#options.stepMs || (this.#holds(values, 1) && this.#holds(values, 2))
    if (replace) this.#drop()
    else this.#stepFrom = timeMs
    this.#times.push(timeMs)
    for (const [id, line] of this.#lines) line.push(values.get(id) ?? null)
    this.#forget(timeMs - this.#options.windowMs)
  }

  /** From here on nothing is known, until the next record. */
  gap(timeMs: number): void {
    if (this.#times.length === 0 || this.#holds(new Map(), 1)) return
    this.#stepFrom = Number.NEGATIVE_INFINITY
    this.record(timeMs, new Map())
    this.#stepFrom = Number.NEGATIVE_INFINITY
  }

  /** The clock was set back: what is held ends where it is now. */
  #setBack(byMs: number): void {
    this.#times.forEach((time, i) => (this.#times[i] = time - byMs))
    this.#stepFrom -= byMs
  }

  /** Whether the point that many back is the same as `values`. */
  #holds(values: ReadonlyMap<string, number>, back: number): boolean {
    if (this.#times.length < back) return false
    for (const [id, line] of this.#lines) if ((line.at(-back) ?? null) !== (values.get(id) ?? null)) return false
    return true
  }

  #drop(): void {
    this.#times.pop()
    for (const line of this.#lines.values()) line.pop()
  }

  #forget(beforeMs: number): void {
    const kept = this.#times.findIndex(time => time >= beforeMs)
    // One point before the window stays, or the line would begin late.
    if (kept < 2) return
    this.#times.splice(0, kept - 1)
    for (const [id, line] of this.#lines) {
      line.splice(0, kept - 1)
      if (line.every(value => value === null)) this.#lines.delete(id)
    }
  }
}

/** The trails of what was looked at lately, so that going there and back loses nothing. */
export class Trails {
  readonly #most: number
  readonly #options: TrailOptions
  readonly #trails = new Map<string, Trail>()

  constructor(options: TrailOptions, most: number) {
    this.#options = options
    this.#most = most
  }

  of(name: string): Trail {
    const trail = this.#trails.get(name) ?? new Trail(this.#options)
    this.#trails.delete(name)
    this.#trails.set(name, trail)
    for (const oldest of this.#trails.keys()) {
      if (this.#trails.size <= this.#most) break
      this.#trails.delete(oldest)
    }
    return trail
  }
}
