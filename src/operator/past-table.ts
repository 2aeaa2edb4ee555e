import type { Row } from '../model/row.ts'
import type { Table } from '../model/table.ts'

/** A table as it was at an instant: what a definition that looks back recomputes from. */
export interface PastTable {
  readonly table: Table
  /** ms, never before that of an earlier one. */
  readonly time: number
}

/** A row in each sample since it last appeared, the oldest first. */
export function presentIn(inputs: readonly PastTable[], key: string): readonly { readonly time: number; readonly row: Row }[] {
  const absent = inputs.findLastIndex(({ table }) => !table.rows.has(key))
  return inputs.slice(absent + 1).flatMap(({ table, time }) => {
    const row = table.rows.get(key)
    return row === undefined ? [] : [{ time, row }]
  })
}
