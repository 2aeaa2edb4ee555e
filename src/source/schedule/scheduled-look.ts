import type { Random } from '../../lib/random.ts'
import { arrivedBy, firstLook, nextLook, scalePerDeviation } from './inspection.ts'
import type { ScheduleConfig } from './observation.ts'
import type { Look } from './pace.ts'
import { deviationOf } from './period-filter.ts'
import { leaderOf, type Tracker } from './tracking.ts'

export interface Situation {
  /** The last sample, ms since 1970. */
  readonly at: number
  /** The gap that the budget allows. */
  readonly baseMs: number
  readonly price: number
  readonly config: ScheduleConfig
  /** Nothing else tells when an update came, so that now and then one has to be met early. */
  readonly checksEarly: boolean
}

const leastScaleMs = 8
/**
 * After so many updates of which none was met from before, or this share of all that were seen, one is looked for early,
 * until one is met: else the phase creeps late unseen.
 */
const checkEvery = 20
const checkShare = 0.25
/** So many scales before its instant. */
const checkAt = -4
/** So many scales before its instant an update is still ahead. */
const ahead = -5
/** With a period below this share of the gap it is cheaper to leave updates out altogether. */
const leastPeriodShare = 0.75
/** A chance below is a thinned schedule, of which an update may be given up. */
const thinnedBelow = 0.9
/** The next look at an overdue update comes within this share of the period. */
const longestOverdueShare = 0.3
/** Looks are spread over so many scales. */
const spread = 0.2

/**
 * Where to look for the update of a schedule that is believed: inspection of one expected update, with what a request
 * is worth in delay, (price T^2) / (2 period weight), T being the average interval.
 */
export function scheduledLook(tracker: Tracker, situation: Situation, random: Random): Look {
  const { at, baseMs, price, config, checksEarly } = situation
  const leader = leaderOf(tracker)
  const { periodMs, nextAt } = leader
  const deviationMs = deviationOf(leader)
  const scaleMs = Math.max(leastScaleMs, scalePerDeviation * deviationMs)
  const cost = (price * config.averageMs ** 2) / (2 * periodMs * config.weight * scaleMs)
  const z = (Math.max(leader.notBefore, at) - nextAt) / scaleMs
  const isCheck = checksEarly && isCheckDue(tracker) && z < ahead
  const lookFor = (expectedAt: number, lookAt: number): Look => {
    const sampleAt = expectedAt + scaleMs * (lookAt + spread * random())
    const why = lookAt === checkAt ? 'check' : 'schedule'
    return { at: sampleAt, reason: { why, periodMs, expectedAt, deviationMs, at: sampleAt } }
  }
  const first = firstLook(cost)
  if (periodMs < leastPeriodShare * baseMs && z < ahead) {
    const left = Math.max(0, Math.round((at + baseMs - nextAt) / periodMs))
    return lookFor(nextAt + left * periodMs, isCheck ? checkAt : first)
  }
  if (isGivenUp(tracker.chance, z, periodMs, cost * scaleMs)) return lookFor(nextAt + periodMs, first)
  const wanted = isCheck && first > 0.3 ? checkAt : first
  if (wanted > z + 0.05) return lookFor(nextAt, wanted)
  return lookFor(nextAt, Math.min(nextLook(z, cost), z + (longestOverdueShare * periodMs) / scaleMs))
}

/** Whether one more look for this update of a thinned schedule costs more than the delay that it can save. */
function isGivenUp(chance: number, z: number, periodMs: number, costMs: number): boolean {
  if (chance >= thinnedBelow || z <= 1) return false
  const stillComes = (chance * (1 - arrivedBy(z))) / (1 - chance * arrivedBy(z))
  return stillComes * periodMs < costMs
}

/** Often at first: a schedule is believed before its period is known well, and a poll that is late each time sees a change each time. */
function isCheckDue({ seen, unchecked }: Tracker): boolean {
  return unchecked >= Math.min(checkEvery, checkShare * seen)
}
