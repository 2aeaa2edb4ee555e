import type { Look } from './pace.ts'
import { deviationOf } from './period-filter.ts'
import { scalePerDeviation } from './inspection.ts'
import { leaderOf, type Tracker } from './tracking.ts'

/** The looks at a candidate, in scales of its error from the prediction: before it, after it, and well after it. */
const looks = [-4, 4, 9] as const
const leastScaleMs = 8
/** A period shorter than this share of the gap is verified by the pace itself. */
const leastPeriodShare = 0.4

/**
 * Where to look to find out whether a candidate is a schedule: just before and just after its next update, as "not
 * before, but by then" is the strongest evidence that two polls can give. Undefined where the pace does as well.
 */
export function verifyingLook(tracker: Tracker, sampledAt: number, baseMs: number): Look | undefined {
  const leader = leaderOf(tracker)
  const { nextAt, notBefore, periodMs } = leader
  if (periodMs <= leastPeriodShare * baseMs) return undefined
  const scaleMs = Math.max(leastScaleMs, scalePerDeviation * deviationOf(leader))
  const z = (Math.max(notBefore, sampledAt) - nextAt) / scaleMs
  const look = looks.find((each, i) => i === looks.length - 1 || z < each) ?? looks[2]
  return { at: nextAt + look * scaleMs, reason: { why: 'verify', periodMs, expectedAt: nextAt } }
}
