import { rowComparator, type OrderTerm, type RowComparator } from '../model/order.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'

export interface Entry {
  readonly key: string
  readonly row: Row
}

/** An entry with its cell of the first column of the order, which decides nearly always: a search then looks into no row. */
interface Placed extends Entry {
  readonly first: Cell
}

const chunkSize = 512

/** Rows in an order: chunks of bounded size, so that insert and remove cost O(log n) comparisons and one short move. */
export class SortedRows {
  readonly #compare: RowComparator
  readonly #first: OrderTerm | undefined
  readonly #chunks: Placed[][] = []

  /** `entries`: what it begins with, in any order. */
  constructor(order: readonly OrderTerm[], entries: readonly Entry[] = []) {
    this.#compare = rowComparator(order)
    this.#first = order[0]
    const sorted = entries.map(entry => this.#placed(entry)).sort((a, b) => this.#comparePlaced(a, b))
    for (let at = 0; at < sorted.length; at += chunkSize) this.#chunks.push(sorted.slice(at, at + chunkSize))
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  insert(inserted: Entry): void {
    const entry = this.#placed(inserted)
    const index = Math.min(this.#chunkOf(entry), Math.max(this.#chunks.length - 1, 0))
    const chunk = this.#chunks[index]
    if (chunk === undefined) {
      this.#chunks.push([entry])
      return
    }
    chunk.splice(this.#placeIn(chunk, entry), 0, entry)
    if (chunk.length > chunkSize) this.#chunks.splice(index + 1, 0, chunk.splice(chunkSize / 2))
  }

  /** Removes the entry of this key and row; `row` is the one that was inserted. */
  remove(removed: Entry): void {
    const entry = this.#placed(removed)
    const index = this.#chunkOf(entry)
    const chunk = this.#chunks[index]
    if (chunk === undefined) return
    const place = this.#placeIn(chunk, entry)
    if (chunk[place]?.key !== entry.key) return
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(index, 1)
  }

  first(count: number): readonly Entry[] {
    const entries: Entry[] = []
    for (const chunk of this.#chunks) {
      for (const entry of chunk) {
        if (entries.length >= count) return entries
        entries.push(entry)
      }
    }
    return entries
  }

  compare(a: Entry, b: Entry): number {
    return this.#compare(a.row, a.key, b.row, b.key)
  }

  #placed({ key, row }: Entry): Placed {
    return { key, row, first: this.#first === undefined ? null : cellOf(row, this.#first.column) }
  }

  #comparePlaced(a: Placed, b: Placed): number {
    if (typeof a.first !== 'number' || typeof b.first !== 'number' || a.first === b.first) return this.compare(a, b)
    return this.#first?.descending === true ? b.first - a.first : a.first - b.first
  }

  /** The first chunk that ends at or after the entry. */
  #chunkOf(entry: Placed): number {
    return this.#firstFrom(this.#chunks, lastOf, entry)
  }

  #placeIn(chunk: readonly Placed[], entry: Placed): number {
    return this.#firstFrom(chunk, itself, entry)
  }

  /** The place of the first of sorted items that is not before the entry; their length where none is. */
  #firstFrom<T>(items: readonly T[], entryOf: (item: T) => Placed | undefined, entry: Placed): number {
    let low = 0
    let high = items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const item = items[middle]
      const other = item === undefined ? undefined : entryOf(item)
      if (other !== undefined && this.#comparePlaced(other, entry) >= 0) high = middle
      else low = middle + 1
    }
    return low
  }
}

function itself(entry: Placed): Placed {
  return entry
}

function lastOf(chunk: readonly Placed[]): Placed | undefined {
  return chunk.at(-1)
}
