import { parseOrderTerm, rowComparator } from '../model/order.ts'
import type { Row } from '../model/row.ts'
import { keyOfRow } from './row-lines.ts'

/** Rows by a term of an order, `price` or `-price`, ties by key; empty: as they come. */
export function sortRows(rows: readonly Row[], key: string, sort: string): readonly Row[] {
  if (sort === '') return rows
  const compare = rowComparator([parseOrderTerm(sort)])
  return rows.toSorted((a, b) => compare(a, keyOfRow(a, key), b, keyOfRow(b, key)))
}

/** What a click on the head of a column leads to: downwards, upwards, and back to the order of the feed. */
export function nextSort(sort: string, column: string): string {
  if (sort === `-${column}`) return column
  return sort === column ? '' : `-${column}`
}
