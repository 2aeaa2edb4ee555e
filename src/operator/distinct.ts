import { canonicalJson } from '../model/checksum.ts'
import { orderedEntries } from '../model/order.ts'
import { cellOf } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import type { Operator } from './stage.ts'
import { top } from './top.ts'

/** Of the rows that are the same in these columns the first one in the order of the table. */
export function distinct(by: readonly string[]): Operator {
  return top({ by: [], limit: 1, per: by })
}

/** The definition of `distinct` (L10). */
export function naiveDistinct(table: Table, by: readonly string[]): Table {
  const seen = new Set<string>()
  const rows = orderedEntries(table.rows, table.order).filter(([, row]) => {
    const values = canonicalJson(by.map(column => cellOf(row, column)))
    const isFirst = !seen.has(values)
    seen.add(values)
    return isFirst
  })
  return { ...table, rows: new Map(rows) }
}
