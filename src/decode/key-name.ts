import { isWrapperName } from './row-candidates.ts'

const identity = /^(id|_id|@id|@odata\.id|uuid|uid|guid|objectid)$/i
const code =
  /^(key|symbol|ticker|isin|figi|code|slug|sku|iata|icao|icao24|callsign|hostname|host|instance|mac|ieee_address|serial|imei|vin|pid|core|interface|mount|sha|hash|hex|fingerprint|series|currency|loc|file|filename)$/i
const idOf = [/^(.+?)(?:[_ -](?:id|ID|Id|uuid|uid|key|code|index)|Id|ID)$/, /^(?:id|code|cod|num)[_ ](.+)$/i]
/** What rows mostly belong to rather than are. */
const foreign = /^(user|customer|client|account|owner|author|creator|parent|member|category|type|status|group|tenant|org|organi[sz]ation)$/i
const name = /^(name|login|username|email)$/i
const address = /^(url|uri|link|href|path)$/i
/** Tells people what a row is, but may be that of another as well. */
const title = /^(title|label|description|summary)$/i
const time = /^(time|timestamp|datetime|date|day|dt|ts|hour|month|year|period|from|start)$/i

/** Ranks of what is no column's name: the surest key has the least. */
export const innerRank = 4
export const firstItemRank = 8
export const timeRank = 9

/** A column, and what stands beside it. */
interface Named {
  readonly column: string
  readonly place: number
  readonly columns: readonly string[]
  readonly rowsPath: string
}

/** `stations` of `data.stations`; empty where the rows have no name of their own. */
function nameOfRows(rowsPath: string): string {
  return rowsPath.split('.').findLast(part => part !== '' && part !== '*' && !/^\d+$/.test(part)) ?? ''
}

/** `station_id`, `stationId`, `station_code` of rows at `data.stations`. */
function isOfRows(column: string, rowsPath: string): boolean {
  const plural = nameOfRows(rowsPath).toLowerCase()
  const names = [plural, plural.replace(/s$/, ''), plural.replace(/es$/, ''), plural.replace(/ies$/, 'y')].filter(one => one.length > 1)
  const match = /^(.+?)_?(id|uuid|uid|key|code)$/i.exec(column)
  return match !== null && names.includes((match[1] ?? '').toLowerCase())
}

function stemOf(column: string): string | undefined {
  return idOf.map(pattern => pattern.exec(column)?.[1]).find(stem => stem !== undefined)
}

/**
 * An id of something. What comes first mostly says what the row is, unless it is of what rows belong to and nothing
 * names the row itself; further on it is taken where there is no other.
 */
function rankOfId({ column, place, columns, rowsPath }: Named, stem: string): number | undefined {
  const rowsName = nameOfRows(rowsPath)
  const isForeign = foreign.test(stem) || !(rowsName === '' || isWrapperName(rowsName))
  if (place === 0) return !isForeign || columns.some(other => name.test(other) || title.test(other)) ? 3 : undefined
  return isForeign || columns.some(other => other !== column && stemOf(other) !== undefined) ? undefined : 6
}

/** How sure a key is by its name, the surest first; undefined: it is none, even if it happens to be unique. */
export function rankOfName(named: Named): number | undefined {
  const { column, rowsPath } = named
  if (identity.test(column)) return 0
  if (isOfRows(column, rowsPath)) return 1
  if (code.test(column)) return 2
  const stem = stemOf(column)
  if (stem !== undefined) return rankOfId(named, stem)
  if (name.test(column)) return 5
  if (address.test(column)) return 7
  return time.test(column) ? timeRank : undefined
}
