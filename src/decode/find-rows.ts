import type { Cell } from '../model/row.ts'
import { DecodeError } from './decode-error.ts'

/** Where rows stand in a document: a dotted path, `.` for the document itself. */
export type RowsPath = string

/** What stands at the path. `absent`: nothing does; `other`: something that holds no rows. */
export type RowsFound =
  | { readonly kind: 'array'; readonly items: readonly Cell[] }
  | { readonly kind: 'document'; readonly item: Cell }
  | { readonly kind: 'absent' }

type Members = { readonly [member: string]: Cell }

function isMembers(value: Cell | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a dotted path of own members; undefined where it does not lead anywhere. */
export function valueAt(value: Cell, path: string): Cell | undefined {
  let at: Cell | undefined = value
  for (const name of path.split('.')) {
    if (Array.isArray(at)) at = (at as readonly Cell[])[Number(name)]
    else at = isMembers(at) && Object.hasOwn(at, name) ? at[name] : undefined
    if (at === undefined) return undefined
  }
  return at
}

export function rowsAt(document: Cell, path: RowsPath): RowsFound {
  const found = path === '.' ? document : valueAt(document, path)
  if (found === undefined || found === null) return { kind: 'absent' }
  return Array.isArray(found) ? { kind: 'array', items: found as readonly Cell[] } : { kind: 'document', item: found }
}

interface Candidate {
  readonly path: RowsPath
  readonly rows: number
}

/** How deep arrays are looked for. */
const deepest = 4
/** Names under which APIs wrap their rows: an array there counts even with a single row. */
const wrappers = new Set([
  'data',
  'items',
  'results',
  'result',
  'rows',
  'records',
  'features',
  'entries',
  'list',
  'values',
  'value',
  'objects',
  'hits',
])

function* candidates(value: Cell, path: readonly string[]): Generator<Candidate> {
  if (Array.isArray(value)) {
    const items = value as readonly Cell[]
    if (items.length > 0 && items.every(isMembers)) {
      const wrapped = path.length === 0 || wrappers.has(path.at(-1) ?? '')
      if (items.length > 1 || wrapped) yield { path: path.length === 0 ? '.' : path.join('.'), rows: items.length }
    }
  } else if (isMembers(value) && path.length < deepest) {
    for (const [name, member] of Object.entries(value)) if (!name.includes('.')) yield* candidates(member, [...path, name])
  }
}

/** Looks for the rows of a document: its largest array of objects, the shallowest of equals; else the document is one row. */
export function findRows(document: Cell): RowsPath {
  let best: Candidate | undefined
  for (const candidate of candidates(document, [])) if (best === undefined || candidate.rows > best.rows) best = candidate
  return best?.path ?? '.'
}

/** What a path that leads nowhere could have been. */
export function absentPath(document: Cell, path: RowsPath): DecodeError {
  const names = isMembers(document) ? Object.keys(document).slice(0, 8).join(', ') : `a ${typeof document}`
  return new DecodeError('decode', `there is nothing at rows: ${path.slice(0, 60)}; the document has ${names.slice(0, 100)}`)
}
