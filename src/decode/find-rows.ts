import { rowOf, setCell, type Cell } from '../model/row.ts'
import { DecodeError, quotable } from './decode-error.ts'
import { isMembers, valueAt, type Members } from './path.ts'
import { candidatesIn, countLeaves, headingsOf, type Candidate } from './row-candidates.ts'

/** What stands where the rows should be. `document`: an object or scalar that is itself the one row; `absent`: nothing. */
export type RowsFound =
  | { readonly kind: 'array'; readonly items: readonly Cell[] }
  | { readonly kind: 'document'; readonly item: Cell }
  | { readonly kind: 'absent' }

/** The column of the names of members that are rows: `result.*`. */
export const memberColumn = 'key'

/** Whether a path leads to the members of an object. */
export function isOfMembers(path: string): boolean {
  return path === '.*' || path.endsWith('.*')
}

/** Members as rows; a member that a row has of that name stands in `_key`. */
function memberRows(members: Members): readonly Cell[] {
  return Object.entries(members).map(([name, member]) => {
    const row: Record<string, Cell> = { [memberColumn]: name }
    for (const [column, cell] of Object.entries(isMembers(member) ? member : { value: member }))
      if (column !== memberColumn) setCell(row, column, cell)
      else if (cell !== name) setCell(row, `_${memberColumn}`, cell)
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

/**
 * @param path dotted; `.` is the document itself, `.*` at its end the members of the object there
 * @param isListless a list of one item cannot be told from the item itself: what is one where a list was is a list of one
 */
export function rowsAt(document: Cell, path: string, isListless = false): RowsFound {
  const found = path === '.' ? document : valueAt(document, path)
  if (found === undefined && isOfMembers(path)) {
    const holder = path === '.*' ? document : valueAt(document, path.slice(0, -2))
    if (isMembers(holder)) return { kind: 'array', items: memberRows(holder) }
    return Array.isArray(holder) ? { kind: 'array', items: holder as readonly Cell[] } : { kind: 'absent' }
  }
  if (isListless && path !== '.' && !Array.isArray(found)) return listOf(document, path, found)
  if (found === undefined || found === null) return { kind: 'absent' }
  if (!Array.isArray(found)) return { kind: 'document', item: found }
  return { kind: 'array', items: namedRows(found as readonly Cell[], document, path) }
}

function isPlausible(candidate: Candidate, leaves: number): boolean {
  if (candidate.path === '.') return true
  const isMost = candidate.items > 0 && candidate.leaves * 2 >= leaves
  if (candidate.of === 'scalars') return isMost && candidate.isWrapper
  return isMost || (candidate.isWrapper && !candidate.path.endsWith('*'))
}

/** Objects go before arrays before scalars, what is empty and what stands aside last, the larger before the smaller. */
function merit({ of, isAside, items }: Candidate): readonly number[] {
  return [items > 0 ? 1 : 0, isAside ? 0 : 1, { objects: 2, arrays: 1, scalars: 0 }[of], items]
}

function isBetter(a: Candidate, b: Candidate): boolean {
  const [first, second] = [merit(a), merit(b)]
  const at = first.findIndex((value, i) => value !== second[i])
  return at >= 0 && (first[at] ?? 0) > (second[at] ?? 0)
}

/** Where the rows stand, found by looking, and why there. */
export interface RowsGuess {
  readonly path: string
  /** There is an array of rows, though it may be empty; false: the document is one row. */
  readonly isArray: boolean
  /** Other arrays that could have been meant. */
  readonly others: readonly string[]
}

/**
 * Looks for the rows of a document: its largest array of objects, or object of objects that are alike, provided that it
 * holds most of what the document says or has one of the names APIs give to rows (a weather report with a list of two
 * alerts is one row).
 */
export function findRows(document: Cell): RowsGuess {
  const leaves = countLeaves(document)
  const all = [...candidatesIn(document)]
  // Several lists of scalars are columns rather than rows.
  const isColumns = all.filter(({ of }) => of === 'scalars').length > 1
  const plausible = all.filter(candidate => isPlausible(candidate, leaves) && !(isColumns && candidate.of === 'scalars'))
  let best: Candidate | undefined
  for (const candidate of plausible) if (best === undefined || isBetter(candidate, best)) best = candidate
  if (best === undefined) return { path: '.', isArray: Array.isArray(document), others: [] }
  const others = plausible.filter(other => other !== best && other.items > 0).map(other => other.path)
  return { path: best.path, isArray: true, others }
}

/** What a path that leads nowhere could have been. */
export function absentPath(document: Cell, path: string): DecodeError {
  const arrays = [...candidatesIn(document)].filter(({ of }) => of !== 'scalars').map(candidate => candidate.path)
  if (arrays.length > 0)
    return new DecodeError('decode', `there is nothing at rows: ${quotable(path)}; arrays stand at ${quotable(arrays.join(', '), 90)}`)
  const has = isMembers(document) ? `the members ${quotable(Object.keys(document).join(', '), 90)}` : 'no members'
  return new DecodeError('decode', `there is nothing at rows: ${quotable(path)}; the document has ${has}`)
}
