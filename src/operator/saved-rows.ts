import { isListOf, isRecord } from '../lib/plain.ts'
import type { Cell, Row } from '../model/row.ts'

/** Most rows of `events`, `keep` and `fill` that are kept over a restart. */
export const mostSavedRows = 100_000

/** Instants look like ms since 1970: the wall clock was so far ahead of them, in ms. */
interface Stepped {
  /** The key column of the table that it is of. */
  readonly key: string
  readonly steppedMs: number
}

/** What happened to rows, as it is kept over a restart, plain JSON. */
export interface SavedEvents extends Stepped {
  readonly columns: readonly string[]
  /** The number of the last event. */
  readonly seq: number
  readonly events: readonly { readonly seq: string; readonly at: number; readonly row: Row }[]
}

/** Rows that are kept, in the order of first sight, as they are kept over a restart, plain JSON. */
export interface SavedKept extends Stepped {
  readonly columns: readonly string[]
  /** How many were ever seen. */
  readonly count: number
  readonly rows: readonly { readonly key: string; readonly at: number; readonly number: number; readonly row: Row }[]
}

/** What cells were last, and until when, as it is kept over a restart, plain JSON. */
export interface SavedFilled extends Stepped {
  readonly rows: readonly { readonly key: string; readonly known: readonly (readonly [column: string, cell: Cell, until: number])[] }[]
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isStepped(saved: unknown): saved is Readonly<Record<string, unknown>> {
  return isRecord(saved) && isText(saved['key']) && Number.isFinite(saved['steppedMs'])
}

/** What was left of events; undefined where it is anything else. */
export function readEvents(saved: unknown): SavedEvents | undefined {
  const isEvent = (of: unknown): of is SavedEvents['events'][number] =>
    isRecord(of) && isText(of['seq']) && Number.isFinite(of['at']) && isRecord(of['row'])
  const isSound = isStepped(saved) && Number.isSafeInteger(saved['seq']) && isListOf(saved['columns'], isText)
  return isSound && isListOf(saved['events'], isEvent) ? (saved as unknown as SavedEvents) : undefined
}

/** What was left of kept rows; undefined where it is anything else. */
export function readKept(saved: unknown): SavedKept | undefined {
  const isKept = (of: unknown): of is SavedKept['rows'][number] =>
    isRecord(of) && isText(of['key']) && Number.isFinite(of['at']) && Number.isSafeInteger(of['number']) && isRecord(of['row'])
  const isSound = isStepped(saved) && Number.isSafeInteger(saved['count']) && isListOf(saved['columns'], isText)
  return isSound && isListOf(saved['rows'], isKept) ? (saved as unknown as SavedKept) : undefined
}

/** What was left of filled cells; undefined where it is anything else. */
export function readFilled(saved: unknown): SavedFilled | undefined {
  const isKnown = (of: unknown): of is readonly [string, Cell, number] =>
    Array.isArray(of) && isText(of[0]) && of.length === 3 && Number.isFinite(of[2])
  const isRow = (of: unknown): of is SavedFilled['rows'][number] => isRecord(of) && isText(of['key']) && isListOf(of['known'], isKnown)
  return isStepped(saved) && isListOf(saved['rows'], isRow) ? (saved as unknown as SavedFilled) : undefined
}
