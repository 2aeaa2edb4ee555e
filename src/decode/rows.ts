import { composedKey, composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import { DecodeError, exceeded } from './decode-error.ts'
import { valueAt } from './find-rows.ts'

export interface RowLimits {
  readonly maxRows: number
  readonly maxColumns: number
  readonly maxCells: number
  readonly maxCellBytes: number
  readonly maxKeyBytes: number
}

/** How the key is made: of columns or dotted paths, by the place in the array, or of a document that is one row. */
export type KeyPlan =
  | { readonly kind: 'columns'; readonly paths: readonly string[] }
  | { readonly kind: 'place' }
  | { readonly kind: 'document' }

/** Rows by key, with what is wrong with the keys. */
export interface KeyedRows {
  readonly key: string
  readonly columns: readonly string[]
  readonly rows: Map<string, Row>
  /** Keys that more than one row has, with up to three examples. */
  readonly duplicates: { readonly count: number; readonly examples: readonly string[] }
  readonly missing: number
}

/** An item as a row: an object's members are its columns, anything else is the column `value`. */
export function itemRow(item: Cell): Row {
  return typeof item === 'object' && item !== null && !Array.isArray(item) ? (item as Row) : { value: item }
}

export function columnsOf(rows: readonly Row[]): string[] {
  const columns = new Set<string>()
  for (const row of rows) for (const column of Object.keys(row)) columns.add(column)
  return [...columns]
}

/** @throws DecodeError `too_large`, which names the limit. */
export function checkRows(rows: readonly Row[], columns: readonly string[], limits: RowLimits): void {
  if (rows.length > limits.maxRows) throw exceeded('maxRows', `${limits.maxRows} rows`)
  if (columns.length > limits.maxColumns) throw exceeded('maxColumns', `${limits.maxColumns} columns`)
  if (rows.length * columns.length > limits.maxCells) throw exceeded('maxCells', `${limits.maxCells} cells`)
  // A UTF-16 unit is at most three bytes: most texts need no count.
  const surelyShort = limits.maxCellBytes / 3
  for (const row of rows) {
    for (const column of Object.keys(row)) {
      const cell = row[column]
      if (typeof cell === 'string' && cell.length > surelyShort && Buffer.byteLength(cell) > limits.maxCellBytes)
        throw exceeded('maxCell', `${limits.maxCellBytes} bytes in column ${column.slice(0, 60)}`)
    }
  }
}

function composite(paths: readonly string[]): (row: Row, place: number) => { key: string | undefined; row: Row } {
  return row => {
    const cells = paths.map(path => cellAt(row, path))
    const key = composedKey(cells)
    return { key, row: withCells(row, [[composedKeyColumn, key ?? null], ...paths.map((path, i) => [path, cells[i] ?? null] as const)]) }
  }
}

function cellAt(row: Row, path: string): Cell {
  return Object.hasOwn(row, path) ? cellOf(row, path) : (valueAt(row, path) ?? null)
}

/** The row with further cells in front; members of the same name keep their place. */
function withCells(row: Row, cells: readonly (readonly [string, Cell])[]): Row {
  const made: Record<string, Cell> = rowOf(cells)
  for (const column of Object.keys(row)) if (column !== composedKeyColumn) setCell(made, column, cellOf(row, column))
  return made
}

function keying(plan: KeyPlan): { column: string; read: (row: Row, place: number) => { key: string | undefined; row: Row } } {
  if (plan.kind === 'document')
    return { column: composedKeyColumn, read: row => ({ key: '', row: withCells(row, [[composedKeyColumn, '']]) }) }
  if (plan.kind === 'place')
    return { column: composedKeyColumn, read: (row, place) => ({ key: String(place), row: withCells(row, [[composedKeyColumn, place]]) }) }
  const [path, ...others] = plan.paths
  if (path === undefined || others.length > 0) return { column: composedKeyColumn, read: composite(plan.paths) }
  return {
    column: path,
    read(row) {
      const cell = cellAt(row, path)
      return { key: keyOf(cell), row: Object.hasOwn(row, path) ? row : withCells(row, [[path, cell]]) }
    },
  }
}

/**
 * Keys the rows; of rows with the same key the last one wins.
 * @throws DecodeError `too_large` for a key that is too long.
 */
export function keyRows(items: readonly Row[], plan: KeyPlan, maxKeyBytes: number): KeyedRows {
  const { column, read } = keying(plan)
  const rows = new Map<string, Row>()
  const examples: string[] = []
  let duplicates = 0
  let missing = 0
  for (const [place, item] of items.entries()) {
    const { key, row } = read(item, place)
    if (key === undefined) {
      missing++
      continue
    }
    if (key.length > maxKeyBytes / 3 && Buffer.byteLength(key) > maxKeyBytes) throw exceeded('maxKey', `${maxKeyBytes} bytes`)
    if (rows.has(key)) {
      duplicates++
      if (examples.length < 3) examples.push(key.slice(0, 40))
    }
    rows.set(key, row)
  }
  if (items.length > 0 && rows.size === 0) throw new DecodeError('decode', `no row has the key ${column.slice(0, 60)}`)
  const columns = [...new Set([column, ...columnsOf([...rows.values()])])]
  return { key: column, columns, rows, duplicates: { count: duplicates, examples }, missing }
}
