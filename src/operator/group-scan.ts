import { keyOf } from '../model/key.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'
import { startAggregate, type Accumulator } from './accumulator.ts'
import type { Aggregate } from './aggregate.ts'
import { groupCellsOf, groupKeyOf, GroupName } from './group-key.ts'
import type { RowValue } from './row-function.ts'

/** What a look at all rows finds of a group. */
export interface ScannedGroup {
  readonly name: GroupName
  readonly accumulators: readonly Accumulator[]
}

interface Scanned extends ScannedGroup {
  /** What the last row had in the only column of `by`. */
  last: Cell
}

export interface Scan {
  readonly by: readonly string[]
  readonly aggregates: readonly Aggregate[]
  /** What each aggregate takes of a row. */
  readonly values: readonly RowValue[]
  readonly maxGroups: number
}

/**
 * The groups of a table, computed in one go: cheaper than to keep them up where most rows changed, but nobody knows then who is in them.
 * Undefined where rows have to be told apart: one has no group, or there are too many of those.
 */
export function scanGroups(
  rows: ReadonlyMap<string, Row>,
  { by, aggregates, values, maxGroups }: Scan,
): ReadonlyMap<string, ScannedGroup> | undefined {
  const groups = new Map<string, Scanned>()
  const [only] = by.length === 1 ? by : []
  const start = (): Scanned => ({
    name: new GroupName(),
    accumulators: aggregates.map(({ name, q }) => startAggregate(name, q)),
    last: null,
  })
  if (by.length === 0) groups.set('', start())
  for (const [key, row] of rows) {
    const cell = only === undefined ? null : cellAt(row, only)
    const cells = only === undefined ? groupCellsOf(row, by) : undefined
    const group = typeof cell === 'string' ? cell : cells === undefined ? keyOf(cell) : groupKeyOf(cells)
    if (group === undefined) return undefined
    let found = groups.get(group)
    if (found === undefined) {
      if (groups.size >= maxGroups) return undefined
      found = start()
      groups.set(group, found)
    }
    if (cells !== undefined || found.last !== cell) found.name.add(cells ?? [cell])
    found.last = cell
    for (let i = 0; i < values.length; i++) found.accumulators[i]?.add(values[i]?.(row, key) ?? null)
  }
  return groups
}

/** As `cellOf`, which every shape of row is asked in: here they are those of one table, and the engine learns where they have the cell. */
function cellAt(row: Row, column: string): Cell {
  const cell = row[column]
  return typeof cell === 'string' ? cell : cellOf(row, column)
}

/** The keys of the rows of a group. */
export function* keysWithin(rows: ReadonlyMap<string, Row>, group: string, by: readonly string[]): Generator<string> {
  for (const [key, row] of rows) if (groupKeyOf(groupCellsOf(row, by)) === group) yield key
}
