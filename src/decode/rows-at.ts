import { rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import { exceeded } from './decode-error.ts'
import { isMembers, valueAt, type Members } from './path.ts'
import { headingsOf } from './row-candidates.ts'

/** What stands where the rows should be. `document`: an object or scalar that is itself the one row; `absent`: nothing. */
export type RowsFound =
  | { readonly kind: 'array'; readonly items: readonly Cell[] }
  | { readonly kind: 'document'; readonly item: Cell }
  | { readonly kind: 'absent' }

/** The column of the names of members that are rows: `result.*`. */
export const memberColumn = 'key'

/** Whether a path leads to the members of an object. */
export function isOfMembers(path: string): boolean {
  return path.endsWith('.*')
}

/** A row in which `cell` stands as `column`; where the row has another of that name, as `prefix` and the name. */
function withCell(row: Record<string, Cell>, column: string, cell: Cell, prefix: string): void {
  if (!Object.hasOwn(row, column)) setCell(row, column, cell)
  else if (row[column] !== cell) setCell(row, `${prefix}${column}`, cell)
}

/** Members as rows; a member that a row has of that name stands in `_key`. */
function memberRows(members: Members): readonly Row[] {
  return Object.entries(members).map(([name, member]) => {
    const row: Record<string, Cell> = { [memberColumn]: name }
    for (const [column, cell] of Object.entries(isMembers(member) ? member : { value: member })) withCell(row, column, cell, '_')
    return row
  })
}

/** The one item that stands for a list; of none, only what would hold it is left, with no lists in it. */
function listOf(document: Cell, path: string, found: Cell | undefined): RowsFound {
  if (found !== undefined && found !== null) return { kind: 'array', items: [found] }
  const holder = valueAt(document, path.slice(0, path.lastIndexOf('.')))
  const isBare = isMembers(holder)
    ? Object.values(holder).every(member => typeof member !== 'object' || member === null)
    : holder !== undefined
  return isBare ? { kind: 'array', items: [] } : { kind: 'absent' }
}

/** Arrays whose columns are named beside them are rows of these names. */
function namedRows(items: readonly Cell[], document: Cell, path: string): readonly Cell[] {
  const dot = path.lastIndexOf('.')
  const names = headingsOf(dot <= 0 ? document : valueAt(document, path.slice(0, dot)), items)
  return names === undefined ? items : items.map(item => rowOf(names.map((name, i) => [name, (item as readonly Cell[])[i] ?? null])))
}

/** The texts, numbers and booleans of what holds rows, then the row's own cells; of two of a name the row's goes first. */
function joined(holder: Cell, row: Cell, listName: string): Row {
  const own = isMembers(row) ? row : { value: row }
  const made: Record<string, Cell> = {}
  const scalars = Object.entries(isMembers(holder) ? holder : {}).filter(([, cell]) => typeof cell !== 'object')
  for (const [column, cell] of scalars) setCell(made, Object.hasOwn(own, column) ? `${listName}.${column}` : column, cell)
  for (const [column, cell] of Object.entries(own)) setCell(made, column, cell)
  return made
}

/** What `*` goes over: the items of an array, the members of an object with their names. */
function each(found: RowsFound, { isFoundByLooking = false }: RowsAtOptions): readonly Cell[] | undefined {
  if (found.kind === 'array') return found.items
  if (found.kind !== 'document' || !isMembers(found.item)) return undefined
  return isFoundByLooking && !Object.values(found.item).every(isMembers) ? undefined : memberRows(found.item)
}

/** Rows that stand in each item of a list: `stops.*.departures`; what holds them is joined to each. */
function nestedRows(document: Cell, outer: string, inner: string, options: RowsAtOptions): RowsFound {
  const holders = each(rowsAt(document, outer === '' ? '.' : outer, outer === '' ? {} : options), options)
  if (holders === undefined) return { kind: 'absent' }
  if (inner === '') return { kind: 'array', items: holders }
  const listName = outer.split('.').at(-1) || 'parent'
  let cells = 0
  const items = holders.flatMap(holder => {
    const found = rowsAt(holder, inner, options)
    const rows = found.kind === 'array' ? found.items : found.kind === 'document' ? [found.item] : []
    // What is joined to every row is said once and becomes many: it is counted before it does.
    cells += rows.length * Object.keys(holder ?? {}).length
    if (cells > (options.maxCells ?? Number.POSITIVE_INFINITY)) throw exceeded('maxCells', String(options.maxCells))
    return rows.map(row => joined(holder, row, listName))
  })
  return { kind: 'array', items }
}

export interface RowsAtOptions {
  /** A list of one item cannot be told from the item itself: what is one where a list was is a list of one; default false. */
  readonly isListless?: boolean
  /** Members were objects when they were taken for rows: an object of others (`{error: ..}`) is something else; default false. */
  readonly isFoundByLooking?: boolean
  /** Most cells that joining may add; default any number. */
  readonly maxCells?: number
}

/**
 * @param path dotted; `.` is the document itself; `*` goes over the items of an array or the members of an object
 * @throws DecodeError `too_large`
 */
export function rowsAt(document: Cell, path: string, options: RowsAtOptions = {}): RowsFound {
  const found = path === '.' ? document : valueAt(document, path)
  const star = found === undefined ? /^(?:(.*?)\.)?\*(?:\.(.+))?$/.exec(path) : null
  if (star !== null) return nestedRows(document, star[1] ?? '', star[2] ?? '', options)
  if (options.isListless === true && path !== '.' && !Array.isArray(found)) return listOf(document, path, found)
  if (found === undefined || found === null) return { kind: 'absent' }
  if (!Array.isArray(found)) return { kind: 'document', item: found }
  return { kind: 'array', items: namedRows(found as readonly Cell[], document, path) }
}
