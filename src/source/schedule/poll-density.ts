import { binOf, bins, endOf } from './age-hazard.ts'

/**
 * How densely to poll at each age of the last change, against the mean: as the square root of the hazard, which makes
 * the mean delay least at a given number of requests (Keller, Optimum checking schedules for systems subject to random
 * failure, Management Science 21(3), 1974). Its mean over the time watched is 1, so that a source that is polled by it
 * makes as many requests as one that is polled evenly.
 */
export interface PollDensity {
  readonly byBin: readonly number[]
  /** The densest against the least dense, of the ages at which some of the time was spent. */
  readonly contrast: number
  /** A factor for all ages, as of the hour of day. */
  readonly factor: number
}

/** Not even the least likely age is polled less densely. */
const leastDensity = 0.2
/** An age at which less of the time was spent does not count in the contrast. */
const leastShare = 0.01

/** From the hazard of each bin against the mean rate; `watchedMs`: the time spent at the ages of each. */
export function densityOf(relative: readonly number[], watchedMs: readonly number[], factor: number): PollDensity {
  const roots = relative.map(hazard => Math.max(leastDensity, Math.sqrt(hazard)))
  const allMs = watchedMs.reduce((sum, ms) => sum + ms, 0)
  const mean = roots.reduce((sum, root, bin) => sum + root * (watchedMs[bin] ?? 0), 0) / allMs
  const spent = roots.filter((_, bin) => (watchedMs[bin] ?? 0) >= leastShare * allMs)
  return { byBin: roots.map(root => root / mean), contrast: Math.max(...spent) / Math.min(...spent), factor }
}

function heightOf({ byBin, factor }: PollDensity, bin: number): number {
  return Math.max(leastDensity, (byBin[bin] ?? 1) * factor)
}

export function densityAt(density: PollDensity, ageMs: number, averageMs: number): number {
  return heightOf(density, binOf(ageMs, averageMs))
}

/** How far to go from an age until the integral of the density reaches `gapMs`, in ms. */
export function waitFor(density: PollDensity, ageMs: number, gapMs: number, averageMs: number): number {
  let at = Math.max(0, ageMs)
  let need = gapMs
  for (let bin = binOf(at, averageMs); ; bin++) {
    const height = heightOf(density, bin)
    const end = endOf(bin, averageMs)
    if (bin >= bins - 1 || (end - at) * height >= need) return at + need / height - Math.max(0, ageMs)
    if (end > at) {
      need -= (end - at) * height
      at = end
    }
  }
}
