/**
 * How often a source changes, told from polls that only say whether it changed since the last one.
 *
 * Formula: -ln((n - x + 0.5) / (n + 0.5)) per mean window, where x of n polls saw a change; the halves take most of
 * the bias away. Source: Cho and Garcia-Molina, Estimating frequency of change, ACM TOIT 3(3), 2003, section 4.2.
 * Old polls are forgotten by and by.
 */
export interface ChangeRate {
  /** Polls, each counting less with every later one. */
  readonly polls: number
  /** Those of them that saw a change. */
  readonly changed: number
  /** The time between the polls, summed likewise, ms. */
  readonly windowsMs: number
}

/** What an earlier poll counts after each further one: about the last 330 polls tell. */
const keep = 0.997

export const newChangeRate: ChangeRate = { polls: 0, changed: 0, windowsMs: 0 }

export function learnRate(rate: ChangeRate, windowMs: number, isChange: boolean): ChangeRate {
  return {
    polls: rate.polls * keep + 1,
    changed: rate.changed * keep + (isChange ? 1 : 0),
    windowsMs: rate.windowsMs * keep + windowMs,
  }
}

/** Changes per ms; 0 as long as none was seen. */
export function changesPerMs({ polls, changed, windowsMs }: ChangeRate): number {
  if (changed === 0 || windowsMs === 0) return 0
  return (-Math.log((polls - changed + 0.5) / (polls + 0.5)) * polls) / windowsMs
}

/** The share of polls that saw a change, 0 to 1. */
export function hitShare({ polls, changed }: ChangeRate): number {
  return polls === 0 ? 0 : changed / polls
}
