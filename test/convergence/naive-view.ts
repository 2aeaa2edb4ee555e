import type { Cell, Row } from '../../src/model/row.ts'

/** Rows as the upstream wrote them: a plain array. */
export type Rows = readonly Row[]

/** An address a client may follow, and the same thing said a second time in plain JavaScript. */
export interface Address {
  /** How it is written for people and in caches. */
  readonly name: string
  readonly feed: FeedName
  readonly where?: string
  readonly fields?: readonly string[]
  readonly order?: readonly string[]
  readonly limit?: number
}

export type SourceName = 'city' | 'market' | 'calm'
export type FeedName = SourceName | 'regions' | 'dear' | 'venues' | 'named'

export const sourceOf: Readonly<Record<FeedName, SourceName>> = {
  city: 'city',
  regions: 'city',
  market: 'market',
  dear: 'market',
  venues: 'market',
  calm: 'calm',
  named: 'calm',
}

const keyOf: Readonly<Record<FeedName, string>> = {
  city: 'id',
  market: 'id',
  calm: 'id',
  dear: 'id',
  named: 'id',
  regions: 'region',
  venues: 'venue',
}

/** The feeds as a config writes them. */
export const feeds = {
  regions: {
    from: 'city',
    steps: [{ group: { by: ['region'], columns: { bikes: 'sum(bikes)', stations: 'count()', most: 'max(bikes)', notes: 'count(note)' } } }],
  },
  dear: {
    from: 'market',
    steps: [{ where: 'price > 400' }, { derive: { gap: 'ask - price' } }, { top: { by: '-price', limit: 8 } }],
  },
  venues: {
    from: 'dear',
    steps: [{ group: { by: ['venue'], columns: { quotes: 'count()', least: 'min(price)' }, having: 'quotes > 1' } }],
  },
  named: { from: 'calm', steps: [{ where: 'size < 80' }, { select: { label: 'name', double: 'size * 2' } }] },
} as const

const number = (cell: Cell | undefined): number => cell as number

function grouped(rows: Rows, by: string, columns: (members: Rows) => Row): Row[] {
  const groups = new Map<Cell, Row[]>()
  for (const row of rows) groups.set(row[by] ?? null, [...(groups.get(row[by] ?? null) ?? []), row])
  return [...groups].map(([value, members]) => ({ [by]: value, ...columns(members) }))
}

function rowsOf(feed: FeedName, source: Rows): Rows {
  switch (feed) {
    case 'city':
    case 'market':
    case 'calm':
      return source
    case 'regions':
      return grouped(source, 'region', members => ({
        bikes: members.reduce((sum, row) => sum + number(row['bikes']), 0),
        stations: members.length,
        most: Math.max(...members.map(row => number(row['bikes']))),
        notes: members.filter(row => row['note'] !== undefined).length,
      }))
    case 'dear': {
      const dear = source.filter(row => number(row['price']) > 400)
      const wide = dear.map(row => (row['ask'] === undefined ? row : { ...row, gap: number(row['ask']) - number(row['price']) }))
      return inOrder(wide, ['-price'], 'id').slice(0, 8)
    }
    case 'venues':
      return grouped(rowsOf('dear', source), 'venue', members => ({
        quotes: members.length,
        least: Math.min(...members.map(row => number(row['price']))),
      })).filter(row => number(row['quotes']) > 1)
    case 'named':
      return source
        .filter(row => number(row['size']) < 80)
        .map(row => ({ id: row['id'] ?? null, label: row['name'] ?? null, double: number(row['size']) * 2 }))
  }
}

const conditions: Readonly<Record<string, (row: Row) => boolean>> = {
  'bikes > 20': row => number(row['bikes']) > 20,
  'region == "north" && bikes < 30': row => row['region'] === 'north' && number(row['bikes']) < 30,
  'note != null': row => row['note'] !== undefined,
  'vol > 50': row => row['vol'] !== undefined && number(row['vol']) > 50,
  'venue == "XLON" || price < 200': row => row['venue'] === 'XLON' || number(row['price']) < 200,
  'quotes > 2': row => number(row['quotes']) > 2,
  'size >= 40': row => number(row['size']) >= 40,
  'double > 60': row => number(row['double']) > 60,
}

/** The order of design.md section 5 for the cells that occur here: numbers before texts, null last, ties by key. */
export function inOrder(rows: Rows, order: readonly string[], key: string): Rows {
  const compare = (a: Cell | undefined, b: Cell | undefined): number => {
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
    return a === b ? 0 : (a as number) < (b as number) ? -1 : 1
  }
  return rows.toSorted((a, b) => {
    for (const term of order) {
      const column = term.replace('-', '')
      const [x, y] = [a[column] ?? undefined, b[column] ?? undefined]
      if (x === undefined && y === undefined) continue
      if (x === undefined || y === undefined) return x === undefined ? 1 : -1
      const compared = compare(x, y)
      if (compared !== 0) return term.startsWith('-') ? -compared : compared
    }
    return compare(a[key], b[key])
  })
}

const inherited: Readonly<Partial<Record<FeedName, readonly string[]>>> = { dear: ['-price'] }

/** The order in which an address is shown. */
export function orderOf({ feed, order }: Address): readonly string[] {
  return order ?? inherited[feed] ?? []
}

export function keyColumn({ feed }: Address): string {
  return keyOf[feed]
}

/** What a reader of an address has to see when its source's table is this one. */
export function viewOf(address: Address, source: Rows): Rows {
  const { feed, where, fields, limit } = address
  const condition = where === undefined ? () => true : conditions[where]
  if (condition === undefined) throw new RangeError(`no condition is written for '${where}'`)
  const found = inOrder(rowsOf(feed, source).filter(condition), orderOf(address), keyOf[feed]).slice(0, limit)
  if (fields === undefined) return found
  const shown = new Set([...fields, keyOf[feed], ...orderOf(address).map(term => term.replace('-', ''))])
  return found.map(row => Object.fromEntries(Object.entries(row).filter(([column]) => shown.has(column))))
}

const written: readonly Omit<Address, 'name'>[] = [
  { feed: 'city' },
  { feed: 'regions' },
  { feed: 'market' },
  { feed: 'dear' },
  { feed: 'venues' },
  { feed: 'calm' },
  { feed: 'named' },
  { feed: 'city', where: 'bikes > 20' },
  { feed: 'city', where: 'region == "north" && bikes < 30', order: ['-bikes'] },
  { feed: 'city', where: 'note != null' },
  { feed: 'city', fields: ['bikes'] },
  { feed: 'city', fields: ['note', 'region'], order: ['note', '-bikes'], limit: 5 },
  { feed: 'city', limit: 3 },
  { feed: 'city', order: ['region', '-bikes'] },
  { feed: 'regions', order: ['-bikes'], limit: 2 },
  { feed: 'regions', fields: ['most'] },
  { feed: 'market', where: 'vol > 50' },
  { feed: 'market', where: 'venue == "XLON" || price < 200', fields: ['price'], limit: 6 },
  { feed: 'market', order: ['-vol'], limit: 4 },
  { feed: 'market', fields: ['vol', 'note'] },
  { feed: 'dear', limit: 3 },
  { feed: 'dear', order: ['venue', 'gap'], limit: 4 },
  { feed: 'dear', fields: ['gap'] },
  { feed: 'venues', where: 'quotes > 2' },
  { feed: 'calm', where: 'size >= 40', order: ['-size'] },
  { feed: 'calm', limit: 4 },
  { feed: 'named', where: 'double > 60', fields: ['label'] },
]

/** Every address that clients choose from. */
export const addresses: readonly Address[] = written.map(address => ({ ...address, name: JSON.stringify(address) }))
