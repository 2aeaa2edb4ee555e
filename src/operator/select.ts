import type { OrderTerm } from '../model/order.ts'
import { cellOf, rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import { rowByRow } from './row-by-row.ts'
import { valueOf, type RowValue, type Value } from './row-function.ts'
import type { Operator } from './stage.ts'

/** New columns by name, in their order. */
export type NewColumns = ReadonlyMap<string, Value>

/** Columns that stay as they are. */
export function sameColumns(names: readonly string[]): NewColumns {
  return new Map(names.map(name => [name, (row: Row) => cellOf(row, name)]))
}

/** The functions of new columns; one that is called like the key column is left out, as the key stays what it is. */
export function valuesBeside(key: string, columns: NewColumns): readonly (readonly [string, RowValue])[] {
  return [...columns].filter(([name]) => name !== key).map(([name, value]) => [name, valueOf(value)] as const)
}

/** An order as far as its columns are there. */
export function orderWithin(order: readonly OrderTerm[], columns: readonly string[]): readonly OrderTerm[] {
  const missing = order.findIndex(term => !columns.includes(term.column))
  return missing === -1 ? order : order.slice(0, missing)
}

/** Only these columns, each computed from the whole row, and the key, which comes first and stays what it is. */
export function select(columns: NewColumns): Operator {
  return rowByRow(({ key: keyColumn, order }) => {
    const values = valuesBeside(keyColumn, columns)
    const names = [keyColumn, ...values.map(([name]) => name)]
    const selected = (row: Row, key: string): Row => {
      const cells: Record<string, Cell> = {}
      setCell(cells, keyColumn, cellOf(row, keyColumn))
      for (const [name, value] of values) setCell(cells, name, value(row, key))
      return cells
    }
    return { columns: names, order: orderWithin(order, names), row: selected }
  })
}

/** The definition of `select` (L10). */
export function naiveSelect(table: Table, columns: NewColumns): Table {
  const names = [...columns.keys()].filter(name => name !== table.key)
  const rows = [...table.rows].map(([key, row]) => {
    const cells = [...columns].map(([name, value]) => [name, name === table.key ? cellOf(row, name) : valueOf(value)(row, key)] as const)
    return [key, rowOf([[table.key, cellOf(row, table.key)], ...cells])] as const
  })
  const all = [table.key, ...names]
  return { ...table, columns: all, order: orderWithin(table.order, all), rows: new Map(rows) }
}
