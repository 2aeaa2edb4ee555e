import type { Row } from '../model/row.ts'
import { cellOf } from '../model/row.ts'
import { composedKeyColumn } from '../model/key.ts'
import { isMeasure, labelColumn, quantityIn, rowLabel, showValue, type ColumnProfile } from './column-profile.ts'
import type { Format } from './format.ts'
import { keyOfRow } from './row-lines.ts'

/** One number of a feed that can be followed over time. */
export interface Measure {
  /** JSON text of [row key, column]. */
  readonly id: string
  readonly label: string
  readonly column: string
  /** Null where the row holds no number just now. */
  readonly value: number | null
  readonly text: string
}

export interface TableShape {
  readonly key: string
  readonly columns: readonly string[]
  /** Terms of the order, `price` or `-price`. */
  readonly order: readonly string[]
}

// What only bounds or counts up tells little of what goes on.
const limitName = /capacity|total|limit|max|min|uptime/i

export function measureId(rowKey: string, column: string): string {
  return JSON.stringify([rowKey, column])
}

/** How often each column changed; tells the column that lives from those that only describe. */
export class Activity {
  readonly #changes = new Map<string, number>()

  /** Counts the columns in which two versions of a row differ. */
  note(before: Row, after: Row): void {
    for (const column of Object.keys(after)) {
      if (cellOf(before, column) !== cellOf(after, column)) this.#changes.set(column, this.of(column) + 1)
    }
  }

  /** Whether anything changed yet. */
  get seen(): boolean {
    return this.#changes.size > 0
  }

  of(column: string): number {
    return this.#changes.get(column) ?? 0
  }
}

/** The columns worth drawing, best first: the one the feed is ordered by, then the liveliest, then as they come. */
export function measureColumns(shape: TableShape, profiles: readonly ColumnProfile[], activity: Activity): readonly string[] {
  const ordered = shape.order[0]?.replace(/^-/, '')
  const weight = (column: string) => (column === ordered ? Number.POSITIVE_INFINITY : limitName.test(column) ? -1 : activity.of(column))
  const columns = profiles.filter(profile => isMeasure(profile) && !profile.hidden && profile.name !== shape.key).map(({ name }) => name)
  const weights = new Map(columns.map(column => [column, weight(column)]))
  return columns.toSorted((a, b) => {
    const [weightA = 0, weightB = 0] = [weights.get(a), weights.get(b)]
    return weightA === weightB ? 0 : weightB - weightA
  })
}

function measure(row: Row, rowKey: string, label: string, profile: ColumnProfile, nowMs: number, format: Format): Measure {
  const cell = cellOf(row, profile.name)
  return {
    id: measureId(rowKey, profile.name),
    label,
    column: profile.name,
    value: quantityIn(cell, profile) ?? null,
    text: showValue(cell, profile, nowMs, format),
  }
}

/** The figures of a card: the columns of a single row, or one column (`column`, else the best) of the first rows. */
export function figures(
  rows: readonly Row[],
  shape: TableShape,
  options: {
    readonly most: number
    readonly profiles: readonly ColumnProfile[]
    readonly activity: Activity
    readonly column: string | undefined
    readonly nowMs: number
    readonly format: Format
  },
): readonly Measure[] {
  const { most, profiles, activity, nowMs, format } = options
  const only = rows.length === 1 ? rows[0] : undefined
  if (only !== undefined && (profiles.length > 2 || shape.key === composedKeyColumn)) return ofOneRow(only, shape, profiles, options)
  const column = options.column ?? measureColumns(shape, profiles, activity)[0]
  const profile =
    profiles.find(({ name }) => name === column) ?? profiles.find(({ name, hidden }) => name !== shape.key && !hidden) ?? profiles[0]
  if (profile === undefined) return []
  const label = labelColumn(profiles, shape.key)
  return rows.slice(0, most).map(row => {
    const key = keyOfRow(row, shape.key)
    return measure(row, key, rowLabel(row, label, key), profile, nowMs, format)
  })
}

function ofOneRow(
  row: Row,
  shape: TableShape,
  profiles: readonly ColumnProfile[],
  {
    most,
    column,
    nowMs,
    format,
  }: { readonly most: number; readonly column: string | undefined; readonly nowMs: number; readonly format: Format },
): readonly Measure[] {
  const key = keyOfRow(row, shape.key)
  const others = profiles.filter(({ name, hidden }) => name !== shape.key && (!hidden || name === column))
  const numbers = others.filter(isMeasure)
  return (numbers.length > 0 ? numbers : others).slice(0, most).map(profile => measure(row, key, profile.label, profile, nowMs, format))
}
