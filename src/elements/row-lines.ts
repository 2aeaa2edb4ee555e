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
  readonly count: number
  readonly lines: readonly Line[]
  /** Those from one place until before another: what is in view costs no more than that. */
  slice(from: number, to: number): readonly Line[]
  /** Rows that came while the order was held and are not shown yet. */
  readonly waiting: number
}

export function keyOfRow(row: Row, keyColumn: string): string {
  return keyOf(cellOf(row, keyColumn)) ?? ''
}

/** The rows as they are: each is made a line when it is looked at. */
class FollowedLines implements Lines {
  readonly waiting = 0
  readonly #rows: readonly Row[]
  readonly #keyColumn: string

  constructor(rows: readonly Row[], keyColumn: string) {
    this.#rows = rows
    this.#keyColumn = keyColumn
  }

  get count(): number {
    return this.#rows.length
  }
  get lines(): readonly Line[] {
    return this.slice(0, this.count)
  }

  slice(from: number, to: number): readonly Line[] {
    return this.#rows.slice(from, to).map(row => ({ key: keyOfRow(row, this.#keyColumn), row, gone: false }))
  }
}

export const noLines: Lines = new FollowedLines([], '')

/** Lines in the order of `rows`; while `held`, in the order they were shown before, with their values as they are now. */
export function arrange(shown: Lines, rows: readonly Row[], keyColumn: string, held: boolean): Lines {
  if (!held || shown.count === 0) return new FollowedLines(rows, keyColumn)
  const current = new Map(rows.map(row => [keyOfRow(row, keyColumn), row]))
  const lines = shown.lines.map(({ key, row }) => ({ key, row: current.get(key) ?? row, gone: !current.has(key) }))
  const known = new Set(lines.map(line => line.key))
  const waiting = [...current.keys()].filter(key => !known.has(key)).length
  return { count: lines.length, lines, waiting, slice: (from, to) => lines.slice(from, to) }
}

/** Which of `count` lines of equal height are in view, with a few around them. */
export function visibleSpan(count: number, lineHeight: number, scrollTop: number, viewHeight: number): { from: number; to: number } {
  const around = 8
  const from = Math.max(0, Math.min(Math.floor(scrollTop / lineHeight) - around, count))
  return { from, to: Math.min(count, Math.ceil((scrollTop + viewHeight) / lineHeight) + around) }
}
