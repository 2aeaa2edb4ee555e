import { printTypes, typesOf, type ColumnProfile } from '../decode/column-profile.ts'
import { quotable } from '../decode/decode-error.ts'
import type { Degradation } from '../model/table.ts'

/** Polls in a row after which a column that was in every row counts as promised. */
const promisedAfter = 20
/** A table of so many rows does not become empty without being asked twice. */
const manyRows = 20

/** Since when a column is non-null in every row, and of what types. */
interface Streak {
  /** Polls in a row. */
  readonly polls: number
  readonly types: number
}

/** What was learned of a source; plain and immutable. */
export interface GuardState {
  /** Rows of the last answer that was taken. */
  readonly rows: number
  readonly streaks: ReadonlyMap<string, Streak>
  /** An answer with far fewer rows is held, and the next one is believed. */
  readonly holdsFall: boolean
}

export const newGuard: GuardState = { rows: 0, streaks: new Map(), holdsFall: false }

/** What the operator says of a source's rows. */
export interface GuardRules {
  /** Fewer are never believed; undefined: any. */
  readonly minRows?: number
  /** By more than this part, from 0 to 1, rows do not fall without being asked twice; undefined: but to none. */
  readonly maxDropPart?: number
  /** Columns that were long there are expected to stay; default true. */
  readonly learnsShape?: boolean
}

/** What the guard judges of one answer. */
export interface GuardedAnswer {
  readonly rows: number
  readonly profile: ReadonlyMap<string, ColumnProfile>
  /** Nothing stands where the rows were, not even an empty array. */
  readonly absent: boolean
}

/** Whether an answer is taken, or kept back with the reason. */
export interface GuardVerdict {
  readonly state: GuardState
  readonly degraded?: Degradation
}

function difference(column: string, streak: Streak, profile: ColumnProfile | undefined): string | undefined {
  if (streak.polls < promisedAfter) return undefined
  const name = quotable(column, 30)
  // A null that is written out says that the column is still there.
  if (profile === undefined) return `${name} (${printTypes(streak.types)}) is gone`
  const others = profile.byType.reduce((sum, count, i) => ((streak.types & (1 << i)) === 0 ? sum + count : sum), 0)
  if (others === 0 || others * 2 < profile.nonNull) return undefined
  return `${name} was ${printTypes(streak.types)} and is ${printTypes(typesOf(profile) & ~streak.types)}`
}

function shapeDifferences(state: GuardState, profile: GuardedAnswer['profile']): string[] {
  const found = [...state.streaks].map(([column, streak]) => difference(column, streak, profile.get(column)))
  return found.filter(text => text !== undefined)
}

function learned(state: GuardState, { rows, profile }: GuardedAnswer): GuardState['streaks'] {
  const streaks = new Map<string, Streak>()
  for (const [column, found] of profile) {
    if (found.nonNull < rows) continue
    const before = state.streaks.get(column)
    streaks.set(column, { polls: Math.min((before?.polls ?? 0) + 1, promisedAfter), types: (before?.types ?? 0) | typesOf(found) })
  }
  return streaks
}

/** Why an answer has too few rows to be believed at once. */
function fall({ rows: before }: GuardState, { rows, absent }: GuardedAnswer, { maxDropPart = 1 }: GuardRules): string | undefined {
  if (before > 0 && absent) return `nothing stands where the rows were, after ${before}`
  if (rows === 0 && before >= manyRows) return `no rows, after ${before}`
  if (rows < before * (1 - maxDropPart)) return `maxDrop: ${Math.round(maxDropPart * 100)}% exceeded, from ${before} rows to ${rows}`
  return undefined
}

/**
 * Two guards against the bad 200 (design.md section 5). *Rows*: a fall from 20 rows or more to none, one by more than `maxDrop`, or an
 * answer without the place where rows were is held for one poll and then believed; fewer than `minRows` never are. *Shape*: a column that was non-null in every row
 * of the last 20 polls and that no row has any more, or that is of another type in half of the rows or more (null is no
 * type), keeps the last good table for as long as that lasts. Optional members that come and go are no news.
 */
export function guard(state: GuardState, answer: GuardedAnswer, rules: GuardRules = {}): GuardVerdict {
  const { minRows = 0 } = rules
  if (answer.rows < minRows) {
    const reason = `minRows: ${minRows} not reached by ${answer.rows}: the last rows are kept`
    return { state: { ...state, holdsFall: false }, degraded: { cause: 'rows', reason } }
  }
  const fell = state.holdsFall ? undefined : fall(state, answer, rules)
  if (fell !== undefined) {
    const reason = `${fell}: the last rows are kept until the next poll says so too`
    return { state: { ...state, holdsFall: true }, degraded: { cause: 'rows', reason } }
  }
  if (answer.rows === 0) return { state: { ...state, rows: 0, holdsFall: false } }
  const found = rules.learnsShape === false ? [] : shapeDifferences(state, answer.profile)
  if (found.length > 0) {
    const more = found.length > 3 ? ` and ${found.length - 3} more` : ''
    const reason = `the last good rows are kept: ${found.slice(0, 3).join('; ')}${more}`
    return { state: { ...state, holdsFall: false }, degraded: { cause: 'shape', reason: quotable(reason, 200) } }
  }
  return { state: { rows: answer.rows, streaks: learned(state, answer), holdsFall: false } }
}

function arePromised(streaks: GuardState['streaks']): boolean {
  for (const { polls } of streaks.values()) if (polls < promisedAfter) return false
  return true
}

/** The same answer as the one taken last: another poll in which every column kept its promise. */
export function guardSame(state: GuardState): GuardState {
  // A promise is not kept any better than this.
  if (!state.holdsFall && arePromised(state.streaks)) return state
  const streaks = new Map<string, Streak>()
  for (const [column, streak] of state.streaks) streaks.set(column, { ...streak, polls: Math.min(streak.polls + 1, promisedAfter) })
  return { ...state, streaks, holdsFall: false }
}
