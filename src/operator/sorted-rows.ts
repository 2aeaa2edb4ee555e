import type { RowComparator } from '../model/order.ts'
import type { Row } from '../model/row.ts'

export interface Entry {
  readonly key: string
  readonly row: Row
}

const chunkSize = 512

/** Rows in an order: chunks of bounded size, so that insert and remove cost O(log n) comparisons and one short move. */
export class SortedRows {
  readonly #compare: RowComparator
  readonly #chunks: Entry[][] = []

  /** `entries`: what it begins with, in any order. */
  constructor(compare: RowComparator, entries: readonly Entry[] = []) {
    this.#compare = compare
    const sorted = entries.toSorted((a, b) => this.compare(a, b))
    for (let at = 0; at < sorted.length; at += chunkSize) this.#chunks.push(sorted.slice(at, at + chunkSize))
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  insert(entry: Entry): void {
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
  remove(entry: Entry): void {
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

  /** The first chunk that ends at or after the entry. */
  #chunkOf(entry: Entry): number {
    return firstIndex(this.#chunks, chunk => {
      const last = chunk.at(-1)
      return last !== undefined && this.compare(last, entry) >= 0
    })
  }

  #placeIn(chunk: readonly Entry[], entry: Entry): number {
    return firstIndex(chunk, other => this.compare(other, entry) >= 0)
  }
}

/** The first place at which `holds`, which once true stays true; the length where it never does. */
function firstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && holds(item)) high = middle
    else low = middle + 1
  }
  return low
}
