import { keyOf } from '../model/key.ts'
import type { Cell, Row } from '../model/row.ts'
import { quotable } from './decode-error.ts'
import { isMembers, valueAt } from './path.ts'
import { firstItemRank, innerRank, rankOfName, timeRank } from './key-name.ts'

/** The key that was found by looking, or why there is none. */
export interface KeyGuess {
  /** Columns or dotted paths; several make one key together. Undefined: none will do. */
  readonly paths?: readonly string[]
  /** Other columns that would do as well, as far as these rows tell. */
  readonly others: readonly string[]
  /** For people: what was tried and why it will not do. */
  readonly tried: readonly string[]
}

/** Members that hold what a row is about: an `id` within them is the row's own. */
const inner = ['metadata', 'properties', 'attributes', 'node', 'fields', '_source', 'data', 'resource', 'item', 'doc', 'document']
/** Members that are, as a whole, the name of a row: the label set of a Prometheus series. */
const labelSets = ['metric', 'labels']

function labelPaths(rows: readonly Row[], member: string): readonly string[] {
  const first = rows[0]?.[member]
  if (!isMembers(first)) return []
  const isLabelSet = (cell: Cell | undefined): boolean => isMembers(cell) && Object.values(cell).every(value => typeof value === 'string')
  if (!rows.every(row => isLabelSet(row[member]))) return []
  const names = Object.keys(first).filter(name => rows.every(row => Object.hasOwn(row[member] as object, name)))
  const telling = names.filter(name => name !== '__name__')
  return (telling.length > 0 ? telling : names).sort().map(name => `${member}.${name}`)
}

/** `metadata.uid` and the like; what Kubernetes does not give a uid has a name, within its namespace where it has one. */
function innerPaths(rows: readonly Row[], member: string): readonly (readonly string[])[] {
  const ids = ['id', 'uuid', 'uid', 'guid', 'OBJECTID'].map(name => [`${member}.${name}`])
  if (member !== 'metadata') return ids
  const isSpaced = rows.some(row => typeof valueAt(row, 'metadata.namespace') === 'string')
  return [...ids, isSpaced ? ['metadata.namespace', 'metadata.name'] : ['metadata.name']]
}

const word = /^[\p{L}][\p{L}\d_:./-]*$|^(?=.*[a-z])[0-9a-f]+$/u

/** Arrays as rows: the first of each, where it is a word that stands for the rest. */
function isNamedByFirst(rows: readonly Row[]): boolean {
  const isWord = (cell: Cell | undefined): boolean => typeof cell === 'string' && word.test(cell)
  return rows.length > 2 && rows.every(row => isWord(row['0']))
}

/** Times rise or fall from row to row. */
function isSorted(rows: readonly Row[], column: string): boolean {
  const times = rows.map(row => row[column])
  const [first, second] = times
  if (rows.length < 3 || !times.every(cell => typeof cell === typeof first && (typeof cell === 'string' || typeof cell === 'number')))
    return false
  const rises = (first as string | number) < (second as string | number)
  return times.every((cell, i) => i === 0 || (times[i - 1] as string) < (cell as string) === rises)
}

/** Rows for instants: no column says what each is of. A column of times that has one of them twice is no key, whatever it says. */
class Series {
  readonly #rows: readonly Row[]
  readonly #columns: readonly string[]
  /** Looked at once, however many columns are called like times. */
  #hasGroups: boolean | undefined

  constructor(rows: readonly Row[], columns: readonly string[]) {
    this.#rows = rows
    this.#columns = columns
  }

  isBy(column: string): boolean {
    if (!isSorted(this.#rows, column)) return false
    this.#hasGroups ??= this.#columns.some(other => tellsGroups(this.#rows, other))
    return !this.#hasGroups
  }
}

/** Texts that are no numbers, neither all equal nor all different. */
function tellsGroups(rows: readonly Row[], column: string): boolean {
  const cells = rows.map(row => row[column])
  const values = new Set(cells)
  return (
    values.size > 1 &&
    values.size < rows.length &&
    cells.some(cell => typeof cell === 'string' && Number.isNaN(Number(cell)) && cell.length > 1)
  )
}

interface Candidate {
  readonly paths: readonly string[]
  readonly rank: number
}

function candidates(rows: readonly Row[], columns: readonly string[], rowsPath: string): Candidate[] {
  const found: Candidate[] = []
  const series = new Series(rows, columns)
  for (const [place, column] of columns.entries()) {
    const rank = rankOfName({ column, place, columns, rowsPath })
    if (rank !== undefined && (rank !== timeRank || series.isBy(column))) found.push({ paths: [column], rank })
    if (labelSets.includes(column)) {
      const paths = labelPaths(rows, column)
      if (paths.length > 0) found.push({ paths, rank: innerRank })
    } else if (inner.includes(column)) found.push(...innerPaths(rows, column).map(paths => ({ paths, rank: innerRank })))
  }
  if (columns[0] === '0' && isNamedByFirst(rows)) found.push({ paths: ['0'], rank: firstItemRank })
  return found.sort((a, b) => a.rank - b.rank)
}

/** The text of several paths, as it is written in a config. */
export function printKey(paths: readonly string[]): string {
  const [first = ''] = paths
  return paths.length === 1 ? first : `[${paths.join(', ')}]`
}

function refuteCell(cell: Cell | undefined): string | undefined {
  if (cell === undefined || cell === null || cell === '') return 'not in every row'
  if (typeof cell === 'object') return 'no text or number'
  if (typeof cell === 'boolean' || (typeof cell === 'number' && !Number.isSafeInteger(cell))) return 'no name but a measure'
  return undefined
}

/** Why these paths do not tell the rows apart; undefined: they do. */
function refute(rows: readonly Row[], paths: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const row of rows) {
    const cells = paths.map(path => valueAt(row, path))
    const wrong = cells.map(refuteCell).find(why => why !== undefined)
    if (wrong !== undefined) return wrong
    const key = cells.length === 1 ? (keyOf(cells[0] ?? null) ?? '') : JSON.stringify(cells)
    if (seen.has(key)) return `${quotable(JSON.stringify(key), 30)} twice`
    seen.add(key)
  }
  return undefined
}

/**
 * Looks for what tells rows apart: a column whose name says so, in every row, never twice. A column that merely happens
 * to be unique is no key: none is better than a wrong one.
 * @param struck keys (as `printKey` has them) that an earlier answer refuted
 */
export function findKey(rows: readonly Row[], columns: readonly string[], rowsPath: string, struck: ReadonlyMap<string, string>): KeyGuess {
  const tried: string[] = []
  const good: Candidate[] = []
  for (const candidate of rows.length === 0 ? [] : candidates(rows, columns, rowsPath)) {
    const name = printKey(candidate.paths)
    const why = struck.get(name) ?? refute(rows, candidate.paths)
    if (why === undefined) good.push(candidate)
    else if (!why.startsWith('not in') || columns.includes(name)) tried.push(`${quotable(name, 40)} (${why})`)
  }
  const [best, ...rest] = good
  if (best === undefined) return { others: [], tried }
  return { paths: best.paths, others: rest.map(({ paths }) => printKey(paths)), tried }
}
