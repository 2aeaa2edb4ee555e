import type { Cell } from '../model/row.ts'

/** A number that a column of a row had from one sample to another, both included; `to` is Infinity while it still has it. */
export interface Run {
  readonly from: number
  to: number
  readonly value: number
}

/** The runs of one column of one row, the oldest first; where a sample has none, the cell was no number. */
export type Runs = readonly Run[]

interface Moment {
  readonly time: number
  /** The keys of which some run began or ended with this sample. */
  readonly touched: string[]
}

/**
 * The samples a stage looks back on, numbered from 0, and the numbers that rows had in them. A number that stays costs nothing: neither
 * a place nor a look.
 */
export class Past {
  readonly #columnCount: number
  readonly #maxRuns: number
  #moments: Moment[] = []
  /** The number of the sample that `#moments` begins with. */
  #offset = 0
  /** The first sample that counts. */
  #first = 0
  readonly #rows = new Map<string, Run[][]>()
  #runCount = 0
  /** Whether samples were forgotten because of too many runs, and the first that was not. */
  #cutAt: number | undefined

  constructor(columnCount: number, maxRuns: number) {
    this.#columnCount = columnCount
    this.#maxRuns = maxRuns
  }

  /** The number of the last sample; -1: none yet. */
  get last(): number {
    return this.#offset + this.#moments.length - 1
  }
  get first(): number {
    return this.#first
  }
  /** Whether less is known than was to be looked back on, as `maxRuns` was met. */
  get isCut(): boolean {
    return this.#cutAt !== undefined && this.#cutAt >= this.#first
  }

  timeOf(sample: number): number {
    return this.#moments[sample - this.#offset]?.time ?? Number.NaN
  }

  /** The first sample after an instant; one beyond the last where there is none. */
  firstAfter(instant: number): number {
    let sample = this.#first
    while (sample <= this.last && this.timeOf(sample) <= instant) sample++
    return sample
  }

  /** Begins the next sample. */
  add(time: number): void {
    this.#moments.push({ time, touched: [] })
  }

  forgetAll(): void {
    this.#rows.clear()
    this.#moments = []
    this.#offset = this.#first = this.#runCount = 0
    this.#cutAt = undefined
  }

  /** The cells of a row as the last sample has them; undefined: the row has left, and its past with it. */
  set(key: string, cells: readonly Cell[] | undefined): void {
    if (cells === undefined) {
      for (const runs of this.#rows.get(key) ?? []) this.#runCount -= runs.length
      this.#rows.delete(key)
      return
    }
    let columns = this.#rows.get(key)
    if (columns === undefined) {
      columns = Array.from({ length: this.#columnCount }, () => [])
      this.#rows.set(key, columns)
    }
    let touched = false
    for (const [i, runs] of columns.entries()) touched = this.#put(runs, cells[i] ?? null) || touched
    if (touched) this.#moments.at(-1)?.touched.push(key)
  }

  #put(runs: Run[], cell: Cell): boolean {
    const before = runs.at(-1)
    const isOpen = before?.to === Infinity
    const isNumber = typeof cell === 'number' && Number.isFinite(cell)
    if (isOpen ? before.value === cell : !isNumber) return false
    if (isOpen) before.to = this.last - 1
    if (!isNumber) return true
    runs.push({ from: this.last, to: Infinity, value: cell })
    this.#runCount++
    return true
  }

  /** The runs of a column of a row that reach into the samples that count. */
  runsOf(key: string, column: number): Runs {
    return this.#rows.get(key)?.[column] ?? []
  }

  /**
   * Forgets every sample before this one, which never goes back, and more where there are too many runs.
   * @returns the keys whose past is another now, some of them twice.
   */
  forgetBefore(sample: number): readonly string[] {
    const keys: string[] = []
    while (this.#first < sample) this.#forgetFirst(keys)
    while (this.#runCount > this.#maxRuns && this.#first < this.last) {
      this.#forgetFirst(keys)
      this.#cutAt = this.#first
    }
    // In one go now and then: to shift an array for each sample costs its length.
    const spare = this.#first - this.#offset
    if (spare > 1000 && spare > this.#moments.length / 2) {
      this.#moments.splice(0, spare)
      this.#offset = this.#first
    }
    return keys
  }

  /** A run ends before a sample only where that sample touched its key. */
  #forgetFirst(keys: string[]): void {
    this.#first++
    for (const key of this.#moments[this.#first - this.#offset]?.touched ?? []) {
      keys.push(key)
      for (const runs of this.#rows.get(key) ?? []) {
        const kept = runs.findIndex(run => run.to >= this.#first)
        this.#runCount -= runs.splice(0, kept === -1 ? runs.length : kept).length
      }
    }
  }
}
