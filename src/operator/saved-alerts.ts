import type { Row } from '../model/row.ts'
import type { ActiveAlert, AlertState } from './alert-state.ts'

/** Further alerts of a feed begin anew after a restart. */
const mostSaved = 10_000

/** When the states of an alert began, ms since 1970 as it was shown. */
export interface Shown {
  readonly since: number
  readonly activeAt: number
}

/** An alert as it is kept over a restart, plain JSON. */
export interface SavedAlert extends Shown {
  readonly key: string
  readonly row: Row
  readonly state: AlertState
  /** What was left of the time after which it changes by itself, in ms. */
  readonly leftMs?: number
  /** That time stands still, as the row is missing. */
  readonly isPaused?: true
}

/** The alerts of a feed with the time of the sample that they were judged by last, ms since 1970. */
export interface SavedAlerts {
  readonly time: number
  readonly alerts: readonly SavedAlert[]
}

/** `now`: an instant. */
export function saveAlerts(active: ReadonlyMap<string, ActiveAlert>, shown: ReadonlyMap<string, Shown>, now: number): SavedAlert[] {
  return [...active].slice(0, mostSaved).map(([key, { row, state, since, activeAt, due, leftMs }]) => ({
    key,
    row,
    state,
    ...(shown.get(key) ?? { since, activeAt }),
    ...(leftMs !== undefined ? { leftMs, isPaused: true } : due === undefined ? {} : { leftMs: Math.max(0, due - now) }),
  }))
}

const states: ReadonlySet<unknown> = new Set<AlertState>(['pending', 'firing', 'resolved'])

function isAlert(value: unknown): value is SavedAlert {
  if (typeof value !== 'object' || value === null) return false
  const { key, row, state, since, activeAt, leftMs } = value as Partial<Record<keyof SavedAlert, unknown>>
  const isTime = (time: unknown): boolean => typeof time === 'number' && Number.isFinite(time)
  const isRow = typeof row === 'object' && row !== null && !Array.isArray(row)
  return (
    typeof key === 'string' && isRow && states.has(state) && isTime(since) && isTime(activeAt) && (leftMs === undefined || isTime(leftMs))
  )
}

/** What was saved; of anything else what is an alert. */
export function readAlerts(saved: unknown): SavedAlerts {
  const { time, alerts } = (typeof saved === 'object' && saved !== null ? saved : {}) as Partial<Record<keyof SavedAlerts, unknown>>
  return { time: typeof time === 'number' ? time : 0, alerts: Array.isArray(alerts) ? alerts.filter(isAlert) : [] }
}

/** The alert again. Time did not count while nobody looked: what was left of it is left from `now`, an instant, on. */
export function resumedAlert({ row, state, since, activeAt, leftMs, isPaused }: SavedAlert, now: number): ActiveAlert {
  const time = leftMs === undefined ? {} : isPaused === true ? { leftMs } : { due: now + leftMs }
  return { row, state, since, activeAt, ...time }
}
