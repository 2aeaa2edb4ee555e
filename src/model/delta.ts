import { cellOf, equalCells, rowOf, type Cell, type Row } from './row.ts'
import type { Changes, Table } from './table.ts'

/**
 * The net difference between two versions of a table.
 * `set`: changed cells by key; a missing member is unchanged, and on a key the reader does not hold, null.
 * A row that may replace another of the same key carries every column, nulls written out.
 * `del`: keys that left; deleting an absent key is nothing. No key is in both.
 */
export interface Delta {
  /** The whole list of columns after the delta. */
  readonly columns: readonly string[]
  readonly set: ReadonlyMap<string, Row>
  readonly del: ReadonlySet<string>
}

/** Nothing changes: no row, no column beyond `columns`. */
export function isNothing(delta: Delta, columns: readonly string[]): boolean {
  return delta.set.size === 0 && delta.del.size === 0 && delta.columns.length === columns.length
}

function changedCells(a: Row, b: Row, columns: readonly string[]): [string, Cell][] {
  const cells: [string, Cell][] = []
  for (const column of columns) {
    const cell = cellOf(b, column)
    if (!equalCells(cellOf(a, column), cell)) cells.push([column, cell])
  }
  return cells
}

/** The delta from `a` to `b`: `apply(a, diff(a, b))` is `b` (L1). Columns of `b` must begin with those of `a`. */
export function diff(a: Table, b: Table): Delta {
  const set = new Map<string, Row>()
  const del = new Set<string>()
  for (const [key, row] of b.rows) {
    const before = a.rows.get(key)
    if (before === row) continue
    if (before === undefined) set.set(key, withoutNulls(row, b.columns))
    else {
      const cells = changedCells(before, row, b.columns)
      if (cells.length > 0) set.set(key, rowOf(cells))
    }
  }
  for (const key of a.rows.keys()) if (!b.rows.has(key)) del.add(key)
  return { columns: b.columns, set, del }
}

function withoutNulls(row: Row, columns: readonly string[]): Row {
  return rowOf(columns.map(column => [column, cellOf(row, column)] as const).filter(([, cell]) => cell !== null))
}

/** The table after the delta; `table` itself stays as it is, untouched rows keep their identity. */
export function apply(table: Table, delta: Delta): Table {
  const rows = new Map(table.rows)
  for (const [key, cells] of delta.set) rows.set(key, { ...rows.get(key), ...cells })
  for (const key of delta.del) rows.delete(key)
  return { ...table, columns: delta.columns, rows }
}

function everyCell(cells: Row, columns: readonly string[]): Row {
  return rowOf(columns.map(column => [column, cellOf(cells, column)] as const))
}

/**
 * One delta with the effect of `a` and then `b` (L2). It defines what a net delta is and is the oracle of tests;
 * what serves readers is the store.
 */
export function compose(a: Delta, b: Delta): Delta {
  const set = new Map(a.set)
  const del = new Set(a.del)
  for (const [key, cells] of b.set) {
    set.set(key, del.delete(key) ? everyCell(cells, b.columns) : { ...set.get(key), ...cells })
  }
  for (const key of b.del) {
    set.delete(key)
    del.add(key)
  }
  return { columns: b.columns, set, del }
}

/** What tells two tables of one stage apart, by identity of rows: the changes a sample carries. */
export function changesBetween(before: ReadonlyMap<string, Row>, after: ReadonlyMap<string, Row>): Exclude<Changes, 'all'> {
  const changes = new Map<string, Row | undefined>()
  for (const [key, row] of after) {
    const previous = before.get(key)
    if (previous !== row) changes.set(key, previous)
  }
  for (const [key, row] of before) if (!after.has(key)) changes.set(key, row)
  return changes
}
