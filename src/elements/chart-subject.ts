import { noHints, type Hints } from '../model/hint.ts'
import { cellOf, type Row } from '../model/row.ts'
import { quantityOf } from './column-kind.ts'
import { isMeasure, labelColumn, profileColumns, rowLabel, showValue, type ColumnProfile } from './column-profile.ts'
import { measureColumns, measureId, type Activity } from './measures.ts'
import { keyOfRow } from './row-lines.ts'
import { mostLines, Subject, type SubjectColumn, type SubjectLine, type SubjectMoment, type SubjectTable } from './subject.ts'
import type { Trail } from './trail.ts'

const mostColumns = 12
/** Columns of a single row share a chart while none is more than this many times another. */
const likeness = 25
/** Rows share it likewise: they are of one column, and may differ more. */
const rowLikeness = 1000

function areAlike(a: number, b: number, times: number): boolean {
  const ratio = Math.abs(a / b)
  return ratio < times && ratio > 1 / times
}

/**
 * What the chart of a feed shows that holds only what is now. Of a single row: columns of like size. Of several rows: one column of
 * the first few. Chosen once and then kept: a chart that changes its subject by itself cannot be read.
 */
export class ChartSubject extends Subject {
  readonly trail: Trail
  readonly whole = false
  readonly #activity: Activity
  /** What somebody asked for by name, though it be hidden; empty: nothing. */
  readonly #asked: string
  #profiles: readonly ColumnProfile[] = []
  #columns: readonly SubjectColumn[] = []
  #column: string | undefined
  /** Chosen by a person, or because the data was seen to move: it stays. */
  #settled = false
  #keys: readonly string[] = []
  #single = false
  /** What was followed last: of the same rows only time goes on. */
  #rows: readonly Row[] | undefined
  #hints: Hints = noHints
  #drawn: readonly Row[] = []

  constructor(trail: Trail, activity: Activity, asked = '') {
    super()
    this.trail = trail
    this.#activity = activity
    this.#asked = asked
  }

  /** Of a single row each stands for those of its size. */
  get columns(): readonly SubjectColumn[] {
    return this.#columns
  }

  get column(): string | undefined {
    return this.#column
  }

  choose(column: string): void {
    if (!this.#columns.some(({ name }) => name === column)) return
    this.#column = column
    this.#settled = true
    this.#rows = undefined
  }

  follow(rows: readonly Row[], table: SubjectTable, at: SubjectMoment): void {
    const { hints = noHints } = at
    if (rows !== this.#rows || hints !== this.#hints) this.#look(rows, table, at, hints)
    this.#record(table, at)
  }

  #look(rows: readonly Row[], table: SubjectTable, at: SubjectMoment, hints: Hints): void {
    this.#rows = rows
    this.#hints = hints
    const profiles = profileColumns(table.columns, rows, this.#profiles, hints)
    this.#profiles = profiles
    this.#single = rows.length === 1 && profiles.filter(isMeasure).length > 0 && this.#keys.length <= 1
    this.#chooseColumns(rows, table, profiles)
    const byKey = table.rows ?? new Map(rows.map(row => [keyOfRow(row, table.key), row]))
    this.#chooseKeys(rows, table, byKey)
    this.#drawn = this.#keys.map(key => byKey.get(key)).filter(row => row !== undefined)
    this.held = this.#single ? this.#columnLines(table, profiles, at) : this.#rowLines(table, profiles, at)
  }

  #chooseColumns(rows: readonly Row[], table: SubjectTable, profiles: readonly ColumnProfile[]): void {
    const asked = rows.some(row => quantityOf(cellOf(row, this.#asked)) !== undefined) ? this.#asked : undefined
    const best = measureColumns(table, profiles, this.#activity).slice(0, mostColumns)
    if (asked !== undefined && !best.includes(asked)) best.push(asked)
    const labels = new Map(profiles.map(({ name, label }) => [name, label]))
    if (best.length !== this.#columns.length || this.#columns.some(({ name, label }) => labels.get(name) !== label))
      this.#columns = profiles.filter(({ name }) => best.includes(name)).map(({ name, label }) => ({ name, label }))
    if (!this.#settled || !best.includes(this.#column ?? '')) this.#column = asked ?? best[0]
    this.#settled ||= asked !== undefined || this.#activity.seen
    this.profile = profiles.find(({ name }) => name === this.#column)
  }

  /** Rows that left make room for the first of the table that are not drawn yet, and whose values one axis can serve. */
  #chooseKeys(rows: readonly Row[], table: SubjectTable, byKey: ReadonlyMap<string, Row>): void {
    const kept = this.#keys.filter(key => byKey.has(key))
    const valueOf = (row: Row | undefined): number => (row === undefined ? 0 : (quantityOf(cellOf(row, this.#column ?? '')) ?? 0))
    const first = valueOf(byKey.get(kept[0] ?? '') ?? rows[0])
    const others: string[] = []
    for (const row of rows) {
      if (kept.length >= mostLines) break
      const key = keyOfRow(row, table.key)
      if (kept.includes(key)) continue
      const value = valueOf(row)
      if (first === 0 || value === 0 || areAlike(first, value, rowLikeness)) kept.push(key)
      else others.push(key)
    }
    // Of two rows that are not alike both are drawn: there is nothing else to choose.
    this.#keys = kept.length > 1 ? kept : [...kept, ...others].slice(0, mostLines)
  }

  #record(table: SubjectTable, { known, timeMs }: SubjectMoment): void {
    if (!known) {
      this.trail.gap(timeMs)
      return
    }
    const values = new Map<string, number>()
    for (const row of this.#drawn) {
      for (const { name } of this.#columns) {
        const value = quantityOf(cellOf(row, name))
        if (value !== undefined) values.set(measureId(keyOfRow(row, table.key), name), value)
      }
    }
    this.trail.record(timeMs, values)
  }

  #rowLines(table: SubjectTable, profiles: readonly ColumnProfile[], { nowMs, format }: SubjectMoment): readonly SubjectLine[] {
    const { profile } = this
    const label = labelColumn(profiles, table.key)
    if (profile === undefined) return []
    return this.#drawn.map(row => {
      const key = keyOfRow(row, table.key)
      return {
        id: measureId(key, profile.name),
        label: rowLabel(row, label, key),
        text: showValue(cellOf(row, profile.name), profile, nowMs, format),
      }
    })
  }

  #columnLines(table: SubjectTable, profiles: readonly ColumnProfile[], { nowMs, format }: SubjectMoment): readonly SubjectLine[] {
    const row = this.#drawn[0]
    if (row === undefined) return []
    const key = keyOfRow(row, table.key)
    const names = new Set(this.#columns.map(({ name }) => name))
    return profiles
      .filter(({ name }) => names.has(name) && this.#alike(row, name))
      .slice(0, mostLines)
      .map(profile => ({
        id: measureId(key, profile.name),
        label: profile.label,
        text: showValue(cellOf(row, profile.name), profile, nowMs, format),
      }))
  }

  /** Whether a column is of the size of the chosen one, so that one axis serves both. */
  #alike(row: Row, column: string): boolean {
    const [chosen, other] = [this.#column ?? '', column].map(name => quantityOf(cellOf(row, name)))
    if (column === this.#column) return true
    if (chosen === undefined || other === undefined || chosen === 0 || other === 0) return chosen === other
    return areAlike(chosen, other, likeness)
  }
}
