import type { Row } from '../../src/model/row.ts'
import { inOrder, type Rows } from '../convergence/naive-view.ts'

export type SourceName = 'stock' | 'trade' | 'place'

/** An address that clients follow, and the same thing said a second time in plain JavaScript. */
export interface SimAddress {
  readonly feed: string
  readonly params?: Readonly<Record<string, string>>
  readonly where?: string
  readonly fields?: readonly string[]
  readonly order?: readonly string[]
  readonly limit?: number
  readonly source: SourceName
  readonly see: (rows: Rows) => Rows
}

const n = (row: Row): number => row['n'] as number

function totals(rows: Rows): Row[] {
  const sums = new Map<string, number>()
  for (const row of rows) sums.set(row['g'] as string, (sums.get(row['g'] as string) ?? 0) + n(row))
  return [...sums].map(([g, total]) => ({ g, total }))
}

/** The steps that make `total` of `stock`. */
export const derived = { total: { from: 'stock', steps: [{ group: { by: ['g'], columns: { total: 'sum(n)' } } }] } }

/** What the upstream of `place` answers where `g` is filled in; the end is everywhere. */
export function placed(rows: Rows, g: string | undefined): Row[] {
  return rows.filter(row => row['g'] === g || row['g'] === 'last')
}

export const simAddresses: readonly SimAddress[] = [
  { feed: 'stock', source: 'stock', see: rows => rows },
  { feed: 'trade', source: 'trade', see: rows => rows },
  { feed: 'total', source: 'stock', see: totals },
  { feed: 'stock', where: 'n > 4', source: 'stock', see: rows => rows.filter(row => n(row) > 4) },
  { feed: 'stock', order: ['-n'], limit: 3, source: 'stock', see: rows => inOrder(rows, ['-n'], 'id').slice(0, 3) },
  {
    feed: 'stock',
    fields: ['id', 'n'],
    source: 'stock',
    see: rows => rows.map(row => ({ id: row['id'] ?? null, n: row['n'] ?? null })),
  },
  { feed: 'total', where: 'total > 9', source: 'stock', see: rows => totals(rows).filter(row => (row['total'] as number) > 9) },
  { feed: 'place', params: { g: 'g1' }, source: 'place', see: rows => placed(rows, 'g1') },
  { feed: 'place', params: { g: 'g1' }, where: 'n > 4', source: 'place', see: rows => placed(rows, 'g1').filter(row => n(row) > 4) },
  { feed: 'trade', where: 'note != null', source: 'trade', see: rows => rows.filter(row => (row['note'] ?? null) !== null) },
]

function cellsOf(row: Row): string {
  const names = Object.keys(row).filter(name => row[name] !== null)
  return JSON.stringify(names.sort().map(name => [name, row[name]]))
}

/** Equal where the rows are the same, in whatever order; null and absent are one. */
export function textOf(rows: Iterable<Row>, cells = cellsOf): string {
  return Array.from(rows, row => cells(row))
    .sort()
    .join('\n')
}

/** What an address looked like. */
interface Seen {
  /** How many tables were looked at. */
  count: number
  /** By what it looked like the places at which it did. */
  readonly at: Map<string, number[]>
  last: string
}

/** Every table that a server had of each source, in order; knows where in it a state belongs. */
export class History {
  readonly #tables: Record<SourceName, Rows[]> = { stock: [], trade: [], place: [] }
  /** When each of them was published, ms. */
  readonly #times: Record<SourceName, number[]> = { stock: [], trade: [], place: [] }
  readonly #last: Record<SourceName, string | undefined> = { stock: undefined, trade: undefined, place: undefined }
  readonly #places = new Map<SimAddress, Seen>()
  /** Of rows that are only made here, and that no product may change. */
  readonly #texts = new WeakMap<Row, string>()

  record(source: SourceName, rows: Rows, ms: number): void {
    const text = this.#textOf(rows)
    if (this.#last[source] === text) return
    this.#last[source] = text
    this.#tables[source].push(rows)
    this.#times[source].push(ms)
  }

  /** The place of the table that was the last one at a time; 0 where there was none. */
  placeAt(source: SourceName, ms: number): number {
    const times = this.#times[source]
    let place = times.length - 1
    while (place > 0 && (times[place] ?? 0) > ms) place--
    return Math.max(place, 0)
  }

  /** The first place from `since` on at which the address looked like this; undefined: none. */
  placeOf(address: SimAddress, text: string, since: number): number | undefined {
    return this.#seen(address)
      .get(text)
      ?.find(place => place >= since)
  }

  /** All places at which it did. */
  placesOf(address: SimAddress, text: string): ReadonlySet<number> {
    return new Set(this.#seen(address).get(text))
  }

  /** Whether it ever did. */
  knows(address: SimAddress, text: string): boolean {
    return this.#seen(address).has(text)
  }

  final(address: SimAddress): string {
    return this.#look(address).last
  }

  #seen(address: SimAddress): ReadonlyMap<string, number[]> {
    return this.#look(address).at
  }

  #look(address: SimAddress): Seen {
    const tables = this.#tables[address.source]
    let seen = this.#places.get(address)
    if (seen === undefined) this.#places.set(address, (seen = { count: 0, at: new Map(), last: this.#textOf(address.see([])) }))
    for (; seen.count < tables.length; seen.count++) {
      seen.last = this.#textOf(address.see(tables[seen.count] ?? []))
      const known = seen.at.get(seen.last)
      if (known === undefined) seen.at.set(seen.last, [seen.count])
      else known.push(seen.count)
    }
    return seen
  }

  #textOf(rows: Rows): string {
    return textOf(rows, row => {
      const text = this.#texts.get(row) ?? cellsOf(row)
      this.#texts.set(row, text)
      return text
    })
  }
}
