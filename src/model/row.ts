/** One value of a row. Null and absent are one; a nested array or object is one cell. */
export type Cell = null | boolean | number | string | readonly Cell[] | { readonly [member: string]: Cell }

/** A row's cells by column. Immutable: what is unchanged keeps its object identity from poll to poll. */
export type Row = Readonly<Record<string, Cell>>

/** The cell of a column; null when the row has no such member of its own (`constructor` is ordinary data). */
export function cellOf(row: Row, column: string): Cell {
  const cell: unknown = row[column]
  // What an object inherits are functions, and its prototype.
  if ((typeof cell === 'function' || column === '__proto__') && !Object.hasOwn(row, column)) return null
  return (cell as Cell | undefined) ?? null
}

/** A cell as text: what is null is nothing, what is nested its JSON. */
export function cellText(cell: Cell): string {
  if (cell === null) return ''
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}

/** A row from its cells; the only safe way to build one, as a column may be called `__proto__`. */
export function rowOf(cells: Iterable<readonly [string, Cell]>): Row {
  return Object.fromEntries(cells)
}

/** A copy of a row to set cells of: member by member, as V8 takes ten times as long to add one to what a spread made. */
export function copyOf(row: Row): Record<string, Cell> {
  const cells: Record<string, Cell> = {}
  for (const column in row) setCell(cells, column, row[column] ?? null)
  return cells
}

/** Sets a cell of a row that is still being built; safe for a column called `__proto__`. */
export function setCell(row: Record<string, Cell>, column: string, cell: Cell): void {
  if (column === '__proto__') Object.defineProperty(row, column, { value: cell, enumerable: true, configurable: true, writable: true })
  else row[column] = cell
}

function equalArrays(a: readonly Cell[], b: readonly Cell[]): boolean {
  return a.length === b.length && a.every((item, i) => equalCells(item, b[i] ?? null))
}

/** Equal by value; 0 and -0 are one, the order of members does not count. */
export function equalCells(a: Cell, b: Cell): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const arrayA = Array.isArray(a)
  if (arrayA !== Array.isArray(b)) return false
  if (arrayA) return equalArrays(a as readonly Cell[], b as readonly Cell[])
  const membersA = a as { readonly [member: string]: Cell }
  const membersB = b as { readonly [member: string]: Cell }
  const names = Object.keys(membersA)
  return (
    names.length === Object.keys(membersB).length &&
    names.every(name => Object.hasOwn(membersB, name) && equalCells(membersA[name] ?? null, membersB[name] ?? null))
  )
}

/** Equal in every one of `columns`. */
export function equalRows(a: Row, b: Row, columns: readonly string[]): boolean {
  if (a !== b) for (const column of columns) if (!equalCells(cellOf(a, column), cellOf(b, column))) return false
  return true
}
