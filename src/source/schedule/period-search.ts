import type { ChangeWindow } from './change-window.ts'
import type { PeriodFilter } from './period-filter.ts'
import { PhaseSweep } from './period-score.ts'
import { followPeriod, type Tracker } from './tracking.ts'

/** Periods that people choose, in seconds. */
const humanSeconds = [
  1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 900, 1200, 1800, 2700, 3600, 7200, 10_800,
  14_400, 21_600, 43_200, 86_400,
]

/** How far updates may be off the grid of a period, as shares of it. */
const tolerances = [0.01, 0.06]
/** The least score that makes a candidate, in nats, after the penalty for having tried so many periods and phases. */
const leastNats = 2
/** Periods counted as tried for one of people, near the one known before, and per coarse one elsewhere. */
const triedHuman = 40
const triedKnown = 60
const triedEach = 20
/** The grid is tried on so many of the newest windows first, and refined around so many of the best. */
const coarseWindows = 8
const refined = 6
const coarsest = 500
/** So many scores between two pauses take well under a millisecond. */
const scoresPerSlice = 20

export interface PeriodQuestion {
  /** Of the latest changes, in order of time; at least 4 and at most 60. */
  readonly windows: readonly ChangeWindow[]
  /** The source is never asked more often, ms. */
  readonly minMs: number
  /** A period that was followed before and lost, ms; 0: none. */
  readonly knownMs: number
}

interface Candidate {
  readonly nats: number
  readonly periodMs: number
  readonly phaseMs: number
  readonly widthMs: number
  readonly toleranceMs: number
}

/** What the windows allow: which periods to try, and how finely. */
interface Range {
  readonly leastMs: number
  readonly mostMs: number
  /** Of the median window. */
  readonly widthMs: number
  /** From the first window to the last. */
  readonly spanMs: number
}

/**
 * Looks for a period in the windows in which changes fell: the one whose best phase most of them hold and most silent
 * spans avoid. Yields after every slice of work, so that a caller can let others run; returns what to follow, or
 * undefined where nothing is better than changes at any time.
 *
 * Law: the more periods are tried, the better the best is by chance; so each is charged the log of the number tried
 * and of the phases it can tell apart (as the Bonferroni correction does).
 */
export function* periodSearch({ windows, minMs, knownMs }: PeriodQuestion): Generator<undefined, Tracker | undefined> {
  const range = rangeOf(windows, minMs)
  if (range === undefined) return undefined
  const contest = new Contest(windows, range.widthMs)
  yield* contest.enter(humanPeriods(range), triedHuman)
  if (knownMs > 0) yield* contest.enter(around(knownMs, 0.009, 0.0015), triedKnown)
  const newest = windows.slice(-coarseWindows)
  const spanMs = (newest.at(-1)?.to ?? 0) - (newest[0]?.from ?? 0)
  const toleranceMs = 0.4 * (range.widthMs + 0.02 * range.leastMs)
  const coarseStep = Math.max(Math.log(range.mostMs / range.leastMs) / coarsest, toleranceMs / spanMs)
  const coarse = yield* contest.survey(newest, geometric(range.leastMs, range.mostMs, coarseStep))
  const fineStep = Math.max(5e-4, toleranceMs / range.spanMs)
  for (const { periodMs } of coarse.slice(0, refined))
    yield* contest.enter(around(periodMs, coarseStep, fineStep), triedEach * coarse.length)
  const { best } = contest
  return best === undefined || best.nats < leastNats ? undefined : follow(best, windows, range)
}

/** Holds the best candidate of all that entered. */
class Contest {
  readonly #windows: readonly ChangeWindow[]
  readonly #widthMs: number
  readonly #sweep = new PhaseSweep()
  #scores = 0
  best: Candidate | undefined

  constructor(windows: readonly ChangeWindow[], widthMs: number) {
    this.#windows = windows
    this.#widthMs = widthMs
  }

  /** Tries periods on all windows, as `tried` of them. */
  *enter(periodsMs: Iterable<number>, tried: number): Generator<undefined, void> {
    for (const periodMs of periodsMs) {
      for (const tolerance of tolerances) {
        const toleranceMs = tolerance * periodMs
        const score = this.#sweep.score(this.#windows, periodMs, toleranceMs)
        const phases = Math.max(1, periodMs / (this.#widthMs + 2 * toleranceMs))
        const nats = score.nats - Math.log(tried * phases)
        if (this.best === undefined || nats > this.best.nats) this.best = { ...score, nats, periodMs, toleranceMs }
      }
      if (this.#isSliceDone()) yield
    }
  }

  /** Scores periods roughly, the best first. */
  *survey(
    windows: readonly ChangeWindow[],
    periodsMs: Iterable<number>,
  ): Generator<undefined, readonly { nats: number; periodMs: number }[]> {
    const found: { nats: number; periodMs: number }[] = []
    for (const periodMs of periodsMs) {
      found.push({ nats: this.#sweep.score(windows, periodMs, 0.02 * periodMs).nats, periodMs })
      if (this.#isSliceDone()) yield
    }
    return found.sort((a, b) => b.nats - a.nats)
  }

  #isSliceDone(): boolean {
    return ++this.#scores % scoresPerSlice === 0
  }
}

function middleOf({ from, to }: ChangeWindow): number {
  return (from + to) / 2
}

/** Undefined: the windows are too wide or too few for any period. */
function rangeOf(windows: readonly ChangeWindow[], minMs: number): Range | undefined {
  const widths = windows.map(({ from, to }) => to - from).sort((a, b) => a - b)
  const gaps = windows
    .slice(1)
    .map((window, i) => middleOf(window) - middleOf(windows[i] ?? window))
    .sort((a, b) => a - b)
  const at = (sorted: readonly number[], i: number): number => sorted[Math.floor(i)] ?? 0
  const widthMs = at(widths, windows.length / 2)
  const spanMs = (windows.at(-1)?.to ?? 0) - (windows[0]?.from ?? 0)
  const leastMs = Math.max(0.55 * widthMs, 1.5 * minMs, at(gaps, gaps.length / 4) / 6)
  const mostMs = Math.min(1.3 * at(gaps, gaps.length * 0.75), spanMs / 2)
  return mostMs > leastMs ? { leastMs, mostMs, widthMs, spanMs } : undefined
}

function humanPeriods({ leastMs, mostMs }: Range): readonly number[] {
  return humanSeconds.map(seconds => seconds * 1000).filter(ms => ms >= leastMs && ms <= mostMs)
}

/** Periods from `centreMs` x (1 - reach) to x (1 + reach). */
function around(centreMs: number, reach: number, step: number): Iterable<number> {
  return geometric(centreMs * (1 - reach), centreMs * (1 + reach), step)
}

function* geometric(leastMs: number, mostMs: number, step: number): Generator<number, void> {
  for (let ms = leastMs; ms <= mostMs; ms *= 1 + step) yield ms
}

/** What is known of the period when it begins to be followed. */
function follow(best: Candidate, windows: readonly ChangeWindow[], { widthMs, spanMs }: Range): Tracker {
  const { periodMs, phaseMs, toleranceMs } = best
  const latest = windows.at(-1) ?? { from: 0, to: 0 }
  const isHuman = humanSeconds.some(seconds => Math.abs(seconds * 1000 - periodMs) < seconds * 1e-3)
  const clock: PeriodFilter = {
    model: 'clock',
    nextAt: phaseMs + (Math.round((middleOf(latest) - phaseMs) / periodMs) + 1) * periodMs,
    periodMs,
    variance: best.widthMs ** 2 / 12 + toleranceMs ** 2 / 3,
    covariance: 0,
    periodVariance: isHuman ? (1e-5 * periodMs) ** 2 : ((widthMs / spanMs) * periodMs) ** 2 / (3 * windows.length),
    noise: Math.max(150, 0.006 * periodMs) ** 2,
    likelihood: 0,
    notBefore: latest.to,
    outliers: 0,
  }
  const periods = Math.round(spanMs / periodMs) || 1
  return followPeriod(clock, Math.min(Math.max((windows.length - 1) / periods, 0.1), 0.97), isHuman)
}
