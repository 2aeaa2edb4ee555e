import { createHash } from 'node:crypto'
import type { Row } from '../../src/model/row.ts'
import { sumByTheBook } from '../support/checksum-by-the-book.ts'
import { keyColumn, sourceOf, viewOf, type Address, type Rows, type SourceName } from './naive-view.ts'

const rowTexts = new WeakMap<Row, string>()

/** Null and absent are one, and the order of columns does not count. */
function rowText(row: Row): string {
  let text = rowTexts.get(row)
  if (text === undefined) {
    const cells = Object.entries(row).filter(([, cell]) => cell !== null)
    text = JSON.stringify(cells.sort(([a], [b]) => (a < b ? -1 : 1)))
    rowTexts.set(row, text)
  }
  return text
}

/** A set of rows as one short text: equal where they are the same rows, in whatever order. */
export function stateText(rows: Iterable<Row>): string {
  return createHash('sha1').update(Array.from(rows, rowText).sort().join('\n')).digest('base64')
}

interface Seen {
  /** Tables that were looked at. */
  tables: number
  /** At which places of the history a state was the truth. */
  readonly places: Map<string, number[]>
}

/** Every table that the upstream answered, in order; knows where in it a state belongs. */
export class Truth {
  readonly #tables: Record<SourceName, Rows[]> = { city: [], market: [], calm: [] }
  readonly #last = new Map<SourceName, string>()
  readonly #seen = new Map<string, Seen>()
  readonly #sums = new Map<string, string>()

  get tables(): number {
    return Object.values(this.#tables).reduce((sum, tables) => sum + tables.length, 0)
  }

  record(source: SourceName, rows: Rows): void {
    const text = JSON.stringify(rows)
    if (this.#last.get(source) === text) return
    this.#last.set(source, text)
    this.#tables[source].push(rows)
  }

  /** All places, rising, at which the address looked like this; empty: never. */
  places(address: Address, state: string): readonly number[] {
    const tables = this.#tables[sourceOf[address.feed]]
    let seen = this.#seen.get(address.name)
    if (seen === undefined) this.#seen.set(address.name, (seen = { tables: 0, places: new Map() }))
    for (; seen.tables < tables.length; seen.tables++) {
      const at = stateText(viewOf(address, tables[seen.tables] ?? []))
      const known = seen.places.get(at)
      if (known === undefined) seen.places.set(at, [seen.tables])
      else known.push(seen.tables)
    }
    return seen.places.get(state) ?? []
  }

  /** What the address looks like now. */
  final(address: Address): Rows {
    return viewOf(address, this.#tables[sourceOf[address.feed]].at(-1) ?? [])
  }

  /** The checksum by the second implementation; remembered, as many clients hold the same table. */
  sum(address: Address, columns: readonly string[], rows: ReadonlyMap<string, Row>, state: string): string {
    const name = `${address.name} ${state} ${columns.join()}`
    let sum = this.#sums.get(name)
    if (sum === undefined) this.#sums.set(name, (sum = sumByTheBook(keyColumn(address), columns, rows)))
    return sum
  }
}
