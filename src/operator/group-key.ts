import { composedKey, composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'

/** The key column of groups by these columns: the one itself, else `#`. */
export function groupKeyColumn(by: readonly string[]): string {
  const [only] = by
  return by.length === 1 && only !== undefined ? only : composedKeyColumn
}

/** The cells of a row that say which group it belongs to. */
export function groupCellsOf(row: Row, by: readonly string[]): readonly Cell[] {
  return by.map(column => cellOf(row, column))
}

/** The key of the group of such cells; undefined where one is no key. Without columns all rows are one group, `""`. */
export function groupKeyOf(cells: readonly Cell[]): string | undefined {
  if (cells.length === 0) return ''
  return cells.length === 1 ? keyOf(cells[0] ?? null) : composedKey(cells)
}

const ranks = ['number', 'string', 'boolean']

/** The cells that name a group in its row: by one column 42 and "42" are one key, shown as the number. */
export class GroupName {
  /** Whether the cells are not the same in all rows. */
  mixed = false
  #cells: readonly Cell[] | undefined

  add(cells: readonly Cell[]): void {
    if (this.#cells === undefined) this.#cells = cells
    if (cells.length !== 1 || cells[0] === this.#cells[0]) return
    this.mixed = true
    if (ranks.indexOf(typeof cells[0]) < ranks.indexOf(typeof this.#cells[0])) this.#cells = cells
  }

  get cells(): readonly Cell[] {
    return this.#cells ?? []
  }
}
