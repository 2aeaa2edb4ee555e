import { cellOf, copyOf, rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import { grownColumns } from './output.ts'
import { rowByRow } from './row-by-row.ts'
import { valueOf } from './row-function.ts'
import { valuesBeside, type NewColumns } from './select.ts'
import type { Operator } from './stage.ts'

/**
 * These columns beside all others, each computed from the row that came in. One that is called like a column of the input
 * takes its place; the key stays what it is.
 */
export function derive(columns: NewColumns): Operator {
  return rowByRow(({ key: keyColumn, columns: before, order }) => {
    const values = valuesBeside(keyColumn, columns)
    const derived = (row: Row, key: string): Row => {
      const cells = copyOf(row)
      for (const [name, value] of values) setCell(cells, name, value(row, key))
      return cells
    }
    const names = values.map(([name]) => name)
    return { columns: grownColumns(before, names), order, row: derived }
  })
}

/** The definition of `derive` (L10). */
export function naiveDerive(table: Table, columns: NewColumns): Table {
  const names = [...columns.keys()]
  const all = [...table.columns, ...names.filter(name => !table.columns.includes(name))]
  const cellFor = (row: Row, key: string, name: string): Cell => {
    const value = name === table.key ? undefined : columns.get(name)
    return value === undefined ? cellOf(row, name) : valueOf(value)(row, key)
  }
  const rows = [...table.rows].map(([key, row]) => [key, rowOf(all.map(name => [name, cellFor(row, key, name)] as const))] as const)
  return { ...table, columns: all, rows: new Map(rows) }
}
