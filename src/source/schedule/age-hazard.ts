/**
 * How likely a change is by how long ago the last one was: after one change of a news page others follow soon.
 *
 * Formula: the hazard rate of a renewal process, estimated as changes per time at risk in bins of age, and shrunk by
 * `pseudoChanges` towards what is to be expected of a source of which nothing is known (the posterior mean under a gamma
 * prior of that weight): a hazard that falls as age^-1/4. What people do comes in bursts, so most sources that keep no
 * schedule have a falling hazard (Barabasi, The origin of bursts and heavy tails in human dynamics, Nature 435, 2005); of
 * one that has none it costs about a hundredth of the delay until it has shown that, as poll densities near the best one
 * are nearly as good.
 * Where in its window a change fell is unknown: it is spread over the bins of the window by their expected share.
 */
export interface AgeHazard {
  /** Changes seen at that age, by bin. */
  readonly changes: readonly number[]
  /** Time at risk at that age, ms, by bin: a window with a change counts half, as it may have come at any time in it. */
  readonly exposureMs: readonly number[]
  /** All the time watched at that age, ms, by bin. */
  readonly watchedMs: readonly number[]
}

/** Half octaves of age: the first ends at about a third of the average interval, the last has no end. */
export const bins = 14
const binsPerOctave = 2
const firstEdge = 1 / (2 * Math.SQRT2)

/** What earlier samples of a bin count after each further one. */
const keep = 0.9995
const pseudoChanges = 8
/** The power of age by which the hazard of a source of which nothing is known falls. */
const expectedFall = 0.25
/** Nothing is said of fewer changes. */
const leastChanges = 8
const leastRelative = 1 / 16
const mostRelative = 16

/** The bin in which an age lies. */
export function binOf(ageMs: number, averageMs: number): number {
  const bin = Math.floor(binsPerOctave * Math.log2(Math.max(ageMs, 1) / averageMs) + 4)
  return Math.min(Math.max(bin, 0), bins - 1)
}

/** Where the bins end, in average intervals. */
const ends = Array.from({ length: bins }, (_, bin) =>
  bin === bins - 1 ? Number.POSITIVE_INFINITY : firstEdge * 2 ** (bin / binsPerOctave),
)

/** The age at which a bin ends, ms. */
export function endOf(bin: number, averageMs: number): number {
  return averageMs * (ends[bin] ?? 0)
}

const zeros: readonly number[] = Array.from({ length: bins }, () => 0)

export const newAgeHazard: AgeHazard = { changes: zeros, exposureMs: zeros, watchedMs: zeros }

/** The hazard of a source of which nothing is known, by bin; only the ratios count. */
const expectedShape: readonly number[] = zeros.map((_, bin) => 2 ** ((-expectedFall * bin) / binsPerOctave))

/** More figures would say nothing, and make the state that is kept longer. */
function toMillionths(count: number): number {
  return Math.round(count * 1e6) / 1e6
}

/** Learns from a window from one age to another, in which a change was seen or was not; `ratePerMs` weighs bins that know nothing. */
export function learnAge(
  hazard: AgeHazard,
  fromMs: number,
  toMs: number,
  isChange: boolean,
  ratePerMs: number,
  averageMs: number,
): AgeHazard {
  const [youngMs, oldMs] = [Math.max(0, fromMs), Math.max(fromMs + 1, toMs)]
  const [first, last] = [binOf(youngMs, averageMs), binOf(oldMs, averageMs)]
  const spentMs = (bin: number): number =>
    Math.max(0, Math.min(oldMs, endOf(bin, averageMs)) - (bin === first ? youngMs : endOf(bin - 1, averageMs)))
  const expected = (bin: number): number =>
    (spentMs(bin) * ((hazard.changes[bin] ?? 0) + 1)) / ((hazard.exposureMs[bin] ?? 0) + 1 / ratePerMs)
  let total = 0
  if (isChange) for (let bin = first; bin <= last; bin++) total += expected(bin)
  const changes = [...hazard.changes]
  const exposureMs = [...hazard.exposureMs]
  const watchedMs = [...hazard.watchedMs]
  for (let bin = first; bin <= last; bin++) {
    const ms = spentMs(bin)
    if (ms <= 0) continue
    exposureMs[bin] = Math.round((exposureMs[bin] ?? 0) * keep + (isChange ? ms / 2 : ms))
    watchedMs[bin] = Math.round((watchedMs[bin] ?? 0) * keep + ms)
    changes[bin] = toMillionths((changes[bin] ?? 0) * keep + (total > 0 ? expected(bin) / total : 0))
  }
  return { changes, exposureMs, watchedMs }
}

/** The hazard of each bin against the mean rate; undefined while too few changes were seen. */
export function relativeHazard({ changes, exposureMs }: AgeHazard): readonly number[] | undefined {
  const seen = changes.reduce((sum, count) => sum + count, 0)
  const allMs = exposureMs.reduce((sum, ms) => sum + ms, 0)
  if (seen < leastChanges || allMs <= 0) return undefined
  const meanShape = expectedShape.reduce((sum, shape, bin) => sum + shape * (exposureMs[bin] ?? 0), 0) / allMs
  return changes.map((count, bin) => {
    const atMeanRate = ((exposureMs[bin] ?? 0) * seen) / allMs
    const relative = (count + (pseudoChanges * (expectedShape[bin] ?? 1)) / meanShape) / (atMeanRate + pseudoChanges)
    return Math.min(Math.max(relative, leastRelative), mostRelative)
  })
}
