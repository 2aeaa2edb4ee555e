import { keyOf } from '../model/key.ts'
import type { Cell, Row } from '../model/row.ts'
import { quotable } from './decode-error.ts'
import { isMembers, valueAt } from './path.ts'

/** The key that was found by looking, or why there is none. */
export interface KeyGuess {
  /** Columns or dotted paths; several make one key together. Undefined: none will do. */
  readonly paths?: readonly string[]
  /** Other columns that would do as well, as far as these rows tell. */
  readonly others: readonly string[]
  /** For people: what was tried and why it will not do. */
  readonly tried: readonly string[]
}

const identity = /^(id|_id|@id|uuid|uid|guid)$/i
const code =
  /^(key|symbol|ticker|isin|figi|code|slug|sku|iata|icao|icao24|callsign|hostname|host|instance|mac|serial|imei|vin|pid|core|interface|mount)$/i
const suffix = /(_id|Id|ID|_uuid|_uid|_key|_code)$/
const label = /^(name|login|username|email|title|url|link|href|path|label)$/i

/** Members that hold what a row is about: an `id` within them is the row's own. */
const inner = ['metadata', 'properties', 'attributes', 'node', 'fields', '_source']
/** Members that are, as a whole, the name of a row: the label set of a Prometheus series. */
const labelSets = ['metric', 'labels']

/** `station_id`, `stationId`, `station_code` of rows at `data.stations`. */
function ofRows(column: string, rowsPath: string): boolean {
  const plural = rowsPath.split('.').at(-1)?.toLowerCase() ?? ''
  const names = [plural, plural.replace(/s$/, ''), plural.replace(/es$/, ''), plural.replace(/ies$/, 'y')].filter(name => name.length > 1)
  const match = /^(.+?)_?(id|uuid|uid|key|code)$/i.exec(column)
  return match !== null && names.includes((match[1] ?? '').toLowerCase())
}

/** The surest first; undefined: a column of that name is no key, even if it happens to be unique. */
function rank(column: string, place: number, rowsPath: string): number | undefined {
  if (identity.test(column)) return 0
  if (ofRows(column, rowsPath)) return 1
  if (code.test(column)) return 2
  // What comes first mostly says what the row is; further on it points to something else (`region_id`).
  if (suffix.test(column)) return place === 0 ? 3 : 6
  return label.test(column) ? 5 : undefined
}

const innerRank = 4

function labelPaths(rows: readonly Row[], member: string): readonly string[] {
  const first = rows[0]?.[member]
  if (!isMembers(first)) return []
  const isLabelSet = (cell: Cell | undefined): boolean => isMembers(cell) && Object.values(cell).every(value => typeof value === 'string')
  if (!rows.every(row => isLabelSet(row[member]))) return []
  const names = Object.keys(first).filter(name => rows.every(row => Object.hasOwn(row[member] as object, name)))
  const telling = names.filter(name => name !== '__name__')
  return (telling.length > 0 ? telling : names).sort().map(name => `${member}.${name}`)
}

interface Candidate {
  readonly paths: readonly string[]
  readonly rank: number
}

function candidates(rows: readonly Row[], columns: readonly string[], rowsPath: string): Candidate[] {
  const found: Candidate[] = []
  for (const [place, column] of columns.entries()) {
    const ranked = rank(column, place, rowsPath)
    if (ranked !== undefined) found.push({ paths: [column], rank: ranked })
    if (labelSets.includes(column)) {
      const paths = labelPaths(rows, column)
      if (paths.length > 0) found.push({ paths, rank: innerRank })
    } else if (inner.includes(column))
      found.push(...['id', 'uuid', 'uid', 'guid'].map(name => ({ paths: [`${column}.${name}`], rank: innerRank })))
  }
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
