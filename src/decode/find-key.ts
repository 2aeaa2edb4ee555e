import { cellOf, type Row } from '../model/row.ts'
import { keyOf } from '../model/key.ts'

/** A key that was found, or undefined with what was tried. */
export interface KeyFound {
  readonly key: string | undefined
  /** For people: why none will do. */
  readonly tried: string
}

/** Names that say "this tells rows apart", the surest first. */
const surest = [
  /^(id|_id|uuid|guid|key)$/i,
  /(_id|Id|_uuid|_key|ID)$/,
  /^(symbol|ticker|isin|code|slug|sku|iata|icao|callsign|hostname|host|instance|mount|interface|core)$/i,
  /^(name|title|url|link|path|label)$/i,
]

function rank(column: string): number | undefined {
  const at = surest.findIndex(pattern => pattern.test(column))
  return at < 0 ? undefined : at
}

/** Why a column cannot be the key of these rows; undefined: it can. */
export function refutation(rows: readonly Row[], column: string): string | undefined {
  const seen = new Set<string>()
  for (const row of rows) {
    const cell = cellOf(row, column)
    const key = keyOf(cell)
    if (key === undefined || key === '' || typeof cell === 'boolean') return `${column} is not in every row`
    if (typeof cell === 'number' && !Number.isInteger(cell)) return `${column} is a measure`
    if (seen.has(key)) return `${column} has ${JSON.stringify(key).slice(0, 40)} twice`
    seen.add(key)
  }
  return undefined
}

/**
 * Looks for the column that tells rows apart: one whose name says so, in every row, without a repeat.
 * A column that merely happens to be unique is no key: none is better than a wrong one.
 */
export function findKey(rows: readonly Row[], columns: readonly string[]): KeyFound {
  const plausible = columns
    .map(column => ({ column, rank: rank(column) }))
    .filter((candidate): candidate is { column: string; rank: number } => candidate.rank !== undefined)
    .sort((a, b) => a.rank - b.rank)
  const refuted: string[] = []
  for (const { column } of plausible) {
    const why = rows.length === 0 ? 'there are no rows' : refutation(rows, column)
    if (why === undefined) return { key: column, tried: refuted.join(', ') }
    refuted.push(why)
  }
  return { key: undefined, tried: refuted.length === 0 ? 'no column has the name of a key' : refuted.slice(0, 4).join(', ') }
}
