/**
 * What has not changed for far longer than ever before is asked less often, for the sake of others of its budget.
 *
 * Formula: once the last change is older than max(60 averages, 4 x the longest gap seen), every gap is stretched by
 * sqrt(age / that), at most 8 times. Before the fourth change, when little is known, it takes 4 times as long.
 * Law: of silence that has lasted so long, as long again is to be expected, so gaps that
 * grow as its root cost little delay.
 */
export interface Quiet {
  /** Since the last change, ms. */
  readonly ageMs: number
  /** Changes seen so far. */
  readonly changes: number
  /** The longest time seen between two changes, ms. */
  readonly longestGapMs: number
}

const quietPolls = 60
const quietGaps = 4
const fewChanges = 4
const mostStretch = 8

/** How many times as long to wait; 1: not idle. */
export function idleStretch({ ageMs, changes, longestGapMs }: Quiet, averageMs: number): number {
  const quietMs = Math.max((changes < fewChanges ? 4 : 1) * quietPolls * averageMs, quietGaps * longestGapMs)
  return ageMs > quietMs ? Math.min(mostStretch, Math.sqrt(ageMs / quietMs)) : 1
}
