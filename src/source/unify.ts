import { changesBetween } from '../model/delta.ts'
import { cellOf, equalRows, rowOf, type Row } from '../model/row.ts'
import type { Changes, Table } from '../model/table.ts'

export interface Unified {
  readonly table: Table
  readonly changes: Changes
}

function grown(before: readonly string[], columns: readonly string[]): readonly string[] {
  const held = new Set(before)
  const added = columns.filter(column => !held.has(column))
  return added.length === 0 ? before : [...before, ...added]
}

/**
 * The next table of a source: rows that did not change keep their object, columns only grow, and another key column
 * begins anew. Where nothing changed it is the same table. Columns of `ignore` count as no change.
 */
export function unify(
  before: Table | undefined,
  key: string,
  columns: readonly string[],
  rows: ReadonlyMap<string, Row>,
  ignore: readonly string[] = [],
): Unified {
  if (before === undefined || before.key !== key) return { table: { key, columns, rows, order: [], kind: 'table' }, changes: 'all' }
  const all = grown(before.columns, columns)
  const compared = ignore.length === 0 ? all : all.filter(column => !ignore.includes(column))
  const kept = new Map<string, Row>()
  let same = rows.size === before.rows.size && all === before.columns
  for (const [name, row] of rows) {
    const old = before.rows.get(name)
    const keeps = old !== undefined && equalRows(old, row, compared)
    if (!keeps) same = false
    kept.set(name, keeps ? old : row)
  }
  if (same) return { table: before, changes: new Map() }
  return { table: { ...before, columns: all, rows: kept }, changes: changesBetween(before.rows, kept) }
}

/** The same for rows that carry their key. */
export function unifyRows(before: Table | undefined, key: string, rows: readonly Row[]): Unified {
  const first = rows[0]
  const columns = first === undefined ? [key] : [...new Set([key, ...rows.flatMap(row => Object.keys(row))])]
  return unify(before, key, columns, new Map(rows.map(row => [String(cellOf(row, key)), rowOf(Object.entries(row))])))
}
