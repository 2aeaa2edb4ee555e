import type { Cell } from '../model/row.ts'
import { isMembers, type Members } from './path.ts'

/** A place where rows could stand. */
export interface Candidate {
  /** Dotted; `.*` at its end: the members of the object there. */
  readonly path: string
  readonly items: number
  /** Values in it that are neither object nor array. */
  readonly leaves: number
  readonly of: 'objects' | 'arrays' | 'scalars'
  /** It belongs to other rows, or says something about the answer: any other candidate goes first. */
  readonly isAside: boolean
  /** Its name is one under which APIs wrap their rows. */
  readonly isWrapper: boolean
}

/** How many names deep rows are looked for. */
const deepest = 6

/** Names under which APIs wrap their rows: an array of that name is the rows however few it holds. */
const wrappers = words(
  'data items results result rows records features entries list values value objects hits elements content response stations series states buckets docs nodes edges',
)

/** Names of what stands beside rows. */
const asides = words(
  'included includes links _links errors warnings messages meta facets filters aggregations aggs fields columns headers parameters params',
)

/** Names of what the columns of arrays of arrays are called. */
const headings = ['fields', 'columns', 'header', 'headers', 'column_names', 'columnNames']

const identity = /^(id|_id|@id|uuid|uid|guid)$/i

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}

/** Whether rows of that name could be of anything: `data`, `results`. */
export function isWrapperName(name: string): boolean {
  return wrappers.has(name)
}

export function countLeaves(value: Cell): number {
  if (typeof value !== 'object' || value === null) return 1
  let leaves = 0
  for (const member of Array.isArray(value) ? (value as readonly Cell[]) : Object.values(value)) leaves += countLeaves(member)
  return leaves
}

function printPath(path: readonly string[]): string {
  return path.length === 0 ? '.' : path.join('.')
}

function candidate(path: readonly string[], more: Pick<Candidate, 'items' | 'leaves' | 'of'>): Candidate {
  const names = path.filter(name => name !== '*' && !/^\d+$/.test(name))
  return {
    path: printPath(path[0] === '*' ? ['', ...path] : path),
    isAside: names.some(name => asides.has(name)),
    isWrapper: wrappers.has(names.at(-1) ?? ''),
    ...more,
  }
}

/** Items of one kind that could be rows: objects, arrays, or scalars of one type. */
function kindOf(items: readonly Cell[]): Candidate['of'] | undefined {
  if (items.every(isMembers)) return 'objects'
  if (items.every(item => Array.isArray(item))) return 'arrays'
  const [first] = items
  const isOneType = items.every(item => typeof item === typeof first && item !== null) && typeof first !== 'object'
  return isOneType ? 'scalars' : undefined
}

/** What the columns of arrays of arrays are called, where their holder says so beside them. */
export function headingsOf(holder: Cell | undefined, rows: readonly Cell[]): readonly string[] | undefined {
  const [first] = rows
  if (!isMembers(holder) || !Array.isArray(first)) return undefined
  for (const heading of headings) {
    const said = holder[heading]
    if (!Array.isArray(said)) continue
    const names = (said as readonly Cell[]).map(name => (isMembers(name) ? name['name'] : name))
    const areNames = names.every(name => typeof name === 'string') && new Set(names).size === names.length
    if (areNames && rows.every(row => Array.isArray(row) && row.length === names.length)) return names
  }
  return undefined
}

/** A list of one that is but another wrapper: it has no name of its own, and nearly all that it says stands in one list. */
function wrapped(items: readonly Cell[], path: readonly string[]): readonly Candidate[] | undefined {
  const [only] = items
  if (items.length !== 1 || !isMembers(only) || Object.keys(only).some(name => identity.test(name))) return undefined
  const inner = [...candidatesIn(only, [...path, '0'])]
  const lists = Object.values(only).filter(member => Array.isArray(member)) as (readonly Cell[])[]
  const leaves = countLeaves(only)
  const isMost = inner.length > 0 && lists.some(list => countLeaves(list) * 5 >= leaves * 4)
  const isMatrix = lists.some(list => headingsOf(only, list) !== undefined)
  return isMost || isMatrix ? inner : undefined
}

/** Several kinds side by side: the list among them is it (`[{page: 1}, [..]]`). */
function* mixed(items: readonly Cell[], path: readonly string[]): Generator<Candidate> {
  const lists = items.flatMap((item, place) => (Array.isArray(item) ? [{ item, place }] : []))
  const [only] = lists
  if (only !== undefined && lists.length === 1 && items.length <= 4) yield* candidatesIn(only.item, [...path, String(only.place)])
}

/**
 * An object whose members are all objects, alike in their members and types: rows by name. Two of plain names are rather
 * a structure (`home` and `away`).
 */
function isKeyed(members: Members): boolean {
  const names = Object.keys(members)
  if (names.length < 2 || (names.length === 2 && names.every(name => /^[a-z_]+$/i.test(name)))) return false
  const seen = new Set<string>()
  let total = 0
  for (const name of names) {
    const member = members[name]
    if (!isMembers(member)) return false
    for (const [inner, cell] of Object.entries(member)) {
      if (cell === null) continue
      seen.add(`${typeof cell} ${inner}`)
      total++
    }
  }
  return total > 0 && total >= 0.6 * names.length * seen.size
}

/** Every place in a document where rows could stand; the top first. */
export function* candidatesIn(value: Cell, path: readonly string[] = []): Generator<Candidate> {
  if (Array.isArray(value)) {
    const items = value as readonly Cell[]
    const inner = wrapped(items, path)
    const of = kindOf(items)
    if (inner !== undefined) yield* inner
    else if (of !== undefined) yield candidate(path, { items: items.length, leaves: countLeaves(items), of })
    else yield* mixed(items, path)
  } else if (isMembers(value) && path.length < deepest) {
    if (isKeyed(value)) yield candidate([...path, '*'], { items: Object.keys(value).length, leaves: countLeaves(value), of: 'objects' })
    else
      for (const [name, member] of Object.entries(value)) {
        const inner = [...path, name]
        // Two empty names come to what means the whole document.
        if (inner.join('.') !== '.') yield* candidatesIn(member, inner)
      }
  }
}
