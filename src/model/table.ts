import { equalRows, type Row } from './row.ts'
import type { OrderTerm } from './order.ts'

/** What the rows of a feed are, so that a dashboard can draw them (design.md section 5). */
export type Kind = 'table' | 'series' | 'events' | 'alerts'

/** Rows by unique key. */
export interface Table {
  /** The name of the key column. */
  readonly key: string
  /** Column names; they only grow, at the end, within an epoch. */
  readonly columns: readonly string[]
  readonly rows: ReadonlyMap<string, Row>
  /** The order a reader shows; empty: by key. */
  readonly order: readonly OrderTerm[]
  readonly kind: Kind
}

/** Why part of what is proven is kept back. */
export interface Degradation {
  readonly cause: 'shape' | 'rows' | 'key' | 'cardinality'
  /** A sentence for people, at most 200 characters; no secrets. */
  readonly reason: string
}

/** For each key that differs from the stage's previous sample its previous row (undefined: it is new), or everything. */
export type Changes = ReadonlyMap<string, Row | undefined> | 'all'

/**
 * The table of one stage at one instant, with its changes.
 * `table` is the stage's own: it may update it in place between ticks, so nobody keeps it beyond the tick.
 */
export interface Sample {
  readonly table: Table
  readonly changes: Changes
  /** The tick that brought it; rises within one server run. */
  readonly tick: number
  /** When the data was proven, ms since 1970 UTC. */
  readonly time: number
  /** Set while part of the data is kept back. */
  readonly degraded?: Degradation
}

export const noChanges: Changes = new Map()

/** A table without rows and columns but its key. */
export function emptyTable(key: string): Table {
  return { key, columns: [key], rows: new Map(), order: [], kind: 'table' }
}

/** Whether columns are gone that were there before: a table that goes on only grows. */
export function letsGo(before: readonly string[], columns: readonly string[]): boolean {
  if (before === columns) return false
  const held = new Set(columns)
  return before.some(column => !held.has(column))
}

/** Two samples of one stage as one: what differs from before the first of them. */
export function mergeSamples(first: Sample, second: Sample): Sample {
  return { ...second, changes: mergeChanges(first.changes, second.changes, second.table) }
}

function mergeChanges(first: Changes, second: Changes, { rows, columns }: Table): Changes {
  if (first === 'all' || second === 'all') return 'all'
  if (first.size === 0) return second
  const merged = new Map([...second, ...first])
  // What the first of them changed the second may have changed back.
  for (const key of second.keys()) {
    const [before, row] = [first.get(key), rows.get(key)]
    if (!first.has(key)) continue
    if (before === row || (before !== undefined && row !== undefined && equalRows(before, row, columns))) merged.delete(key)
  }
  return merged
}
