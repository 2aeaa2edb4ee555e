import type { Row } from './row.ts'
import type { Store } from './store.ts'

/** The rows of a store as they are at the moment, without a copy. */
export class StoreRows implements ReadonlyMap<string, Row> {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  get size(): number {
    return this.#store.count
  }

  get(key: string): Row | undefined {
    return this.#store.row(key)
  }

  has(key: string): boolean {
    return this.#store.row(key) !== undefined
  }

  forEach(visit: (row: Row, key: string, rows: ReadonlyMap<string, Row>) => void): void {
    for (const [key, row] of this) visit(row, key, this)
  }

  *keys(): MapIterator<string> {
    for (const [key] of this) yield key
  }

  *values(): MapIterator<Row> {
    for (const [, row] of this) yield row
  }

  entries(): MapIterator<[string, Row]> {
    return this[Symbol.iterator]()
  }

  *[Symbol.iterator](): MapIterator<[string, Row]> {
    for (const [key, row] of this.#store.rows()) yield [key, row]
  }
}
