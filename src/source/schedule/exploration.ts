/**
 * When to ask at uneven gaps on purpose: polls that come as evenly as the changes see one in each window, and never
 * where in it. For 50 polls, and again once the source has changed 12 times as often, and where a period was known
 * and lost, the gaps are dithered, their mean kept.
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
/** Of what is explored anew, where a period was known. */
const knownShare = 0.75
const firstAgain = 12
const laterFactor = 6
const soonAfterLoss = 150
const knownEvery = 250

/** Only a source that is seen changed by more than this share of polls hides its phase. */
const hidingShare = 0.12
/** What a poll costs of the exploration where the source does not hide, as it then learns little from it. */
const lightCost = 0.2
const lightDither = 0.2

export const newExploration: Exploration = { left: polls, nextAt: firstAgain * polls }

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
