import { isRecord } from '../lib/plain.ts'
import { composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, type Row } from '../model/row.ts'
import { timeColumn } from './series.options.ts'

/** Most points of a series that are kept over a restart, the last ones. */
export const mostSavedPoints = 100_000

export interface Point {
  /** The instant of its sample. */
  readonly at: number
  /** The number of its sample. */
  readonly sample: number
  readonly row: Row
}

/** A series as it is kept over a restart, plain JSON. */
export interface SavedSeries {
  /** The key column of the table that it is of. */
  readonly key: string
  readonly isOne: boolean
  readonly isMany: boolean
  /** The number of its last sample, and when that was, ms since 1970. */
  readonly sample: number
  readonly time: number
  /** How far the wall clock is ahead of the instants of the points, in ms. */
  readonly steppedMs: number
  readonly points: readonly Point[]
}

/** The key of a point's row. */
export function pointKey(row: Row, isOne: boolean): string {
  return keyOf(cellOf(row, isOne ? timeColumn : composedKeyColumn)) ?? ''
}

function isPoint(value: unknown, isOne: boolean, lastSample: number): value is Point {
  if (!isRecord(value)) return false
  const { at, sample, row } = value
  if (!Number.isFinite(at) || !Number.isSafeInteger(sample) || (sample as number) > lastSample) return false
  return isRecord(row) && Number.isFinite(row[timeColumn]) && (isOne || typeof row[composedKeyColumn] === 'string')
}

/** What was left of a series; undefined where it is anything else. */
export function readSeries(saved: unknown): SavedSeries | undefined {
  if (!isRecord(saved)) return undefined
  const { key, isOne, isMany, sample, time, steppedMs, points } = saved
  if (typeof key !== 'string' || typeof isOne !== 'boolean' || typeof isMany !== 'boolean') return undefined
  if (typeof sample !== 'number' || !Number.isSafeInteger(sample)) return undefined
  if (!Number.isFinite(time) || !Number.isFinite(steppedMs)) return undefined
  if (!Array.isArray(points) || !points.every(point => isPoint(point, isOne, sample))) return undefined
  return saved as unknown as SavedSeries
}
