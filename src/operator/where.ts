import type { Table } from '../model/table.ts'
import { predicateOf, type Condition } from './row-function.ts'
import { rowByRow } from './row-by-row.ts'
import type { Operator } from './stage.ts'

/** Only the rows for which the condition is true, as they are. */
export function where(condition: Condition): Operator {
  const keeps = predicateOf(condition)
  return rowByRow(({ columns, order }) => ({ columns, order, isSame: true, row: (row, key) => (keeps(row, key) ? row : undefined) }))
}

/** The definition of `where` (L10). */
export function naiveWhere(table: Table, condition: Condition): Table {
  const keeps = predicateOf(condition)
  return { ...table, rows: new Map([...table.rows].filter(([key, row]) => keeps(row, key))) }
}
