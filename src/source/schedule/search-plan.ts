import { periodSearch } from './period-search.ts'
import type { ScheduleState } from './state.ts'
import type { Tracker } from './tracking.ts'

/** Each search that found nothing puts off the next one by so much more, in changes; at most `longestPause`. */
const patienceGrowth = 1.3
const longestPause = 600

/** Whether it is time to look for a period: with the fifth change first, then ever more seldom while none is found. `search` looks. */
export function isSearchDue({ tracker, changes, windows, search }: ScheduleState): boolean {
  return tracker === null && changes >= search.dueAt && windows.length >= 4
}

/** The state in which the search that was due is under way: no further one before many more changes. */
export function beginSearch(state: ScheduleState): ScheduleState {
  const tries = state.search.tries + 1
  const pause = Math.min(longestPause, Math.ceil(patienceGrowth ** Math.min(tries, 100)))
  return { ...state, search: { ...state.search, tries, dueAt: state.changes + pause } }
}

/** The search itself: in slices, on what was known when it began. It takes up to about 10 ms in all. */
export function search({ windows, search: { knownMs } }: ScheduleState, minMs: number): Generator<undefined, Tracker | undefined> {
  return periodSearch({ windows, minMs, knownMs })
}

/** The state with what the search found, unless something else is followed by now. */
export function endSearch(state: ScheduleState, found: Tracker | undefined): ScheduleState {
  return found === undefined || state.tracker !== null ? state : { ...state, tracker: found }
}
