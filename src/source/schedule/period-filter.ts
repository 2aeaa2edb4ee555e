import type { ChangeWindow } from './change-window.ts'
import { normalBelow, truncatedNormal } from './normal.ts'

/**
 * A Kalman filter on (next update, period) whose measurements are windows: all that a poll tells is that an update fell
 * between two samples. There are two models of how updates repeat:
 * - `clock`: at the instants of a grid, each off by jitter of its own (cron);
 * - `loop`: each a period after the last one really came, so that its errors add up (sleep in a loop).
 *
 * Formula: the moments of the prediction, truncated to the window, stand in for those of an exact measurement.
 * Source: Tobin, Estimation of relationships for limited dependent variables, Econometrica 26(1), 1958, for the moments;
 * Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, chapter 5, for the filter.
 */
export interface PeriodFilter {
  readonly model: 'clock' | 'loop'
  /** When the next update is expected, ms. */
  readonly nextAt: number
  readonly periodMs: number
  /** Of `nextAt`, without the noise of the update itself; ms^2. */
  readonly variance: number
  /** Of `nextAt` and the period. */
  readonly covariance: number
  readonly periodVariance: number
  /** The variance of an update around its prediction: jitter, or the error of one step. */
  readonly noise: number
  /** How well this model explained what was seen lately, in nats against no schedule at all. */
  readonly likelihood: number
  /** The last sample that has not yet seen the expected update; 0: none has looked. */
  readonly notBefore: number
  /** Updates in a row that came where the prediction did not allow for them. */
  readonly outliers: number
}

/** How fast the noise is learned. */
const noiseGain = 0.06
const leastNoiseMs = 25
/** No more noise than this share of the period. */
const mostNoiseShare = 0.2
/** What each error of the last step of a loop moves its period by. */
const loopPeriodGain = 0.02
/** A clock's phase may wander by this share of the period with each update. */
const wander = 1e-4
/** The period is never thought to be known better than so, as a share of it. */
const surestPeriod = 1e-6
/** A window with less than this chance is an outlier. */
const outlierMass = 1e-3
/** So many outliers in a row, and the phase begins anew. */
const restartAfter = 3
/** Windows narrower than this share of the period bound an update from both sides; a round period of people is moved by no others. */
export const twoSidedShare = 0.6

/** The standard deviation of the next update around `nextAt`, ms. */
export function deviationOf({ variance, noise }: PeriodFilter): number {
  return Math.sqrt(variance + noise)
}

/** The filter `steps` updates later, of which nothing was seen. */
export function advance(filter: PeriodFilter, steps: number): PeriodFilter {
  const { model, periodMs, variance, covariance, periodVariance, noise } = filter
  const added = model === 'loop' ? (steps - 1) * noise : steps * (wander * periodMs) ** 2
  return {
    model,
    nextAt: filter.nextAt + steps * periodMs,
    periodMs,
    variance: variance + 2 * steps * covariance + steps * steps * periodVariance + added,
    covariance: covariance + steps * periodVariance,
    periodVariance,
    noise,
    likelihood: filter.likelihood,
    notBefore: 0,
    outliers: filter.outliers,
  }
}

/** The filter after one more sample: how well it explained it by now, and until when the expected update was looked for in vain. */
export function judged(filter: PeriodFilter, likelihood: number, notBefore: number): PeriodFilter {
  const { model, nextAt, periodMs, variance, covariance, periodVariance, noise, outliers } = filter
  return { model, nextAt, periodMs, variance, covariance, periodVariance, noise, likelihood, notBefore, outliers }
}

/** The filter once the expected update has come, within a window; `isHuman`: its period is a round number of people. */
export function measure(filter: PeriodFilter, { from, to }: ChangeWindow, isHuman: boolean): PeriodFilter {
  const deviation = deviationOf(filter)
  const bounded = (instant: number): number => Math.min(Math.max((instant - filter.nextAt) / deviation, -1000), 1000)
  const within = truncatedNormal(bounded(from), bounded(to))
  if (within.mass < outlierMass) return takeOutlier(filter, { from, to })
  const { model, periodMs, variance, covariance, periodVariance } = filter
  const total = deviation * deviation
  const shift = deviation * within.mean
  const left = total * Math.max(1e-3, within.variance)
  const [gain, periodGain] = [model === 'loop' ? 1 : variance / total, covariance / total]
  const movesPeriod = !isHuman || to - from < twoSidedShare * periodMs
  const stepError = model === 'loop' ? loopPeriodGain * shift * (1 - left / total) : 0
  return {
    model,
    nextAt: filter.nextAt + gain * shift,
    periodMs: movesPeriod ? periodMs + periodGain * shift + stepError : periodMs,
    // A loop goes on from where the update was; of a clock only the error of the grid is left.
    variance: model === 'loop' ? left : variance - gain * gain * (total - left),
    covariance: model === 'loop' ? (covariance * left) / total : covariance - gain * periodGain * (total - left),
    periodVariance: Math.max((surestPeriod * periodMs) ** 2, periodVariance - periodGain * periodGain * (total - left)),
    noise: learnNoise(filter, total, shift, left),
    likelihood: filter.likelihood,
    notBefore: filter.notBefore,
    outliers: 0,
  }
}

/** One step of expectation-maximisation: towards the mean square that the window leaves to the noise. */
function learnNoise({ noise, variance }: PeriodFilter, total: number, shift: number, left: number): number {
  const square = Math.min(shift * shift, 9 * total) + left
  const expected = (noise / total) ** 2 * square + (noise * variance) / total
  return Math.max(leastNoiseMs ** 2, noise + noiseGain * (expected - noise))
}

/** An update far from its prediction: a late one is noise; an early one moved the phase; three in a row begin it anew. */
function takeOutlier(filter: PeriodFilter, { from, to }: ChangeWindow): PeriodFilter {
  const { model, nextAt, periodMs, variance, noise } = filter
  const total = variance + noise
  const outliers = filter.outliers + 1
  if (outliers >= restartAfter && to - from < periodMs / 2)
    return { ...filter, nextAt: (from + to) / 2, variance: (to - from) ** 2 / 12 + noise, covariance: 0, outliers: 0 }
  const isLate = from > nextAt
  const error = (isLate ? from : to) - nextAt
  const louder = Math.min(noise + noiseGain * Math.min(error * error, 9 * total), (mostNoiseShare * periodMs) ** 2)
  const aside = Math.sqrt(total) / 2
  if (!isLate) return { ...filter, nextAt: to - aside, variance: Math.max(variance, (error * error) / 9), noise: louder, outliers }
  if (model === 'loop' && outliers > 1)
    return { ...filter, nextAt: from + aside, variance: Math.max(variance, noise), noise: louder, outliers }
  return { ...filter, noise: louder, outliers }
}

/** The chance that the update meant by `nextAt` has come by an instant; one in ten is far off. */
export function comeBy(filter: PeriodFilter, instant: number): number {
  const deviation = deviationOf(filter)
  const far = 4 * deviation + 0.02 * filter.periodMs
  const off = instant - filter.nextAt
  return 0.9 * normalBelow(off / deviation) + 0.1 * normalBelow(off / far)
}
