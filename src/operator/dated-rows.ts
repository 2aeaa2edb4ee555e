import { equalCells, type Cell, type Row } from '../model/row.ts'
import type { Accumulator } from './accumulator.ts'
import type { Aggregate } from './aggregate.ts'
import { Panes, start } from './pane.ts'
import type { RowValue } from './row-function.ts'
import { formerRow, valuesOf, type WindowRows } from './sampled-rows.ts'
import type { SavedRow, SavedRows } from './saved-window.ts'
import type { WindowAxis } from './window-axis.ts'

interface Counted {
  readonly row: Row
  readonly time: number | undefined
  readonly cells: readonly Cell[]
}

/** When a row happened, ms since 1970, of a number or a text of ISO 8601; undefined where the cell is neither. */
export function timeOf(cell: Cell): number | undefined {
  const time = typeof cell === 'string' ? Date.parse(cell) : cell
  return typeof time === 'number' && Number.isFinite(time) ? time : undefined
}

function nowOf({ time, cells }: Counted): NonNullable<SavedRow['now']> {
  return [time ?? null, cells]
}

/** Rows that count once, at a time of their own, and again when that or what is counted changes; one without a time when it is seen. */
export class DatedRows implements WindowRows {
  readonly keys = new Map<string, Panes>()
  readonly #aggregates: readonly Aggregate[]
  /** Those of the row that is looked at. */
  readonly #sums: readonly Accumulator[]
  readonly #values: readonly RowValue[]
  readonly #time: RowValue
  readonly #axis: WindowAxis
  /** As they were counted. */
  readonly present = new Map<string, Counted>()
  /** By pane the rows that it holds anything of. */
  readonly #rowsOf = new Map<number, Set<string>>()
  readonly #touched = new Set<string>()
  /** By pane how many rows came too late while it was the current one. */
  readonly #late = new Map<number, number>()
  #now = 0
  #oldest = Number.NaN
  #current = Number.NaN
  #isFirst = true
  /** Rows that a run before had counted are not known: at the first sample none of them is late. */
  #isCut = false

  constructor(aggregates: readonly Aggregate[], time: RowValue, axis: WindowAxis) {
    this.#aggregates = aggregates
    this.#sums = start(aggregates)
    this.#values = valuesOf(aggregates)
    this.#time = time
    this.#axis = axis
  }

  get late(): number {
    return [...this.#late.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Where the window moves on, it is others for the rows of the panes that leave it and of those that it reaches. */
  begin(now: number): void {
    const { oldest, current } = this.#axis
    this.#isFirst = Number.isNaN(this.#current) || this.#isCut
    this.#isCut = false
    this.#now = now
    this.#touched.clear()
    for (const [pane, keys] of this.#rowsOf) {
      if (pane >= oldest && (pane <= this.#current || pane > current)) continue
      for (const key of keys) this.#touched.add(key)
      if (pane < oldest) this.#rowsOf.delete(pane)
    }
    for (const pane of this.#late.keys()) if (pane < oldest) this.#late.delete(pane)
    this.#oldest = oldest
    this.#current = current
  }

  set(key: string, row: Row | undefined): void {
    const before = this.present.get(key)
    if (row === undefined) this.present.delete(key)
    if (row === undefined || before?.row === row) return
    const time = timeOf(this.#time(row, key))
    const cells = this.#values.map(value => value(row, key))
    this.present.set(key, { row, time, cells })
    const isSame = before?.time === time && before !== undefined && cells.every((cell, i) => equalCells(cell, before.cells[i] ?? null))
    if (!isSame) this.#count(key, this.#axis.paneAt(time ?? Infinity, this.#now), cells)
  }

  touched(): Iterable<string> {
    return this.#touched
  }

  look(key: string): readonly Cell[] | undefined {
    const panes = this.keys.get(key)
    panes?.dropBefore(this.#oldest)
    if (panes?.isEmpty === true) this.keys.delete(key)
    for (const sum of this.#sums) sum.clear()
    return panes?.mergeInto(this.#sums, this.#current) === true ? this.#sums.map(sum => sum.result()) : undefined
  }

  forget(): void {
    this.keys.clear()
    this.present.clear()
    this.#rowsOf.clear()
    this.#late.clear()
    this.#oldest = this.#current = Number.NaN
  }

  save(): Pick<SavedRows, 'last' | 'counts'> & { readonly rows: Iterable<SavedRow> } {
    return { rows: this.#saved(), last: 0, counts: [...this.#late] }
  }

  *#saved(): Generator<SavedRow> {
    for (const [key, panes] of this.keys) {
      const counted = this.present.get(key)
      yield { key, panes: panes.save(), ...(counted === undefined ? {} : { now: nowOf(counted) }) }
    }
    for (const [key, counted] of this.present) if (!this.keys.has(key)) yield { key, panes: [], now: nowOf(counted) }
  }

  restore({ counts, rows, isCut }: SavedRows): boolean {
    this.#oldest = this.#axis.oldest
    this.#current = this.#axis.current
    this.#isCut = isCut
    for (const [pane, count] of counts) this.#late.set(pane, count)
    return rows.every(({ key, panes: saved, now }) => {
      if (now !== undefined) this.present.set(key, { row: formerRow, time: now[0] ?? undefined, cells: now[1] })
      const panes = new Panes(this.#aggregates)
      if (saved.length > 0) this.keys.set(key, panes)
      for (const [pane] of saved) this.#rowsOf.set(pane, (this.#rowsOf.get(pane) ?? new Set()).add(key))
      return panes.restore(saved) && (now === undefined || now[1].length === this.#aggregates.length)
    })
  }

  #count(key: string, pane: number, cells: readonly Cell[]): void {
    if (pane < this.#oldest) {
      // What lies before the first sample is not late: there was no window for it.
      if (!this.#isFirst) this.#late.set(this.#current, (this.#late.get(this.#current) ?? 0) + 1)
      return
    }
    let panes = this.keys.get(key)
    if (panes === undefined) {
      panes = new Panes(this.#aggregates)
      this.keys.set(key, panes)
    }
    panes.add(pane, cells)
    const keys = this.#rowsOf.get(pane) ?? new Set()
    this.#rowsOf.set(pane, keys.add(key))
    this.#touched.add(key)
  }
}
