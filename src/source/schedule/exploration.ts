/**
 * When to ask at uneven gaps on purpose: polls that come as evenly as the changes see one in each window, and never
 * where in it. The gaps are dithered, their mean kept, for the first 50 polls; for 50 more with the 600th change, and
 * whenever there are six times as many; and for 37 where a period was known and lost, and every 250 changes after that.
 *
 * Law: even samples take a period for any of its aliases, uneven ones do not. Source: Shapiro and Silverman, Alias-free
 * sampling of random noise, J. SIAM 8(2), 1960.
 */
export interface Exploration {
  /** Polls left to dither. */
  readonly left: number
  /** The number of changes at which to dither again. */
  readonly nextAt: number
}

const polls = 50
/** The share of them that is explored anew where a period was known. */
const knownShare = 0.75
/** The second exploration begins with so many changes; each further one with so many times as many. */
const firstAgainAt = 600
const laterFactor = 6
/** Where a period was known: so many changes after its loss, and then every so many. */
const soonAfterLoss = 150
const knownEvery = 250

/** Only a source that is seen changed by more than this share of polls hides its phase. */
const hidingShare = 0.12
/** Of a source that does not hide: how much of the exploration one poll uses up, and the share by which its gap is dithered. */
const lightCost = 0.2
const lightDither = 0.2

export const newExploration: Exploration = { left: polls, nextAt: firstAgainAt }

/** Begins again once enough changes have been seen since. */
export function resumeExploration(exploration: Exploration, changes: number, knewPeriod: boolean): Exploration {
  if (changes < exploration.nextAt) return exploration
  const nextAt = Math.min(laterFactor * changes, changes + (knewPeriod ? knownEvery : Number.MAX_SAFE_INTEGER))
  return { left: knewPeriod ? knownShare * polls : polls, nextAt }
}

/** A period that was known is lost: explore soon. */
export function exploreAfterLoss({ left, nextAt }: Exploration, changes: number): Exploration {
  return { left: Math.max(left, knownShare * polls), nextAt: Math.min(nextAt, changes + soonAfterLoss) }
}

export interface Explored {
  readonly exploration: Exploration
  /** What to multiply the gap with; its mean is 1. */
  readonly factor: number
}

/** One dithered gap: shorter or longer by 30 to 60 %, by 50 to 80 % where most polls see a change; by chance. */
export function explore(exploration: Exploration, hitShare: number, random: () => number): Explored {
  const { left, nextAt } = exploration
  if (hitShare <= hidingShare) return { exploration: { left: left - lightCost, nextAt }, factor: 1 + lightDither * (2 * random() - 1) }
  const side = random() < 0.5 ? -1 : 1
  const size = (hitShare > 0.4 ? 0.5 : 0.3) + 0.3 * random()
  return { exploration: { left: left - 1, nextAt }, factor: 1 + side * size }
}
