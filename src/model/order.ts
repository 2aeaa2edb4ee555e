import { canonicalJson } from './checksum.ts'
import { cellOf, type Cell, type Row } from './row.ts'

/** One term of an order. Written `price` (ascending) or `-price` (descending). */
export interface OrderTerm {
  readonly column: string
  readonly descending: boolean
}

/** Reads `price` or `-price`. */
export function parseOrderTerm(text: string): OrderTerm {
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false }
}

export function printOrderTerm(term: OrderTerm): string {
  return term.descending ? `-${term.column}` : term.column
}

function rank(cell: Cell): number {
  if (typeof cell === 'number') return 0
  if (typeof cell === 'string') return 1
  if (typeof cell === 'boolean') return cell ? 3 : 2
  return 4
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareCells(a: Cell, b: Cell): number {
  if (a === b) return 0
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const ranks = rank(a) - rank(b)
  if (ranks !== 0) return ranks
  return typeof a === 'string' ? compareText(a, b as string) : compareText(canonicalJson(a), canonicalJson(b))
}

/** Compares two rows with their keys. */
export type RowComparator = (a: Row, keyA: string, b: Row, keyB: string) => number

/**
 * The order of design.md section 5: numbers by value, strings by UTF-16 units, false, true, other by JSON text
 * (the canonical one: cells that are equal must not differ by the order of their members); null last in both
 * directions; ties by key.
 */
export function rowComparator(order: readonly OrderTerm[]): RowComparator {
  return (a, keyA, b, keyB) => {
    for (const { column, descending } of order) {
      const cellA = cellOf(a, column)
      const cellB = cellOf(b, column)
      if (cellA === null || cellB === null) {
        if (cellA !== cellB) return cellA === null ? 1 : -1
        continue
      }
      const compared = compareCells(cellA, cellB)
      if (compared !== 0) return descending ? -compared : compared
    }
    return compareText(keyA, keyB)
  }
}

/** The entries of a table in its order; a new array. */
export function orderedEntries(rows: ReadonlyMap<string, Row>, order: readonly OrderTerm[]): (readonly [string, Row])[] {
  const compare = rowComparator(order)
  return [...rows].sort(([keyA, a], [keyB, b]) => compare(a, keyA, b, keyB))
}
