import { noColumn } from '../../lib/suggest.ts'
import { orderedEntries } from '../../model/order.ts'
import { cellOf, equalCells, rowOf, type Cell, type Row } from '../../model/row.ts'
import type { Store } from '../../model/store.ts'

/** What is expected of a row: the columns that count. */
export type Wanted = ReadonlyMap<string, unknown>

function matches(row: Row, wanted: Wanted): boolean {
  return [...wanted].every(([column, cell]) => equalCells(cellOf(row, column), cell as Cell))
}

/** The columns of a row that one is compared by. */
function shown(row: Row, columns: Iterable<string>): string {
  return JSON.stringify(rowOf([...columns].map(column => [column, cellOf(row, column)] as const)))
}

/**
 * Where the rows of a feed are other than expected, as lines: `-` expected, `+` found, nothing before what is both. Empty: nowhere.
 */
export function rowsDifference(store: Store, wanted: readonly Wanted[]): string[] {
  return [...otherRows(store, wanted), ...unknownColumns(store, wanted)]
}

/** Columns that a feed has not: null is expected of one that is misspelt, and found. */
function unknownColumns({ columns }: Store, wanted: Iterable<Wanted>): string[] {
  const named = new Set([...wanted].flatMap(row => [...row.keys()]))
  // Of a feed that is still waiting no columns are known.
  return columns.length === 0 ? [] : [...named].filter(name => !columns.includes(name)).map(name => noColumn(name, columns))
}

function otherRows(store: Store, wanted: readonly Wanted[]): string[] {
  const found = [...orderedEntries(new Map(store.rows()), store.order)].map(([, row]) => row)
  if (found.length === wanted.length && found.every((row, i) => matches(row, wanted[i] ?? new Map()))) return []
  const columns = new Set([...(wanted.length === 0 ? store.columns : []), ...wanted.flatMap(row => [...row.keys()])])
  const lines: string[] = []
  const rest = [...found]
  for (const want of wanted) {
    const at = rest.findIndex(row => matches(row, want))
    for (const row of rest.splice(0, Math.max(0, at))) lines.push(`+ ${shown(row, columns)}`)
    if (at === -1) lines.push(`- ${JSON.stringify(rowOf([...want].map(([column, cell]) => [column, cell as Cell])))}`)
    else lines.push(`  ${shown(rest.shift() ?? {}, want.keys())}`)
  }
  return [...lines, ...rest.map(row => `+ ${shown(row, columns)}`)]
}

/** What is expected to be other in a feed. */
export interface WantedChanges {
  readonly set?: ReadonlyMap<string, Wanted> | undefined
  readonly del?: readonly string[] | undefined
}

/** The same for what changed after a version. */
export function changesDifference(store: Store, since: number, { set = new Map(), del = [] }: WantedChanges): string[] {
  // A store that is not known so far back is compared as if it had just come.
  const delta = since === 0 ? undefined : store.deltaSince(since)
  const changed = delta === undefined ? [...store.rows()].map(([key]) => key) : [...delta.set.keys()]
  const left = [...(delta?.del ?? [])]
  const lines: string[] = []
  for (const [key, want] of set) {
    const row = changed.includes(key) ? store.row(key) : undefined
    if (row !== undefined && matches(row, want)) continue
    lines.push(`- set ${key} ${JSON.stringify(rowOf([...want].map(([column, cell]) => [column, cell as Cell])))}`)
    if (row !== undefined) lines.push(`+ set ${key} ${shown(row, want.keys())}`)
  }
  for (const key of changed) if (!set.has(key)) lines.push(`+ set ${key} ${JSON.stringify(delta?.set.get(key) ?? store.row(key))}`)
  for (const key of del) if (!left.includes(key)) lines.push(`- del ${key}`)
  for (const key of left) if (!del.includes(key)) lines.push(`+ del ${key}`)
  return [...lines, ...unknownColumns(store, set.values())]
}
