import { composedKey, composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'

/** The key column of groups by these columns: the one itself, else `#`. */
export function groupKeyColumn(by: readonly string[]): string {
  const [only] = by
  return by.length === 1 && only !== undefined ? only : composedKeyColumn
}

/** The key of a row's group; undefined where a value is no key. Without columns all rows are one group, `""`. */
export function groupKeyOf(row: Row, by: readonly string[]): string | undefined {
  if (by.length === 0) return ''
  const cells = by.map(column => cellOf(row, column))
  return by.length === 1 ? keyOf(cells[0] ?? null) : composedKey(cells)
}

const ranks = ['number', 'string', 'boolean']

/**
 * The cells that name a group, and whether they are not the same in all its rows: by one column 42 and "42" are one key,
 * shown as the number.
 */
export function groupCells(rows: Iterable<Row>, by: readonly string[]): { readonly cells: readonly Cell[]; readonly mixed: boolean } {
  let cells: readonly Cell[] | undefined
  let mixed = false
  for (const row of rows) {
    if (cells === undefined) cells = by.map(column => cellOf(row, column))
    if (by.length !== 1) break
    const cell = cellOf(row, by[0] ?? '')
    if (cell === cells[0]) continue
    mixed = true
    if (ranks.indexOf(typeof cell) < ranks.indexOf(typeof cells[0])) cells = [cell]
  }
  return { cells: cells ?? [], mixed }
}
