import type { Cell } from '../model/row.ts'
import { DecodeError, quotable } from './decode-error.ts'
import { isMembers, valueAt } from './path.ts'

/** What stands where the rows should be. `document`: an object or scalar that is itself the one row; `absent`: nothing. */
export type RowsFound =
  | { readonly kind: 'array'; readonly items: readonly Cell[] }
  | { readonly kind: 'document'; readonly item: Cell }
  | { readonly kind: 'absent' }

/** The one item that stands for a list; of none, only what would hold it is left, with no lists in it. */
function listOf(document: Cell, path: string, found: Cell | undefined): RowsFound {
  if (found !== undefined && found !== null) return { kind: 'array', items: [found] }
  const holder = valueAt(document, path.slice(0, path.lastIndexOf('.')))
  const isBare = isMembers(holder)
    ? Object.values(holder).every(member => typeof member !== 'object' || member === null)
    : holder !== undefined
  return isBare ? { kind: 'array', items: [] } : { kind: 'absent' }
}

/**
 * @param path dotted; `.` is the document itself
 * @param isListless a list of one item cannot be told from the item itself: what is one where a list was is a list of one
 */
export function rowsAt(document: Cell, path: string, isListless = false): RowsFound {
  const found = path === '.' ? document : valueAt(document, path)
  if (isListless && path !== '.' && !Array.isArray(found)) return listOf(document, path, found)
  if (found === undefined || found === null) return { kind: 'absent' }
  return Array.isArray(found) ? { kind: 'array', items: found as readonly Cell[] } : { kind: 'document', item: found }
}

interface Candidate {
  readonly path: string
  readonly items: number
  /** Values in it that are neither object nor array. */
  readonly leaves: number
  readonly ofObjects: boolean
}

/** How many members deep arrays are looked for. */
const deepest = 4

/** Names under which APIs wrap their rows: an array of that name is the rows however few it holds. */
const wrappers = new Set(
  'data items results result rows records features entries list values value objects hits elements content response stations series states'.split(
    ' ',
  ),
)

function countLeaves(value: Cell): number {
  if (typeof value !== 'object' || value === null) return 1
  let leaves = 0
  for (const member of Array.isArray(value) ? (value as readonly Cell[]) : Object.values(value)) leaves += countLeaves(member)
  return leaves
}

function candidateOf(items: readonly Cell[], path: readonly string[]): Candidate | undefined {
  const ofObjects = items.every(isMembers)
  if (!ofObjects && !items.every(item => Array.isArray(item)) && path.length > 0) return undefined
  return { path: path.length === 0 ? '.' : path.join('.'), items: items.length, leaves: countLeaves(items), ofObjects }
}

function* candidates(value: Cell, path: readonly string[]): Generator<Candidate> {
  if (Array.isArray(value)) {
    const candidate = candidateOf(value as readonly Cell[], path)
    if (candidate !== undefined) yield candidate
  } else if (isMembers(value) && path.length < deepest) {
    for (const [name, member] of Object.entries(value)) yield* candidates(member, [...path, name])
  }
}

function isPlausible(candidate: Candidate, leaves: number): boolean {
  if (candidate.path === '.') return true
  if (wrappers.has(candidate.path.split('.').at(-1) ?? '')) return true
  return candidate.items > 0 && candidate.leaves * 2 >= leaves
}

function isBetter(a: Candidate, b: Candidate): boolean {
  return a.ofObjects === b.ofObjects ? a.items > b.items : a.ofObjects && a.items > 0
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
 * Looks for the rows of a document: its largest array of objects, provided that this array holds most of what the
 * document says or has one of the names APIs give to rows (a weather report with a list of two alerts is one row).
 */
export function findRows(document: Cell): RowsGuess {
  const leaves = countLeaves(document)
  const plausible = [...candidates(document, [])].filter(candidate => isPlausible(candidate, leaves))
  let best: Candidate | undefined
  for (const candidate of plausible) if (best === undefined || isBetter(candidate, best)) best = candidate
  if (best === undefined) return { path: '.', isArray: false, others: [] }
  const others = plausible.filter(other => other !== best && other.items > 0).map(other => other.path)
  return { path: best.path, isArray: true, others }
}

/** What a path that leads nowhere could have been. */
export function absentPath(document: Cell, path: string): DecodeError {
  const arrays = [...candidates(document, [])].map(candidate => candidate.path)
  if (arrays.length > 0)
    return new DecodeError('decode', `there is nothing at rows: ${quotable(path)}; arrays stand at ${quotable(arrays.join(', '), 90)}`)
  const has = isMembers(document) ? `the members ${quotable(Object.keys(document).join(', '), 90)}` : 'no members'
  return new DecodeError('decode', `there is nothing at rows: ${quotable(path)}; the document has ${has}`)
}
