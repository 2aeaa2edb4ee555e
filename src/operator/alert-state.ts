import type { Row } from '../model/row.ts'

export type AlertState = 'pending' | 'firing' | 'resolved'

/** How long a resolved alert stays listed, in ms. */
export const resolvedForMs = 15 * 60_000

export interface AlertTimes {
  /** How long the condition is to hold before the alert fires, in ms. */
  readonly forMs: number
  /** How long it goes on firing once it would be resolved, in ms. */
  readonly keepFiringForMs: number
}

/** An alert under way; plain, so that it can be kept over a restart. Instants are those of `SteadyTime`. */
export interface ActiveAlert {
  /** The row as it is, or was last. */
  readonly row: Row
  readonly state: AlertState
  /** When the state began. */
  readonly since: number
  /** When the condition came true. */
  readonly activeAt: number
  /** When time alone changes the state next: pending fires, firing is resolved, resolved is forgotten. */
  readonly due?: number
  /** How much of that time was left when the row went missing, in ms. */
  readonly leftMs?: number
}

/** What an evaluation of the row found: `calm`: it may resolve; `neither`: what fires goes on; `missing`: nobody can tell. */
export type Finding = 'alarming' | 'calm' | 'neither' | 'missing'

/** What becomes of an alert at an evaluation; undefined: there is none. */
export function evaluated(
  before: ActiveAlert | undefined,
  row: Row,
  finding: Finding,
  now: number,
  times: AlertTimes,
): ActiveAlert | undefined {
  if (before === undefined || before.state === 'resolved') {
    if (finding === 'alarming') return began(row, now, times)
    return before === undefined ? undefined : { ...before, row }
  }
  if (finding === 'missing') return paused({ ...before, row }, now)
  const alert = resumed({ ...before, row }, now)
  if (alert.state === 'pending') return finding === 'alarming' ? alert : undefined
  if (finding !== 'calm') return without(alert)
  if (alert.due !== undefined) return alert
  return times.keepFiringForMs > 0 ? { ...alert, due: now + times.keepFiringForMs } : resolved(alert, now)
}

/** What becomes of an alert once its time is due; undefined: it is forgotten. */
export function elapsed(alert: ActiveAlert, due: number): ActiveAlert | undefined {
  if (alert.state === 'pending') return { ...without(alert), state: 'firing', since: due }
  return alert.state === 'firing' ? resolved(alert, due) : undefined
}

function began(row: Row, now: number, { forMs }: AlertTimes): ActiveAlert {
  if (forMs === 0) return { row, state: 'firing', since: now, activeAt: now }
  return { row, state: 'pending', since: now, activeAt: now, due: now + forMs }
}

function resolved(alert: ActiveAlert, at: number): ActiveAlert {
  return { ...without(alert), state: 'resolved', since: at, due: at + resolvedForMs }
}

function without({ row, state, since, activeAt }: ActiveAlert): ActiveAlert {
  return { row, state, since, activeAt }
}

function paused(alert: ActiveAlert, now: number): ActiveAlert {
  return alert.due === undefined ? alert : { ...without(alert), leftMs: alert.due - now }
}

function resumed(alert: ActiveAlert, now: number): ActiveAlert {
  return alert.leftMs === undefined ? alert : { ...without(alert), due: now + alert.leftMs }
}
