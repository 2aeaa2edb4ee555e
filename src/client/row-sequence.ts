import type { Row } from '../model/row.ts'
import type { RowComparator } from '../model/order.ts'

/** Rows in order, with their keys beside them. */
export interface RowSequence {
  readonly keys: readonly string[]
  readonly rows: readonly Row[]
}

/** Sorts a whole table. */
export function sortRows(table: ReadonlyMap<string, Row>, compare: RowComparator): RowSequence {
  const entries = [...table].sort(([keyA, a], [keyB, b]) => compare(a, keyA, b, keyB))
  return { keys: entries.map(([key]) => key), rows: entries.map(([, row]) => row) }
}

/** Where `row` stands or would be put: the first place that does not come before it. */
function placeOf({ keys, rows }: RowSequence, row: Row, key: string, compare: RowComparator): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = rows[middle]
    if (other !== undefined && compare(other, keys[middle] ?? '', row, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function leavingPlaces(old: RowSequence, touched: ReadonlyMap<string, Row | undefined>, compare: RowComparator): number[] {
  const places: number[] = []
  for (const [key, row] of touched) if (row !== undefined) places.push(placeOf(old, row, key, compare))
  return places.sort((a, b) => a - b)
}

function comingEntries(table: ReadonlyMap<string, Row>, touched: ReadonlyMap<string, unknown>, compare: RowComparator): [string, Row][] {
  const entries: [string, Row][] = []
  for (const key of touched.keys()) {
    const row = table.get(key)
    if (row !== undefined) entries.push([key, row])
  }
  return entries.sort(([keyA, a], [keyB, b]) => compare(a, keyA, b, keyB))
}

/**
 * The sequence of `table`, from that of an earlier state: `touched` holds each key that differs from it with its earlier
 * row. Copies n places and compares O(d log n) times; where much was touched, sorts anew.
 */
export function resortRows(
  old: RowSequence,
  table: ReadonlyMap<string, Row>,
  touched: ReadonlyMap<string, Row | undefined>,
  compare: RowComparator,
): RowSequence {
  if (touched.size * 4 > table.size) return sortRows(table, compare)
  const leaving = leavingPlaces(old, touched, compare)
  const keys: string[] = []
  const rows: Row[] = []
  let at = 0
  let gone = 0
  const copyUntil = (stop: number): void => {
    for (; at < stop; at++) {
      const row = old.rows[at]
      if (at === leaving[gone]) gone++
      else if (row !== undefined) {
        keys.push(old.keys[at] ?? '')
        rows.push(row)
      }
    }
  }
  for (const [key, row] of comingEntries(table, touched, compare)) {
    copyUntil(placeOf(old, row, key, compare))
    keys.push(key)
    rows.push(row)
  }
  copyUntil(old.rows.length)
  return { keys, rows }
}
