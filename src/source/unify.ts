import { keyOf } from '../model/key.ts'
import { cellOf, type Row } from '../model/row.ts'
import { noChanges, type Changes, type Table } from '../model/table.ts'
import { rowSettler, type ChangeRules } from './settle-row.ts'

export interface Unified {
  readonly table: Table
  readonly changes: Changes
}

/** A table that begins anew, or goes on with the same key. */
export interface Incoming {
  readonly key: string
  readonly columns: readonly string[]
  /** Taken over: the table's own from now on. */
  readonly rows: Map<string, Row>
}

function grown(before: readonly string[], columns: readonly string[]): readonly string[] {
  const held = new Set(before)
  const added = columns.filter(column => !held.has(column))
  return added.length === 0 ? before : [...before, ...added]
}

export interface UnifyOptions extends ChangeRules {
  /** Most columns that the answers may have together; default: any number. */
  readonly maxColumns?: number
}

/**
 * The next table of a source: rows that did not change keep their object, and columns only grow. Another key column
 * begins anew, and so does an answer that brings the columns over their limit: those that nothing has any more go.
 * Where nothing changed it is the same table.
 */
export function unify(before: Table | undefined, incoming: Incoming, options: UnifyOptions = {}): Unified {
  const { key, rows } = incoming
  const { maxColumns = Number.POSITIVE_INFINITY } = options
  const columns = before === undefined ? incoming.columns : grown(before.columns, incoming.columns)
  if (before === undefined || before.key !== key || columns.length > Math.max(maxColumns, before.columns.length))
    return { table: { key, columns: incoming.columns, rows, order: [], kind: 'table' }, changes: 'all' }
  const settle = rowSettler(columns, options)
  const changes = new Map<string, Row | undefined>()
  let kept = 0
  for (const [name, row] of rows) {
    const old = before.rows.get(name)
    if (old !== undefined) kept++
    const settled = old === undefined ? row : settle(old, row)
    if (settled !== row) rows.set(name, settled)
    if (settled !== old) changes.set(name, old)
  }
  if (kept < before.rows.size) for (const [name, row] of before.rows) if (!rows.has(name)) changes.set(name, row)
  if (changes.size === 0 && columns === before.columns) return { table: before, changes: noChanges }
  return { table: { ...before, columns, rows }, changes }
}

/** The same for rows that carry their key in the column `key`; a row without one is left out. */
export function unifyRows(before: Table | undefined, key: string, rows: readonly Row[]): Unified {
  const keyed = new Map<string, Row>()
  const columns = new Set([key])
  for (const row of rows) {
    for (const column of Object.keys(row)) columns.add(column)
    const name = keyOf(cellOf(row, key))
    if (name !== undefined) keyed.set(name, row)
  }
  return unify(before, { key, columns: [...columns], rows: keyed })
}
