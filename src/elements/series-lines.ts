import { noHints, type Hints } from '../model/hint.ts'
import { composedKeyColumn } from '../model/key.ts'
import { cellOf, type Row } from '../model/row.ts'
import { rowName } from './column-profile.ts'

/** A line of a feed of kind `series`: points in ascending time. */
export interface SeriesLine {
  readonly id: string
  readonly label: string
  readonly times: readonly number[]
  readonly values: readonly (number | null)[]
}

const timeColumn = 'time'

/** Which line a row is a point of: its key but for the time; empty where the series has only one. */
function lineOf(row: Row): string {
  const key = cellOf(row, composedKeyColumn)
  if (typeof key !== 'string') return ''
  try {
    const parts: unknown = JSON.parse(key)
    return Array.isArray(parts) ? String(parts[0]) : key
  } catch {
    // A key of one part.
    return key
  }
}

/** The columns of a series that can be drawn: numbers, but the time; what is hidden only where it is `asked` for by name. */
export function seriesColumns(rows: readonly Row[], columns: readonly string[], hints: Hints = noHints, asked = ''): readonly string[] {
  return columns
    .filter(column => column !== timeColumn && column !== composedKeyColumn)
    .filter(column => column === asked || hints.get(column)?.hidden !== true)
    .filter(column => rows.some(row => typeof cellOf(row, column) === 'number'))
}

/** The lines of one column, those of most points first, at most `most`; `name`: what a line is called that is the only one. */
export function seriesLines(rows: readonly Row[], column: string, most: number, name = column): readonly SeriesLine[] {
  const lines = new Map<string, (readonly [number, number | null])[]>()
  for (const row of rows) {
    const time = cellOf(row, timeColumn)
    if (typeof time !== 'number') continue
    const id = lineOf(row)
    const value = cellOf(row, column)
    const points = lines.get(id)
    const point = [time, typeof value === 'number' ? value : null] as const
    if (points === undefined) lines.set(id, [point])
    else points.push(point)
  }
  return [...lines]
    .toSorted(([a, pointsA], [b, pointsB]) => pointsB.length - pointsA.length || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([id, points]) => {
      const sorted = points.toSorted(([a], [b]) => a - b)
      return {
        id,
        label: id === '' ? name : rowName(id),
        times: sorted.map(([time]) => time),
        values: sorted.map(([, value]) => value),
      }
    })
}
