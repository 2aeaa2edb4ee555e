import { cellOf, type Row } from '../model/row.ts'
import type { Format } from './format.ts'
import { numberOf, textOf } from './row-facts.ts'

/** What a poll led to; `kept`: it answered, and a guard keeps part of the answer back. */
export type PollOutcome = 'changed' | 'unchanged' | 'cached' | 'kept' | 'failed'

export const pollOutcomes: readonly PollOutcome[] = ['changed', 'unchanged', 'cached', 'kept', 'failed']

/** What people call it. */
export const outcomeWords: Readonly<Record<PollOutcome, string>> = {
  changed: 'changed',
  unchanged: 'unchanged',
  cached: 'not modified (304)',
  kept: 'held back',
  failed: 'failed',
}

/** A row of `$polls`. Times are ms since 1970 UTC by the server's clock, durations ms. */
export interface PollFacts {
  readonly seq: number
  readonly source: string
  readonly at: number
  readonly outcome: PollOutcome
  readonly status: number | undefined
  readonly durationMs: number
  readonly bytes: number
  readonly rows: number | undefined
  /** Why it failed, or what it keeps back; empty where all is well. */
  readonly reason: string
}

function outcomeOf(row: Row): PollOutcome {
  const change = textOf(row, 'change')
  if (change === 'failed') return 'failed'
  if (textOf(row, 'cause') !== '') return 'kept'
  if (cellOf(row, 'cached') === true) return 'cached'
  return change === 'changed' ? 'changed' : 'unchanged'
}

export function pollFacts(row: Row): PollFacts {
  return {
    seq: numberOf(row, 'seq') ?? 0,
    source: textOf(row, 'source'),
    at: numberOf(row, 'time') ?? 0,
    outcome: outcomeOf(row),
    status: numberOf(row, 'status'),
    durationMs: numberOf(row, 'duration') ?? 0,
    bytes: numberOf(row, 'bytes') ?? 0,
    rows: numberOf(row, 'rows'),
    reason: textOf(row, 'reason'),
  }
}

export function durationText(ms: number, format: Format): string {
  return ms >= 10_000 ? format.span(ms) : `${format.number(ms, ms < 10 ? 1 : 0)} ms`
}

/** `200, 12 ms, 48.2 kB, 400 rows`: what a person asks of one poll, but for its time and outcome. */
export function pollDetail({ status, durationMs, bytes, rows, outcome }: PollFacts, format: Format): string {
  const parts = [
    status === undefined || outcome === 'cached' ? undefined : String(status),
    durationText(durationMs, format),
    bytes === 0 ? undefined : format.bytes(bytes),
    rows === undefined ? undefined : `${format.number(rows)} ${rows === 1 ? 'row' : 'rows'}`,
  ]
  return parts.filter(part => part !== undefined).join(' · ')
}

/** The value that so large a share of them does not exceed; undefined where there are none. */
export function quantileOf(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

/** How high a bar is drawn, 1 to `steps`, by the logarithm of what it took: a slow poll stands out, a fast one is still there. */
export function barHeight(durationMs: number, longestMs: number, steps: number): number {
  if (longestMs <= 0) return 1
  return Math.min(steps, 1 + Math.round(((steps - 1) * Math.log1p(durationMs)) / Math.log1p(longestMs)))
}
