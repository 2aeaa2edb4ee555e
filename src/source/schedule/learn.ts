import { learnAge } from './age-hazard.ts'
import { learnLifetime } from './cache-lifetime.ts'
import { changesPerMs, learnRate } from './change-rate.ts'
import type { ChangeWindow } from './change-window.ts'
import { exploreAfterLoss } from './exploration.ts'
import { learnHour } from './hour-of-day.ts'
import { learnModified } from './modified.ts'
import type { ObservedAnswer, ScheduleConfig } from './observation.ts'
import { learnServerClock } from './server-clock.ts'
import type { ScheduleState } from './state.ts'
import { leaderOf, skipTo, track } from './tracking.ts'

/** So many of the latest changes are kept for the period search. */
const keptWindows = 40
/** How much each round trip moves the smoothed one. */
const roundTripGain = 0.2
/** What is left of the longest gap with each change. */
const gapKeep = 0.98
/** A gap below this share of the average is short; how much each moves the share of those remade; from where on that is empty. */
const shortGap = 0.6
const remadeGain = 0.1
const emptyShare = 0.9
/** A candidate that was looked at so often without being confirmed is none. */
const mostVerified = 14
/** Changes from the loss of a period to the next search for one; more after each search for a source that never had one. */
const searchAfterLoss = 4
const patienceGrowth = 1.15
/** From here on patience grows no more: about 270 changes. */
const mostTries = 40

/**
 * From this gap between two polls on, ms, nobody asked for a while: what was seen then tells nothing of how often things
 * change, and the time beyond it earns no requests.
 */
export function pauseFrom({ maxMs }: Pick<ScheduleConfig, 'maxMs'>): number {
  return 1.5 * maxMs
}

/** When an answer was true: half a round trip after its request was sent. */
export function sampleInstant({ sentAt, roundTripMs }: Pick<ObservedAnswer, 'sentAt' | 'roundTripMs'>): number {
  return sentAt + roundTripMs / 2
}

/** What is known after one more answer; each part learns from it in a file of its own. */
export function learn(before: ScheduleState, answer: ObservedAnswer): ScheduleState {
  const at = sampleInstant(answer)
  const serverClock = learnServerClock(before.serverClock, answer.hints, at)
  const roundTripMs = before.roundTripMs + roundTripGain * (answer.roundTripMs - before.roundTripMs)
  const state = { ...before, serverClock, roundTripMs, failures: 0 }
  if (before.sampledAt === 0 || at <= before.sampledAt) return learnFirst(state, answer, at)
  return answer.outcome === 'unknown' ? learnNothing(state, answer, at) : learnNext(state, answer, at)
}

/** The first answer of all, or the first since time went backwards (a saved state from a clock that was ahead): it changes nothing. */
function learnFirst(state: ScheduleState, { hints }: ObservedAnswer, at: number): ScheduleState {
  return {
    ...state,
    sampledAt: at,
    changedAt: at,
    windows: [],
    tracker: null,
    modified: { ...state.modified, lastAt: hints.lastModifiedAt ?? 0 },
    lifetime: learnLifetime(state.lifetime, hints, at, undefined, state.serverClock),
  }
}

/**
 * How often a validator changes alone within a gap that is short for the source: one that does so nearly always is
 * another one with each request, and tells nothing.
 */
function learnRemade(share: number, { outcome, isRemade, config }: ObservedAnswer, gapMs: number): number {
  if (outcome === 'changed' || gapMs > shortGap * config.averageMs) return share
  return share + remadeGain * ((isRemade ? 1 : 0) - share)
}

/** An answer that nothing can be compared with: time passed, whatever happened in it. */
function learnNothing(state: ScheduleState, { hints }: ObservedAnswer, at: number): ScheduleState {
  const { tracker, lifetime, serverClock, modified } = state
  return {
    ...state,
    sampledAt: at,
    tracker: tracker === null ? null : skipTo(tracker, at),
    modified: { ...modified, lastAt: hints.lastModifiedAt ?? 0 },
    lifetime: learnLifetime(lifetime, hints, at, undefined, serverClock),
  }
}

function learnNext(state: ScheduleState, answer: ObservedAnswer, at: number): ScheduleState {
  const { config, hints } = answer
  const isChange = answer.outcome === 'changed' || (answer.isRemade && state.remadeShare < emptyShare)
  const remadeShare = learnRemade(state.remadeShare, answer, at - state.sampledAt)
  const whole: ChangeWindow = { from: state.sampledAt, to: at }
  const windowMs = at - state.sampledAt
  const { modified, window } = learnModified(state.modified, hints.lastModifiedAt, whole, isChange, state.serverClock)
  const isPause = windowMs > pauseFrom(config)
  const rate = isPause ? state.rate : learnRate(state.rate, windowMs, isChange)
  const ratePerMs = changesPerMs(rate)
  const ages = [state.sampledAt - state.changedAt, at - state.changedAt] as const
  const told = {
    ...state,
    sampledAt: at,
    remadeShare,
    modified,
    rate,
    age: isPause ? state.age : learnAge(state.age, ...ages, isChange, ratePerMs, config.averageMs),
    hour: isPause ? state.hour : learnHour(state.hour, at, windowMs, isChange),
    lifetime: learnLifetime(state.lifetime, hints, at, isChange, state.serverClock),
  }
  const tracked = learnSchedule(told, { ...whole, isChange, window }, ratePerMs)
  return isChange ? learnChange(tracked, window, at) : tracked
}

function learnSchedule(state: ScheduleState, sighting: Parameters<typeof track>[1], ratePerMs: number): ScheduleState {
  if (state.tracker === null) return state
  const tracker = track(state.tracker, sighting, ratePerMs)
  return tracker === undefined || tracker.verified > mostVerified ? losePeriod(state) : { ...state, tracker }
}

/** What was followed is no schedule, or no longer. One that was believed is remembered and looked for again soon. */
function losePeriod(state: ScheduleState): ScheduleState {
  const { tracker, changes, exploration } = state
  if (tracker === null) return state
  if (!tracker.wasLocked) {
    const pause = Math.max(searchAfterLoss, Math.ceil(patienceGrowth ** Math.min(state.search.tries, mostTries)))
    return { ...state, tracker: null, search: { ...state.search, dueAt: changes + pause } }
  }
  return {
    ...state,
    tracker: null,
    search: { dueAt: changes + searchAfterLoss, tries: 2, knownMs: leaderOf(tracker).periodMs },
    exploration: exploreAfterLoss(exploration, changes),
  }
}

function learnChange(state: ScheduleState, window: ChangeWindow, at: number): ScheduleState {
  const kept: ChangeWindow = { from: Math.round(window.from), to: Math.round(window.to) }
  return {
    ...state,
    changes: state.changes + 1,
    longestGapMs: Math.max(state.longestGapMs * gapKeep, at - state.changedAt),
    changedAt: (window.from + window.to) / 2,
    windows: [...state.windows.slice(1 - keptWindows), kept],
  }
}
