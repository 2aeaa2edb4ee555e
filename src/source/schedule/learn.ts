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
import { leaderOf, skipTo, track, type Sighting, type Tracker } from './tracking.ts'

/** So many of the latest changes are kept for the period search. */
const keptWindows = 40
/** How much each round trip moves the smoothed one. */
const roundTripGain = 0.2
/** What is left of the longest gap with each change. */
const gapKeep = 0.98
/** Shorter than this share of the average, a gap is short: most sources do not change in it. */
const shortGap = 0.6
/** How much each answer after a short gap moves the share of those that were made anew without other data. */
const remadeGain = 0.1
/** From this share on the validator is another one with each request, and means nothing. */
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
  const isFirst = before.sampledAt === 0 || at <= before.sampledAt
  if (isFirst || answer.outcome === 'unknown') return learnNothing(before, answer, at, isFirst)
  return learnNext(before, answer, at)
}

function smoothed(roundTripMs: number, answer: ObservedAnswer): number {
  return roundTripMs + roundTripGain * (answer.roundTripMs - roundTripMs)
}

/**
 * An answer that nothing can be compared with: time passed, whatever happened in it. The first one of all, or since
 * time went backwards (a saved state from a clock that was ahead), begins anew what depends on time.
 */
function learnNothing(before: ScheduleState, answer: ObservedAnswer, at: number, isFirst: boolean): ScheduleState {
  const { tracker, lifetime, modified, windows, changedAt } = before
  const { hints, sentAt } = answer
  const serverClock = learnServerClock(before.serverClock, hints, at)
  return {
    ...before,
    sentAt,
    sampledAt: at,
    changedAt: isFirst ? at : changedAt,
    roundTripMs: smoothed(before.roundTripMs, answer),
    failures: 0,
    serverClock,
    modified: { ...modified, lastAt: hints.lastModifiedAt ?? 0 },
    lifetime: learnLifetime(lifetime, hints, at, undefined, serverClock),
    windows: isFirst ? [] : windows,
    tracker: isFirst || tracker === null ? null : skipTo(tracker, at),
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

function learnNext(before: ScheduleState, answer: ObservedAnswer, at: number): ScheduleState {
  const { config, hints, sentAt } = answer
  const isChange = answer.outcome === 'changed' || (answer.isRemade && before.remadeShare < emptyShare)
  const windowMs = at - before.sampledAt
  const serverClock = learnServerClock(before.serverClock, hints, at)
  const from = before.sampledAt
  const { modified, window } = learnModified(before.modified, hints.lastModifiedAt, { from, to: at }, isChange, serverClock)
  const isPause = windowMs > pauseFrom(config)
  const rate = isPause ? before.rate : learnRate(before.rate, windowMs, isChange)
  const ratePerMs = changesPerMs(rate)
  const [youngMs, oldMs] = [before.sampledAt - before.changedAt, at - before.changedAt]
  const { tracker, search, exploration } = follow(before, { from, to: at, isChange, window }, ratePerMs)
  const { changes, changedAt, longestGapMs, windows } = isChange ? remember(before, window, at) : before
  // Named one by one: states that are all made alike are copied several times as fast.
  return {
    sentAt,
    sampledAt: at,
    changedAt,
    roundTripMs: smoothed(before.roundTripMs, answer),
    failures: 0,
    changes,
    longestGapMs,
    pace: before.pace,
    remadeShare: learnRemade(before.remadeShare, answer, windowMs),
    rate,
    age: isPause ? before.age : learnAge(before.age, youngMs, oldMs, isChange, ratePerMs, config.averageMs),
    hour: isPause ? before.hour : learnHour(before.hour, at, windowMs, isChange),
    serverClock,
    modified,
    lifetime: learnLifetime(before.lifetime, hints, at, isChange, serverClock),
    exploration,
    windows,
    search,
    tracker,
    mood: before.mood,
  }
}

type Followed = Pick<ScheduleState, 'tracker' | 'search' | 'exploration'>

/** What is followed after one more sighting, and when to look for something else. */
function follow(before: ScheduleState, sighting: Sighting, ratePerMs: number): Followed {
  const { tracker, search, exploration } = before
  if (tracker === null) return before
  const tracked = track(tracker, sighting, ratePerMs)
  if (tracked === undefined || tracked.verified > mostVerified) return losePeriod(tracker, before)
  return { tracker: tracked, search, exploration }
}

/** What was followed is no schedule, or no longer. One that was believed is remembered and looked for again soon. */
function losePeriod(tracker: Tracker, { changes, search, exploration }: ScheduleState): Followed {
  if (!tracker.wasLocked) {
    const pause = Math.max(searchAfterLoss, Math.ceil(patienceGrowth ** Math.min(search.tries, mostTries)))
    return { tracker: null, search: { ...search, dueAt: changes + pause }, exploration }
  }
  return {
    tracker: null,
    search: { dueAt: changes + searchAfterLoss, tries: 2, knownMs: leaderOf(tracker).periodMs },
    exploration: exploreAfterLoss(exploration, changes),
  }
}

type Remembered = Pick<ScheduleState, 'changes' | 'changedAt' | 'longestGapMs' | 'windows'>

/** One more change, which fell in a window and was seen at an instant. */
function remember({ changes, changedAt, longestGapMs, windows }: ScheduleState, window: ChangeWindow, at: number): Remembered {
  return {
    changes: changes + 1,
    changedAt: (window.from + window.to) / 2,
    longestGapMs: Math.max(longestGapMs * gapKeep, at - changedAt),
    windows: [...windows.slice(1 - keptWindows), { from: Math.round(window.from), to: Math.round(window.to) }],
  }
}
