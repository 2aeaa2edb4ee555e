import type { ChangeWindow } from './change-window.ts'
import { advance, comeBy, deviationOf, judged, measure, twoSidedShare, type PeriodFilter } from './period-filter.ts'

/**
 * Follows a source that is thought to change on a schedule: where its next update is expected, how sure that is, and
 * whether it still is a schedule. Both models of repetition run side by side; the likelier one leads.
 *
 * Law: the evidence is the sum of log-likelihood ratios of what was seen, under the schedule and under changes at any
 * time; it makes a candidate a lock, and drops it (Wald, Sequential Analysis, 1947).
 */
export interface Tracker {
  readonly clock: PeriodFilter
  readonly loop: PeriodFilter
  readonly leads: 'clock' | 'loop'
  /** Its period is a round number of people, such as a minute. */
  readonly isHuman: boolean
  /** In nats; at most 9, so that a schedule that ends is noticed. */
  readonly evidence: number
  /** How likely an expected update is to change anything at all: below 1 where updates are thinned. */
  readonly chance: number
  /** Updates seen since it is followed. */
  readonly seen: number
  /** Updates in a row that were expected and not seen. */
  readonly misses: number
  /** Updates seen in a row in windows so wide that they may have come long before they were expected. */
  readonly unchecked: number
  /** Looks spent on verifying the candidate. */
  readonly verified: number
  readonly wasLocked: boolean
}

/** From here on it is believed. */
const lockedFrom = 4
const mostEvidence = 9
const leastEvidence = -6
/** Dropped below, before it was ever believed and since. */
const droppedBelow = -2
const lostBelow = 0
/** What one window counts at most, in nats. */
const mostPerWindow = 3
/** How much likelier the other model must be, in nats, to lead; twice that where the period is a round one. */
const swapNats = 3
const likelihoodKeep = 0.95
/** So many misses in a row, and it has stopped: even where six of seven updates are left out that is one case in many thousands. */
const mostMisses = 80
/** A chance above is a dense schedule. */
const dense = 0.9
/** How far an update that came moves its chance towards 1, what one that did not come leaves of it, and its bounds. */
const chanceGain = 0.06
const chanceKeep = 0.94
const leastChance = 0.1
const mostChance = 0.99

/** What one poll saw. */
export interface Sighting {
  /** The previous sample and this one. */
  readonly from: number
  readonly to: number
  readonly isChange: boolean
  /** Where in it the change fell, as far as is known. */
  readonly window: ChangeWindow
}

export function leaderOf(tracker: Tracker): PeriodFilter {
  return tracker[tracker.leads]
}

export function isLocked({ evidence }: Tracker): boolean {
  return evidence > lockedFrom
}

/** How sure it is that this is a schedule: 0 to 1. */
export function sureness(tracker: Tracker): number {
  return isLocked(tracker) ? 1 - Math.exp(lockedFrom - 1 - tracker.evidence) : 0
}

/** Two misses of a dense schedule: something else is going on, though it may come back. */
export function isMissing({ chance, misses }: Tracker): boolean {
  return chance > 0.7 && misses >= 2
}

export function followPeriod(clock: PeriodFilter, chance: number, isHuman: boolean): Tracker {
  const loop: PeriodFilter = { ...clock, model: 'loop' }
  return { clock, loop, leads: 'clock', isHuman, evidence: 0, chance, seen: 0, misses: 0, unchecked: 0, verified: 0, wasLocked: false }
}

/** The tracker after one more poll; undefined once it is no schedule, or no longer. */
export function track(tracker: Tracker, sighting: Sighting, ratePerMs: number): Tracker | undefined {
  const steps = {
    clock: trackOne(tracker.clock, tracker, sighting, ratePerMs),
    loop: trackOne(tracker.loop, tracker, sighting, ratePerMs),
  }
  const { clock, loop, leads } = choose(tracker, steps.clock.filter, steps.loop.filter, sighting.isChange)
  const led = steps[leads]
  const evidence = Math.min(Math.max(tracker.evidence + led.nats, leastEvidence), mostEvidence)
  if (evidence < (tracker.wasLocked ? lostBelow : droppedBelow)) return undefined
  const { chance, seen, misses, unchecked } = countUpdates(tracker, sighting, led.missed)
  if (misses > mostMisses) return undefined
  const isBelieved = evidence > lockedFrom
  const verified = isBelieved ? 0 : tracker.verified
  return {
    clock,
    loop,
    leads,
    isHuman: tracker.isHuman,
    evidence,
    chance,
    seen,
    misses,
    unchecked,
    verified,
    wasLocked: isBelieved || tracker.wasLocked,
  }
}

/** The tracker at an instant up to which nothing was seen: the phase goes on by whole periods. */
export function skipTo(tracker: Tracker, instant: number): Tracker {
  const skip = (filter: PeriodFilter): PeriodFilter => {
    const passed = Math.ceil((instant - 3 * deviationOf(filter) - filter.nextAt) / filter.periodMs)
    return passed > 0 ? advance(filter, passed) : filter
  }
  return { ...tracker, clock: skip(tracker.clock), loop: skip(tracker.loop) }
}

/** What one filter makes of a sighting. */
interface Step {
  readonly filter: PeriodFilter
  /** How much better it explained it than changes at any time do. */
  readonly nats: number
  /** Updates given up on. */
  readonly missed: number
}

function trackOne(filter: PeriodFilter, tracker: Tracker, sighting: Sighting, ratePerMs: number): Step {
  const deviation = deviationOf(filter)
  const { periodMs } = filter
  // Updates beyond the expected one that may have come by now.
  const beyond = Math.floor((sighting.to - filter.nextAt) / periodMs + Math.min(0.5, (3 * deviation) / periodMs))
  const nats = Math.min(Math.max(evidenceOf(filter, tracker.chance, beyond, sighting, ratePerMs), -mostPerWindow), mostPerWindow)
  const likelihood = likelihoodKeep * filter.likelihood + nats
  if (sighting.isChange) {
    const met = judged(filter, likelihood, filter.notBefore)
    return { filter: takeChange(met, tracker, Math.max(0, beyond), sighting), nats, missed: 0 }
  }
  const patience = tracker.chance > dense ? Math.min(0.5 * periodMs, Math.max(12 * deviation, 0.2 * periodMs)) : 3.5 * deviation
  const lateMs = sighting.to - patience - filter.nextAt
  const waiting = judged(filter, likelihood, sighting.to)
  if (lateMs <= 0) return { filter: waiting, nats, missed: 0 }
  const missed = Math.max(1, Math.ceil(lateMs / periodMs))
  return { filter: advance(waiting, missed), nats, missed }
}

/** The log-likelihood ratio of a sighting: on this schedule against at any time, at the mean rate. */
function evidenceOf(filter: PeriodFilter, chance: number, beyond: number, sighting: Sighting, ratePerMs: number): number {
  const { from, to, isChange, window } = sighting
  const byChance = 1 - Math.exp(-ratePerMs * (to - from))
  if (isChange && window.to - window.from <= 0.7 * (to - from)) return evidenceOfPlace(filter, chance, sighting, ratePerMs)
  const before = comeBy(filter, from)
  const expected = (chance * (comeBy(filter, to) - before)) / Math.max(1e-3, 1 - chance * before)
  const anyOfThem = beyond >= 1 ? 1 - (1 - expected) * (1 - chance) ** beyond : expected
  // A few changes come beside any schedule.
  const onSchedule = Math.min(Math.max(1 - (1 - anyOfThem) * (0.998 - 0.03 * byChance), 0.002), 0.998)
  return isChange ? Math.log(onSchedule / Math.max(byChance, 1e-6)) : Math.log((1 - onSchedule) / Math.max(1 - byChance, 1e-6))
}

/** The same where the change is known to have fallen in a small part of the window, as Last-Modified tells. */
function evidenceOfPlace(filter: PeriodFilter, chance: number, { to, window }: Sighting, ratePerMs: number): number {
  const { nextAt, periodMs } = filter
  const whole = Math.round(((window.from + window.to) / 2 - nextAt) / periodMs) * periodMs
  const byChance = Math.exp(-ratePerMs * (to - window.to)) - Math.exp(-ratePerMs * (to - window.from))
  const onSchedule = chance * (comeBy(filter, window.to - whole) - comeBy(filter, window.from - whole)) + 0.03 * byChance
  return Math.log((onSchedule + 1e-9) / (byChance + 1e-9))
}

function takeChange(filter: PeriodFilter, tracker: Tracker, beyond: number, { from, to, window }: Sighting): PeriodFilter {
  const deviation = deviationOf(filter)
  const { nextAt, periodMs, notBefore } = filter
  const widthMs = window.to - window.from
  // A late arrival of the update that was given up on: the next one stays where it is expected.
  if (tracker.misses > 0 && to < nextAt - 2 * deviation && widthMs > 0.3 * periodMs) return filter
  // Several updates in one window measure nothing; the phase goes on by whole periods.
  if (beyond > 0 && from < nextAt + (beyond - 1) * periodMs + 3 * deviation && widthMs > 0.6 * periodMs)
    return advance(filter, beyond + (nextAt + beyond * periodMs < to ? 1 : 0))
  const met = beyond > 0 ? advance(filter, beyond) : filter
  const known = met.notBefore > 0 ? { from: Math.max(window.from, Math.min(notBefore, window.to - 1)), to: window.to } : window
  return advance(measure(met, known, tracker.isHuman), 1)
}

type Chosen = Pick<Tracker, 'clock' | 'loop' | 'leads'>

/** Which model leads, and what the other takes over from it. */
function choose(tracker: Tracker, clock: PeriodFilter, loop: PeriodFilter, isChange: boolean): Chosen {
  const other = tracker.leads === 'clock' ? 'loop' : 'clock'
  const filters = { clock, loop }
  const swaps = filters[other].likelihood > filters[tracker.leads].likelihood + (tracker.isHuman ? 2 : 1) * swapNats
  const leads = swaps ? other : tracker.leads
  if (!isChange) return { clock, loop, leads }
  return leads === 'clock' ? { clock, loop: adopt(loop, clock), leads } : { clock: adopt(clock, loop), loop, leads }
}

/** The period is common to both models; one that has gone astray takes the phase as well. */
function adopt(follower: PeriodFilter, leader: PeriodFilter): PeriodFilter {
  const { periodMs, periodVariance, nextAt, variance, covariance, notBefore } = leader
  const shared = { ...follower, periodMs, periodVariance }
  if (follower.likelihood >= leader.likelihood - 4) return shared
  return { ...shared, nextAt, variance, covariance, notBefore, likelihood: leader.likelihood - 2 }
}

type Counts = Pick<Tracker, 'chance' | 'seen' | 'misses' | 'unchecked'>

function countUpdates(tracker: Tracker, { isChange, window }: Sighting, missed: number): Counts {
  const { chance, seen, misses, unchecked } = tracker
  if (isChange) {
    const isMet = window.to - window.from < twoSidedShare * leaderOf(tracker).periodMs
    return {
      seen: seen + 1,
      misses: 0,
      unchecked: isMet ? 0 : unchecked + 1,
      chance: Math.min(mostChance, chance + chanceGain * (1 - chance)),
    }
  }
  if (missed === 0) return { seen, misses, unchecked, chance }
  return { seen, misses: misses + missed, unchecked, chance: Math.max(leastChance, chance * chanceKeep ** missed) }
}
