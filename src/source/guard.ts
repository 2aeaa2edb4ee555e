import type { Degradation } from '../model/table.ts'
import { cellOf, type Cell, type Row } from '../model/row.ts'

/** Polls after which a column that was always there counts as promised. */
const promisedAfter = 20
/** A table of so many rows does not become empty without being asked twice. */
const fewRows = 20

type CellType = 'number' | 'string' | 'boolean' | 'array' | 'object'

function typeOf(cell: Exclude<Cell, null>): CellType {
  return Array.isArray(cell) ? 'array' : (typeof cell as CellType)
}

/** A column over all rows of one poll: of one type and never null, or else what types it has. */
function typesOf(rows: ReadonlyMap<string, Row>, column: string): { readonly types: ReadonlySet<CellType>; readonly always: boolean } {
  const types = new Set<CellType>()
  let always = true
  for (const row of rows.values()) {
    const cell = cellOf(row, column)
    if (cell === null) always = false
    else types.add(typeOf(cell))
  }
  return { types, always }
}

interface Promised {
  readonly type: CellType
  /** The number of the poll since which it was always there. */
  readonly since: number
}

/** What was seen of a source; plain and immutable. */
export interface GuardState {
  readonly polls: number
  readonly rows: number
  readonly columns: ReadonlyMap<string, Promised>
  /** An empty answer is held for one poll. */
  readonly heldEmpty: boolean
}

export const newGuard: GuardState = { polls: 0, rows: 0, columns: new Map(), heldEmpty: false }

/** Whether an answer is taken, or kept back with the reason. */
export interface GuardVerdict {
  readonly state: GuardState
  readonly degraded?: Degradation
}

function differences(state: GuardState, rows: ReadonlyMap<string, Row>): string[] {
  const found: string[] = []
  for (const [column, { type, since }] of state.columns) {
    if (state.polls - since < promisedAfter) continue
    const { types } = typesOf(rows, column)
    if (types.size === 0) found.push(`${column} (${type}) is gone`)
    else if (!types.has(type)) found.push(`${column} was ${type} and is ${[...types].join(' and ')}`)
  }
  return found
}

function learned(state: GuardState, rows: ReadonlyMap<string, Row>, columns: readonly string[]): ReadonlyMap<string, Promised> {
  const next = new Map<string, Promised>()
  for (const column of columns) {
    const { types, always } = typesOf(rows, column)
    const [type] = types
    if (!always || types.size !== 1 || type === undefined) continue
    const before = state.columns.get(column)
    next.set(column, before?.type === type ? before : { type, since: state.polls })
  }
  return next
}

/**
 * The rows guard (a fall from 20 rows or more to none needs a second poll to be believed) and the learned shape guard
 * (a column that was there in every row of the last 20 polls and is gone, or of another type) of design.md section 5.
 */
export function guard(state: GuardState, rows: ReadonlyMap<string, Row>, columns: readonly string[]): GuardVerdict {
  if (rows.size === 0 && state.rows >= fewRows && !state.heldEmpty)
    return { state: { ...state, heldEmpty: true }, degraded: { cause: 'rows', reason: `no rows after ${state.rows}: held for one poll` } }
  if (rows.size > 0) {
    const found = differences(state, rows)
    if (found.length > 0)
      return { state, degraded: { cause: 'shape', reason: `the last good rows are kept: ${found.slice(0, 4).join('; ')}`.slice(0, 200) } }
  }
  const promises = rows.size === 0 ? state.columns : learned(state, rows, columns)
  return { state: { polls: state.polls + 1, rows: rows.size, columns: promises, heldEmpty: false } }
}

/** An answer that is the same as the last one taken is another poll that kept every promise. */
export function guardSame(state: GuardState): GuardState {
  return { ...state, polls: state.polls + 1, heldEmpty: false }
}
