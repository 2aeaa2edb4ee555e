import { noHints, type Hints } from '../model/hint.ts'
import { cellOf, type Row } from '../model/row.ts'
import { isMeasure, labelColumn, profileColumns, rowLabel, showNumber, showValue, type ColumnProfile } from './column-profile.ts'
import type { Format } from './format.ts'
import { measureColumns, measureId, type Activity, type TableShape } from './measures.ts'
import { keyOfRow } from './row-lines.ts'
import type { Trail } from './trail.ts'

/** A line of the chart with its value now. */
export interface SubjectLine {
  readonly id: string
  readonly label: string
  readonly text: string
}

const mostLines = 6
const mostColumns = 12
/** Columns of a single row share a chart while none is more than this many times another. */
const likeness = 25

/**
 * What the chart of a feed shows. Of a single row: columns of like size. Of several rows: one column of the first few.
 * Chosen once and then kept: a chart that changes its subject by itself cannot be read.
 */
export class ChartSubject {
  readonly trail: Trail
  readonly #activity: Activity
  #profiles: readonly ColumnProfile[] = []
  #columns: readonly string[] = []
  #column: string | undefined
  /** Chosen by a person, or because the data was seen to move: it stays. */
  #settled = false
  #profile: ColumnProfile | undefined
  #keys: readonly string[] = []
  #single = false
  #lines: readonly SubjectLine[] = []

  constructor(trail: Trail, activity: Activity) {
    this.trail = trail
    this.#activity = activity
  }

  /** The columns to choose from; of a single row: each stands for those of its size. */
  get columns(): readonly string[] {
    return this.#columns
  }

  get column(): string | undefined {
    return this.#column
  }

  get lines(): readonly SubjectLine[] {
    return this.#lines
  }

  /** A value of the chosen column as text, for an axis. */
  text(value: number, format: Format): string {
    if (this.#profile === undefined || this.#profile.kind === 'number') return format.compact(value)
    return showNumber(value, this.#profile, format)
  }

  choose(column: string): void {
    if (!this.#columns.includes(column)) return
    this.#column = column
    this.#settled = true
  }

  /**
   * `shape.rows`: all rows by key, where they are at hand. `known`: whether the values are true now; `timeMs` by this machine's clock,
   * `nowMs` by the server's.
   */
  follow(
    rows: readonly Row[],
    shape: TableShape & { readonly rows?: ReadonlyMap<string, Row> },
    at: { readonly known: boolean; readonly timeMs: number; readonly nowMs: number; readonly format: Format; readonly hints?: Hints },
  ): void {
    const profiles = profileColumns(shape.columns, rows, this.#profiles, at.hints ?? noHints)
    this.#profiles = profiles
    this.#single = rows.length === 1 && profiles.filter(isMeasure).length > 0 && this.#keys.length <= 1
    this.#chooseColumns(shape, profiles)
    const byKey = shape.rows ?? new Map(rows.map(row => [keyOfRow(row, shape.key), row]))
    this.#chooseKeys(rows, shape, byKey)
    const drawn = this.#keys.map(key => byKey.get(key)).filter(row => row !== undefined)
    this.#record(drawn, shape, at)
    this.#lines = this.#single ? this.#columnLines(drawn, shape, profiles, at) : this.#rowLines(drawn, shape, profiles, at)
  }

  #chooseColumns(shape: TableShape, profiles: readonly ColumnProfile[]): void {
    const best = measureColumns(shape, profiles, this.#activity).slice(0, mostColumns)
    if (best.length !== this.#columns.length) this.#columns = profiles.map(({ name }) => name).filter(name => best.includes(name))
    if (!this.#settled || !this.#columns.includes(this.#column ?? '')) this.#column = best[0]
    this.#settled ||= this.#activity.seen
    this.#profile = profiles.find(({ name }) => name === this.#column)
  }

  /** Rows that left make room for the first of the table that are not drawn yet. */
  #chooseKeys(rows: readonly Row[], shape: TableShape, byKey: ReadonlyMap<string, Row>): void {
    const kept = this.#keys.filter(key => byKey.has(key))
    const wanted = Math.min(mostLines, byKey.size)
    for (const row of rows) {
      if (kept.length >= wanted) break
      const key = keyOfRow(row, shape.key)
      if (!kept.includes(key)) kept.push(key)
    }
    this.#keys = kept
  }

  #record(drawn: readonly Row[], shape: TableShape, { known, timeMs }: { readonly known: boolean; readonly timeMs: number }): void {
    if (!known) {
      this.trail.gap(timeMs)
      return
    }
    const values = new Map<string, number>()
    for (const row of drawn) {
      for (const column of this.#columns) {
        const cell = cellOf(row, column)
        if (typeof cell === 'number') values.set(measureId(keyOfRow(row, shape.key), column), cell)
      }
    }
    this.trail.record(timeMs, values)
  }

  #rowLines(
    drawn: readonly Row[],
    shape: TableShape,
    profiles: readonly ColumnProfile[],
    { nowMs, format }: { readonly nowMs: number; readonly format: Format },
  ): readonly SubjectLine[] {
    const profile = profiles.find(({ name }) => name === this.#column)
    const label = labelColumn(profiles, shape.key)
    if (profile === undefined) return []
    return drawn.map(row => {
      const key = keyOfRow(row, shape.key)
      return {
        id: measureId(key, profile.name),
        label: rowLabel(row, label, key),
        text: showValue(cellOf(row, profile.name), profile, nowMs, format),
      }
    })
  }

  #columnLines(
    drawn: readonly Row[],
    shape: TableShape,
    profiles: readonly ColumnProfile[],
    { nowMs, format }: { readonly nowMs: number; readonly format: Format },
  ): readonly SubjectLine[] {
    const row = drawn[0]
    if (row === undefined) return []
    const key = keyOfRow(row, shape.key)
    return profiles
      .filter(({ name }) => this.#columns.includes(name) && this.#alike(row, name))
      .slice(0, mostLines)
      .map(profile => ({
        id: measureId(key, profile.name),
        label: profile.label,
        text: showValue(cellOf(row, profile.name), profile, nowMs, format),
      }))
  }

  /** Whether a column is of the size of the chosen one, so that one axis serves both. */
  #alike(row: Row, column: string): boolean {
    const [chosen, other] = [this.#column ?? '', column].map(name => cellOf(row, name))
    if (column === this.#column) return true
    if (typeof chosen !== 'number' || typeof other !== 'number' || chosen === 0 || other === 0) return chosen === other
    const ratio = Math.abs(chosen / other)
    return ratio < likeness && ratio > 1 / likeness
  }
}
