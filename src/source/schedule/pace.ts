import type { Random } from '../../lib/random.ts'
import { binOf, relativeHazard } from './age-hazard.ts'
import { hitShare } from './change-rate.ts'
import { explore, resumeExploration, type Explored } from './exploration.ts'
import { hourFactor, hourOf } from './hour-of-day.ts'
import { idleStretch } from './idle.ts'
import { isTrusted } from './modified.ts'
import { densityOf, waitFor, type PollDensity } from './poll-density.ts'
import type { Reason } from './reason.ts'
import type { ScheduleState } from './state.ts'
import { deviationOf } from './period-filter.ts'
import { isLocked, isMissing, leaderOf, sureness, type Tracker } from './tracking.ts'

/** Where to look next, and why. */
export interface Look {
  /** Ms since 1970, of the sample. */
  readonly at: number
  readonly reason: Reason
}

/** What of a state is another one once its pace is known. */
export type Paced = Pick<ScheduleState, 'pace' | 'mood' | 'exploration'>

export interface Pace {
  readonly paced: Paced
  readonly look: Look
}

/** No two gaps are alike, lest polls fall into step with what they watch. */
const jitter = 0.04
/** Of a source that surely keeps a schedule this share of the hazard is left to changes beside it: gaps are its inverse root as long. */
const besideSchedule = 1 / 32
/** The pace is said to follow the age from this contrast of its density on, and no longer below that one. */
const burstFrom = 1.8
const burstUntil = 1.4
/** The same of the hour: from this factor on, or its inverse. */
const hourFrom = 1.5
const hourUntil = 1.3

/**
 * How far apart to look where no instant is expected. Of `baseMs`, the gap that the budget allows: beside a schedule
 * that is believed a multiple (`background`); of what has fallen silent the idle stretch; else until the integral of
 * the density by age and hour reaches it, dithered while the source is explored.
 */
export function pace(state: ScheduleState, baseMs: number, averageMs: number, random: Random): Pace {
  if (state.tracker !== null && isLocked(state.tracker) && !isMissing(state.tracker)) return background(state, state.tracker, baseMs)
  const { sampledAt, changes, longestGapMs } = state
  const ageMs = sampledAt - state.changedAt
  const stretch = idleStretch({ ageMs, changes, longestGapMs }, averageMs)
  if (stretch > 1) {
    const gapMs = baseMs * stretch * (1 + jitter * (2 * random() - 1))
    return { paced: state, look: { at: sampledAt + gapMs, reason: { why: 'idle', gapMs, ageMs } } }
  }
  const known = knownNow(state)
  const density = known?.density
  const mood = density === undefined ? state.mood : moodOf(state.mood, density)
  const wantedMs = density === undefined ? baseMs : waitFor(density, ageMs, baseMs, averageMs)
  const { explored, isExploring } = dither(state, random)
  const gapMs = wantedMs * explored.factor
  const reason = isExploring ? ({ why: 'explore', gapMs } as const) : reasonOf({ mood, sampledAt, ageMs }, known, gapMs, averageMs)
  return {
    paced: { pace: density?.factor ?? state.pace, mood, exploration: explored.exploration },
    look: { at: sampledAt + gapMs, reason },
  }
}

function background(state: ScheduleState, tracker: Tracker, baseMs: number): Pace {
  const gapMs = baseMs / Math.sqrt(Math.max(besideSchedule, 1 - sureness(tracker)))
  const leader = leaderOf(tracker)
  const { periodMs, nextAt: expectedAt } = leader
  const reason = { why: 'background', gapMs, periodMs, expectedAt, deviationMs: deviationOf(leader) } as const
  return { paced: state, look: { at: state.sampledAt + gapMs, reason } }
}

interface Known {
  /** How likely changes are by the age of the last one, against the mean, and how densely to poll for it. */
  readonly likelihood: readonly number[]
  readonly density: PollDensity
}

/** Undefined while too few changes were seen. */
function knownNow({ age, hour, sampledAt }: ScheduleState): Known | undefined {
  const likelihood = relativeHazard(age)
  return likelihood && { likelihood, density: densityOf(likelihood, age.watchedMs, hourFactor(hour, sampledAt)) }
}

interface Dithered {
  readonly explored: Explored
  readonly isExploring: boolean
}

/** What is suspected needs no exploring, and what Last-Modified tells does not either. */
function dither({ exploration, changes, search, tracker, modified, rate }: ScheduleState, random: Random): Dithered {
  const current = resumeExploration(exploration, changes, search.knownMs > 0)
  if (tracker === null && current.left > 0 && !isTrusted(modified))
    return { explored: explore(current, hitShare(rate), random), isExploring: true }
  return { explored: { exploration: current, factor: 1 + jitter * (2 * random() - 1) }, isExploring: false }
}

function moodOf(mood: ScheduleState['mood'], { contrast, factor }: PollDensity): ScheduleState['mood'] {
  const hourly = Math.max(factor, 1 / factor)
  if (hourly > (mood === 'hour' ? hourUntil : hourFrom)) return 'hour'
  return contrast > (mood === 'burst' ? burstUntil : burstFrom) ? 'burst' : 'steady'
}

function reasonOf(
  { mood, sampledAt, ageMs }: Pick<ScheduleState, 'mood' | 'sampledAt'> & { readonly ageMs: number },
  known: Known | undefined,
  gapMs: number,
  averageMs: number,
): Reason {
  if (known === undefined || mood === 'steady') return { why: 'steady', gapMs }
  if (mood === 'hour') return { why: 'hour', gapMs, hour: hourOf(sampledAt), density: known.density.factor }
  return { why: 'burst', gapMs, ageMs, likelihood: known.likelihood[binOf(ageMs, averageMs)] ?? 1 }
}
