import { keyOf } from '../model/key.ts'
import { cellOf, type Row } from '../model/row.ts'

/** A row as the table shows it. */
export interface Line {
  readonly key: string
  readonly row: Row
  /** It left the feed while the order was held: kept, marked, so that nothing moves under the pointer. */
  readonly gone: boolean
}

export interface Lines {
  readonly lines: readonly Line[]
  /** Rows that came while the order was held and are not shown yet. */
  readonly waiting: number
}

export const noLines: Lines = { lines: [], waiting: 0 }

export function keyOfRow(row: Row, keyColumn: string): string {
  return keyOf(cellOf(row, keyColumn)) ?? ''
}

/** Lines in the order of `rows`; while `held`, in the order they were shown before, with their values as they are now. */
export function arrange(shown: Lines, rows: readonly Row[], keyColumn: string, held: boolean): Lines {
  if (!held || shown.lines.length === 0) {
    return { lines: rows.map(row => ({ key: keyOfRow(row, keyColumn), row, gone: false })), waiting: 0 }
  }
  const current = new Map(rows.map(row => [keyOfRow(row, keyColumn), row]))
  const lines = shown.lines.map(({ key, row }) => ({ key, row: current.get(key) ?? row, gone: !current.has(key) }))
  const known = new Set(shown.lines.map(line => line.key))
  return { lines, waiting: [...current.keys()].filter(key => !known.has(key)).length }
}

/** Which of `count` lines of equal height are in view, with a few around them. */
export function visibleSpan(count: number, lineHeight: number, scrollTop: number, viewHeight: number): { from: number; to: number } {
  const around = 8
  const from = Math.max(0, Math.min(Math.floor(scrollTop / lineHeight) - around, count))
  return { from, to: Math.min(count, Math.ceil((scrollTop + viewHeight) / lineHeight) + around) }
}
