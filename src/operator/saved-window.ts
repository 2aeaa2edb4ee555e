import { isListOf, isRecord } from '../lib/plain.ts'
import type { Cell } from '../model/row.ts'

/** Most cells of a window that are kept over a restart; rows that do not fit in begin anew. */
export const mostSavedCells = 200_000

/** The number of a pane, and what each aggregate has come to in it. */
export type SavedPane = readonly [number: number, aggregates: readonly (readonly Cell[])[]]

/** A row of a window. */
export interface SavedRow {
  readonly key: string
  readonly panes: readonly SavedPane[]
  /** What it is, where it is in the table: since which sample, or when it happened, and the cells that the aggregates take. */
  readonly now?: readonly [at: number | null, cells: readonly Cell[]]
}

/** What the rows of a window come to, plain JSON. */
export interface SavedRows {
  /** The number of the last sample. */
  readonly last: number
  /** Of each pane the number of its first sample, or how many rows came too late for it. */
  readonly counts: readonly (readonly [pane: number, count: number])[]
  readonly rows: readonly SavedRow[]
  /** Rows did not fit in. */
  readonly isCut: boolean
}

/** A window as it is kept over a restart, plain JSON. Panes are numbered from 1970 by the wall clock. */
export interface SavedWindow {
  /** The key column of the table that it is of, and of each row the cell there. */
  readonly key: string
  readonly names: readonly (readonly [key: string, name: Cell])[]
  /** When its last sample was, ms since 1970. */
  readonly time: number
  /** The last pane that is shown, and whether that has ended. */
  readonly pane: number
  readonly isClosed: boolean
  readonly rows: SavedRows
}

/** Cells that are made at once; a ms or two. */
const cellsAtOnce = 5000

/** How many cells there are in it: an aggregate may hold lists of them. */
function countOf(cells: readonly unknown[]): number {
  return cells.reduce<number>((sum, cell) => sum + (Array.isArray(cell) ? countOf(cell) : 1), 0)
}

/** The rows as they are kept, as far as they fit in, some at a time. `cut` is called where they do not. */
export function* savedParts(rows: Iterable<SavedRow>, keep: (row: SavedRow) => SavedRow, cut: () => void): Generator<readonly SavedRow[]> {
  let part: SavedRow[] = []
  let [all, made] = [0, 0]
  for (const row of rows) {
    const cells = 1 + countOf(row.now?.[1] ?? []) + row.panes.reduce((sum, [, aggregates]) => sum + countOf(aggregates), 0)
    all += cells
    made += cells
    if (all > mostSavedCells) {
      cut()
      break
    }
    part.push(keep(row))
    if (made < cellsAtOnce) continue
    yield part
    part = []
    made = 0
  }
  yield part
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isPane(value: unknown): value is SavedPane {
  return Array.isArray(value) && isWhole(value[0]) && isListOf(value[1], (cells): cells is readonly Cell[] => Array.isArray(cells))
}

function isRow(value: unknown): value is SavedRow {
  if (!isRecord(value)) return false
  const { key, panes, now } = value
  if (typeof key !== 'string' || !isListOf(panes, isPane)) return false
  return now === undefined || (Array.isArray(now) && (now[0] === null || Number.isFinite(now[0])) && Array.isArray(now[1]))
}

function isRows(value: unknown): value is SavedRows {
  if (!isRecord(value)) return false
  const { last, counts, rows, isCut } = value
  const isPair = (pair: unknown): pair is readonly [number, number] => Array.isArray(pair) && isWhole(pair[0]) && isWhole(pair[1])
  return isWhole(last) && isListOf(counts, isPair) && isListOf(rows, isRow) && typeof isCut === 'boolean'
}

/** What was left of a window; undefined where it is anything else. */
export function readWindow(saved: unknown): SavedWindow | undefined {
  if (!isRecord(saved)) return undefined
  const { key, names, time, pane, isClosed, rows } = saved
  const isName = (name: unknown): name is readonly [string, Cell] => Array.isArray(name) && typeof name[0] === 'string' && name.length === 2
  const isSound = typeof key === 'string' && isListOf(names, isName) && Number.isFinite(time) && isWhole(pane)
  return isSound && typeof isClosed === 'boolean' && isRows(rows) ? (saved as unknown as SavedWindow) : undefined
}

/** The same rows, whose panes have other numbers. */
export function movedBy(panes: number, { rows, counts, ...more }: SavedRows): SavedRows {
  if (panes === 0) return { rows, counts, ...more }
  return { ...more, counts: movedCounts(panes, counts), rows: rows.map(row => movedRow(panes, row)) }
}

export function movedCounts(panes: number, counts: SavedRows['counts']): SavedRows['counts'] {
  return counts.map(([pane, count]) => [pane + panes, count] as const)
}

export function movedRow(panes: number, row: SavedRow): SavedRow {
  return { ...row, panes: row.panes.map(([pane, aggregates]) => [pane + panes, aggregates] as const) }
}
