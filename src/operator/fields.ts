import { cellOf, rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import { rowByRow } from './row-by-row.ts'
import type { Operator } from './stage.ts'

type Header = Pick<Table, 'key' | 'columns' | 'order'>

function kept({ key, columns, order }: Header, fields: ReadonlySet<string>): readonly string[] {
  const ordering = new Set(order.map(term => term.column))
  return columns.filter(column => column === key || fields.has(column) || ordering.has(column))
}

/** Only the columns of `fields`, the key and what the order needs, in the order of the table; a name that is no column counts once it is. */
export function pickFields(fields: readonly string[]): Operator {
  const wanted = new Set(fields)
  return rowByRow(header => {
    const columns = kept(header, wanted)
    const picked = (row: Row): Row => {
      const cells: Record<string, Cell> = {}
      for (const column of columns) setCell(cells, column, cellOf(row, column))
      return cells
    }
    return { columns, order: header.order, row: columns.length === header.columns.length ? row => row : picked }
  })
}

/** The definition of `pickFields` (L10), but for the order of columns that grew late. */
export function naivePickFields(table: Table, fields: readonly string[]): Table {
  const columns = kept(table, new Set(fields))
  const rows = [...table.rows].map(([key, row]) => [key, rowOf(columns.map(column => [column, cellOf(row, column)] as const))] as const)
  return { ...table, columns, rows: new Map(rows) }
}
