import { equalCells, type Cell, type Row } from '../model/row.ts'
import type { Accumulator } from './accumulator.ts'
import type { Aggregate } from './aggregate.ts'
import { Panes, start } from './pane.ts'
import { valueOf, type RowValue } from './row-function.ts'
import type { SavedRow, SavedRows } from './saved-window.ts'
import type { WindowAxis } from './window-axis.ts'

/** The rows of a window: which there are, which need a look, and what they come to. */
export interface WindowRows {
  /** Begins a sample, after the axis moved to it. */
  begin(now: number): void
  /** A row of the sample that may have changed; undefined: it has left. */
  set(key: string, row: Row | undefined): void
  /** The keys whose aggregates may be others now. */
  touched(): Iterable<string>
  /** The aggregates of a row; undefined: the window has nothing of it. */
  look(key: string): readonly Cell[] | undefined
  /** Every row that it holds anything of. */
  readonly keys: ReadonlyMap<string, unknown>
  /** Every row of the table, as far as it is held. */
  readonly present: ReadonlyMap<string, unknown>
  /** How many rows came too late for the window that is shown. */
  readonly late: number
  forget(): void
  /** Its rows one by one, while nothing changes. */
  save(): Pick<SavedRows, 'last' | 'counts'> & { readonly rows: Iterable<SavedRow> }
  /** Takes up what `save` gave, while it has no rows and after its axis has. @returns false where that is of another window. */
  restore(saved: SavedRows): boolean
}

/** Stands for a row of a run before: no row of a table is it. */
export const formerRow: Row = {}

/** Values that a row had in the samples from `from` on. */
interface Run {
  row: Row
  readonly cells: readonly Cell[]
  readonly from: number
}

interface Sampled {
  readonly panes: Panes
  run: Run | undefined
}

/** `count` and `sum` of a row that stays rise with each sample; all other aggregates of it stay as well. */
export function grows({ name }: Aggregate): boolean {
  return name === 'count' || name === 'sum'
}

const counted: RowValue = () => true

/** What the aggregates take of a row. */
export function valuesOf(aggregates: readonly Aggregate[]): readonly RowValue[] {
  return aggregates.map(({ value }) => (value === undefined ? counted : valueOf(value)))
}

/**
 * Rows that count in every sample they are in. What stays is a run, and put into panes only once it ends: a row whose window holds one
 * value costs nothing.
 */
export class SampledRows implements WindowRows {
  readonly late = 0
  readonly keys = new Map<string, Sampled>()
  readonly #aggregates: readonly Aggregate[]
  readonly #values: readonly RowValue[]
  readonly #axis: WindowAxis
  /** Those of the row that is looked at. */
  readonly #sums: readonly Accumulator[]
  readonly #growing: readonly boolean[]
  readonly #grow: boolean
  /** The number of the last sample. */
  #last = -1
  /** By pane the number of its first sample. */
  #firsts: { readonly pane: number; readonly sample: number }[] = []
  /** Rows that are no lone run. */
  readonly #unsettled = new Set<string>()

  constructor(aggregates: readonly Aggregate[], axis: WindowAxis) {
    this.#aggregates = aggregates
    this.#values = valuesOf(aggregates)
    this.#axis = axis
    this.#sums = start(aggregates)
    this.#growing = aggregates.map(grows)
    this.#grow = this.#growing.includes(true)
  }

  get present(): ReadonlyMap<string, unknown> {
    return this.keys
  }

  begin(): void {
    this.#last++
    const { current, oldest } = this.#axis
    if (this.#firsts.at(-1)?.pane !== current) this.#firsts.push({ pane: current, sample: this.#last })
    while ((this.#firsts[0]?.pane ?? oldest) < oldest) this.#firsts.shift()
  }

  set(key: string, row: Row | undefined): void {
    const held = this.keys.get(key)
    if (held?.run === undefined ? row === undefined : held.run.row === row) return
    const cells = row === undefined ? undefined : this.#values.map(value => value(row, key))
    if (row !== undefined && held?.run !== undefined && cells?.every((cell, i) => equalCells(cell, held.run?.cells[i] ?? null))) {
      held.run.row = row
      return
    }
    const next = held ?? { panes: new Panes(this.#aggregates), run: undefined }
    if (next.run !== undefined) this.#end(next.panes, next.run)
    next.run = row === undefined || cells === undefined ? undefined : { row, cells, from: this.#last }
    this.keys.set(key, next)
    this.#unsettled.add(key)
  }

  touched(): Iterable<string> {
    return this.#grow ? this.keys.keys() : this.#unsettled
  }

  look(key: string): readonly Cell[] | undefined {
    const held = this.keys.get(key)
    if (held === undefined) return undefined
    const { panes, run } = held
    panes.dropBefore(this.#axis.oldest)
    if (panes.isEmpty && run !== undefined) this.#unsettled.delete(key)
    for (const sum of this.#sums) sum.clear()
    const isAny = panes.mergeInto(this.#sums, this.#axis.current)
    if (run === undefined && !isAny) {
      this.keys.delete(key)
      this.#unsettled.delete(key)
      return undefined
    }
    if (run !== undefined) {
      const times = this.#last - this.#begin(run) + 1
      // The average of what stays is that, without what rounding makes of it.
      for (let i = 0; i < this.#sums.length; i++) this.#sums[i]?.add(run.cells[i] ?? null, isAny || this.#growing[i] === true ? times : 1)
    }
    return this.#sums.map(sum => sum.result())
  }

  forget(): void {
    this.keys.clear()
    this.#unsettled.clear()
    this.#firsts = []
  }

  save(): Pick<SavedRows, 'last' | 'counts'> & { readonly rows: Iterable<SavedRow> } {
    return { rows: this.#saved(), last: this.#last, counts: this.#firsts.map(({ pane, sample }) => [pane, sample] as const) }
  }

  *#saved(): Generator<SavedRow> {
    for (const [key, { panes, run }] of this.keys)
      yield { key, panes: panes.save(), ...(run === undefined ? {} : { now: [run.from, run.cells] as const }) }
  }

  restore({ last, counts, rows }: SavedRows): boolean {
    this.#last = last
    this.#firsts = counts.map(([pane, sample]) => ({ pane, sample }))
    return rows.every(({ key, panes: saved, now }) => {
      const panes = new Panes(this.#aggregates)
      this.keys.set(key, { panes, run: now === undefined ? undefined : { row: formerRow, from: now[0] ?? 0, cells: now[1] } })
      if (saved.length > 0 || now === undefined) this.#unsettled.add(key)
      return panes.restore(saved) && (now === undefined || now[1].length === this.#aggregates.length)
    })
  }

  /** The first sample of a run that the window holds. */
  #begin(run: Run): number {
    return Math.max(run.from, this.#firsts[0]?.sample ?? 0)
  }

  /** Puts what a run gave, up to the sample before this one, into its panes. */
  #end(panes: Panes, run: Run): void {
    let end = this.#last
    // Most began in one of the last panes.
    for (let i = this.#firsts.length - 1; i >= 0 && end > run.from; i--) {
      const { pane, sample } = this.#firsts[i] ?? { pane: 0, sample: 0 }
      const times = end - Math.max(sample, run.from)
      if (times > 0) panes.add(pane, run.cells, times)
      end = Math.min(end, sample)
    }
  }
}
