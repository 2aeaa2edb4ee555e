import { newPool, type Pool } from './price.ts'
import { newState, type ScheduleState } from './state.ts'

/** What a schedule learned, as plain JSON that outlives a process; `restoreSchedule` alone looks inside. */
export interface SavedSchedule {
  readonly version: 2
  /** Of which source, asked how: what was learned of another one is of no use. */
  readonly identity: string
  readonly state: ScheduleState
  /** Its own; that of a budget begins anew. */
  readonly pool: Pool
}

/** What a schedule goes on with. */
export type Resumed = Pick<SavedSchedule, 'state' | 'pool'>

/** Raised whenever the shape or the meaning of the state changes. */
const version = 2

export function saveSchedule(identity: string, { state, pool }: Resumed): SavedSchedule {
  return { version, identity, state, pool }
}

/** What was saved for this source; undefined, and so begun anew, where it is of another version, of another source, or no state. */
export function restoreSchedule(identity: string, saved: unknown): Resumed | undefined {
  if (!isRecord(saved) || saved['version'] !== version || saved['identity'] !== identity) return undefined
  const { state, pool } = saved
  return isState(state) && isLike(pool, newPool()) ? { state, pool: pool as Pool } : undefined
}

const filter = {
  model: 'clock',
  nextAt: 0,
  periodMs: 0,
  variance: 0,
  covariance: 0,
  periodVariance: 0,
  noise: 0,
  likelihood: 0,
  notBefore: 0,
  outliers: 0,
}
const tracker = {
  clock: filter,
  loop: filter,
  leads: 'clock',
  isHuman: true,
  evidence: 0,
  chance: 0,
  seen: 0,
  misses: 0,
  unchecked: 0,
  verified: 0,
  wasLocked: true,
}

const words: ReadonlySet<unknown> = new Set(['clock', 'loop', 'steady', 'burst', 'hour'])

function isState(value: unknown): value is ScheduleState {
  if (!isRecord(value)) return false
  const { windows, tracker: followed, serverClock, ...rest } = value
  const { windows: _windows, tracker: _tracker, serverClock: _clock, ...shape } = newState(0)
  return (
    isLike(rest, shape) &&
    (serverClock === null || Number.isFinite(serverClock)) &&
    (followed === null || (isLike(followed, tracker) && arePeriods(followed))) &&
    Array.isArray(windows) &&
    windows.length <= 60 &&
    windows.every(window => isLike(window, { from: 0, to: 0 }))
  )
}

function arePeriods(followed: unknown): boolean {
  const filters = isRecord(followed) ? [followed['clock'], followed['loop']] : []
  return filters.every(one => isRecord(one) && Number(one['periodMs']) > 0 && Number(one['noise']) > 0 && Number(one['variance']) >= 0)
}

/** Whether a value has the members of a shape and no others, all of them finite numbers where the shape has numbers. */
function isLike(value: unknown, shape: unknown): boolean {
  if (typeof shape === 'number') return Number.isFinite(value)
  if (typeof shape === 'string') return words.has(value)
  if (Array.isArray(shape)) return Array.isArray(value) && value.length === shape.length && shape.every((part, i) => isLike(value[i], part))
  if (!isRecord(shape)) return typeof value === typeof shape
  if (!isRecord(value) || Object.keys(value).length !== Object.keys(shape).length) return false
  return Object.entries(shape).every(([name, part]) => Object.hasOwn(value, name) && isLike(value[name], part))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
