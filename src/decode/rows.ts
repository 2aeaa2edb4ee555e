import { didYouMean } from '../lib/suggest.ts'
import { formatSize } from '../lib/unit.ts'
import { composedKey, composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import { profileColumns, type ColumnProfile } from './column-profile.ts'
import { DecodeError, exceeded, quotable } from './decode-error.ts'
import { isMembers, valueAt } from './path.ts'

export interface RowLimits {
  readonly maxRows: number
  readonly maxColumns: number
  readonly maxCells: number
  readonly maxCellBytes: number
  readonly maxKeyBytes: number
}

/** How the key is made: of columns or dotted paths, of the place in the array, or of a document that is one row. */
export type KeyPlan =
  | { readonly kind: 'columns'; readonly paths: readonly string[] }
  | { readonly kind: 'place' }
  | { readonly kind: 'document' }

/** The rows of an answer as they came, and what each column holds. */
export interface PlainRows {
  readonly rows: readonly Row[]
  readonly profile: ReadonlyMap<string, ColumnProfile>
}

/** Rows by key, with what is wrong with the keys. */
export interface KeyedRows {
  /** The key column. */
  readonly key: string
  readonly columns: readonly string[]
  readonly rows: Map<string, Row>
  /** Rows whose key an earlier row has too, with up to three such keys. */
  readonly duplicates: { readonly count: number; readonly examples: readonly string[] }
  /** Rows without a key, which are left out, with up to three of their places. */
  readonly missing: { readonly count: number; readonly places: readonly number[] }
}

/** An item as a row: an object's members are its columns; an array's items stand in columns `0`, `1`, ..; else column `value`. */
export function itemRow(item: Cell): Row {
  if (isMembers(item)) return item
  return Array.isArray(item) ? rowOf(Object.entries(item as readonly Cell[])) : { value: item }
}

/**
 * Items of an array, or the one of a document, as rows within the limits.
 * @param index adds a column `index`, the place in the array
 * @throws DecodeError `too_large`, which names the limit
 */
export function plainRows(items: readonly Cell[], index: boolean, limits: RowLimits): PlainRows {
  const { maxRows, maxColumns, maxCells, maxCellBytes } = limits
  if (items.length > maxRows) throw exceeded('maxRows', String(maxRows))
  const rows = items.map(index ? (item, place): Row => ({ ...itemRow(item), index: place }) : itemRow)
  // A UTF-16 unit is at most three bytes: most texts need no count.
  const surelyShort = maxCellBytes / 3
  const profile = profileColumns(rows, (column, cell) => {
    if (typeof cell === 'string' && cell.length > surelyShort && Buffer.byteLength(cell) > maxCellBytes)
      throw new DecodeError('too_large', `maxCell: ${formatSize(maxCellBytes)} exceeded in column ${quotable(column)}`, 'maxCell')
  })
  if (profile.size > maxColumns) throw exceeded('maxColumns', String(maxColumns))
  if (rows.length * profile.size > maxCells) throw exceeded('maxCells', String(maxCells))
  return { rows, profile }
}

interface Keyed {
  readonly key: string | undefined
  readonly row: Row
}

interface Keying {
  readonly key: string
  /** Columns that it puts in front of the row's own. */
  readonly added: readonly string[]
  readonly read: (row: Row, place: number) => Keyed
}

/** The row with the column `#` in front, whatever the row itself calls so. */
function withComposed(row: Row, cell: Cell, more: readonly (readonly [string, Cell])[] = []): Row {
  const made: Record<string, Cell> = { [composedKeyColumn]: cell, ...rowOf(more), ...row }
  if (Object.hasOwn(row, composedKeyColumn)) setCell(made, composedKeyColumn, cell)
  return made
}

function single(path: string): Keying {
  return {
    key: path,
    added: [path],
    read(row) {
      if (Object.hasOwn(row, path)) return { key: keyOf(cellOf(row, path)), row }
      const cell = valueAt(row, path) ?? null
      return { key: keyOf(cell), row: { ...rowOf([[path, cell]]), ...row } }
    },
  }
}

function several(paths: readonly string[]): Keying {
  return {
    key: composedKeyColumn,
    added: [composedKeyColumn, ...paths],
    read(row) {
      const cells = paths.map(path => valueAt(row, path) ?? null)
      const key = composedKey(cells)
      const more = paths.flatMap((path, i) => (Object.hasOwn(row, path) ? [] : [[path, cells[i] ?? null] as const]))
      return { key, row: withComposed(row, key ?? null, more) }
    },
  }
}

function keying(plan: KeyPlan): Keying {
  const added = [composedKeyColumn]
  if (plan.kind === 'document') return { key: composedKeyColumn, added, read: row => ({ key: '', row: withComposed(row, '') }) }
  if (plan.kind === 'place')
    return { key: composedKeyColumn, added, read: (row, place) => ({ key: String(place), row: withComposed(row, place) }) }
  const [path, ...others] = plan.paths
  return path === undefined || others.length > 0 ? several(plan.paths) : single(path)
}

function noneKeyed(plan: KeyPlan, profile: PlainRows['profile']): DecodeError {
  const paths = plan.kind === 'columns' ? plan.paths : []
  const unknown = paths.find(path => !profile.has(path.split('.')[0] ?? '') && !profile.has(path)) ?? paths[0] ?? ''
  const columns = [...profile.keys()]
  const has = didYouMean(unknown, columns) || `; they have ${quotable(columns.join(', '), 90)}`
  return new DecodeError('key', `no row has the key ${quotable(unknown)}${has}`)
}

/**
 * Keys the rows; of rows with the same key the last one wins, rows without one are left out.
 * @throws DecodeError `too_large` for a key that is too long, `key` when there are rows and none has one
 */
export function keyRows({ rows: plain, profile }: PlainRows, plan: KeyPlan, maxKeyBytes: number): KeyedRows {
  const { key: column, added, read } = keying(plan)
  const rows = new Map<string, Row>()
  const examples: string[] = []
  const places: number[] = []
  let missing = 0
  for (const [place, item] of plain.entries()) {
    const { key, row } = read(item, place)
    if (key === undefined) {
      if (missing++ < 3) places.push(place)
      continue
    }
    if (key.length > maxKeyBytes / 3 && Buffer.byteLength(key) > maxKeyBytes) throw exceeded('maxKey', formatSize(maxKeyBytes))
    if (examples.length < 3 && rows.has(key)) examples.push(quotable(key, 40))
    rows.set(key, row)
  }
  if (plain.length > 0 && rows.size === 0) throw noneKeyed(plan, profile)
  const columns = [...new Set([...added.filter(name => !profile.has(name)), ...profile.keys()])]
  const duplicates = { count: plain.length - missing - rows.size, examples: [...new Set(examples)] }
  return { key: column, columns: inFront(columns, column), rows, duplicates, missing: { count: missing, places } }
}

/** A column `#` is the first, also where the rows have one of that name. */
function inFront(columns: readonly string[], key: string): readonly string[] {
  return key === composedKeyColumn && columns[0] !== key ? [key, ...columns.filter(column => column !== key)] : columns
}
