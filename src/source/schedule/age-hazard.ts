/**
 * How likely a change is by how long ago the last one was, and how densely to poll for it: after one change of a news
 * page others follow soon.
 *
 * Formula: the hazard rate of a renewal process, estimated as changes per time at risk in bins of age, and shrunk
 * towards the mean rate by `pseudoChanges` (the posterior mean under a gamma prior of that weight).
 * Where in its window a change fell is unknown: it is spread over the bins of the window by their expected share, and
 * the window counts as half at risk.
 */
export interface AgeHazard {
  /** Changes seen at that age, by bin. */
  readonly changes: readonly number[]
  /** Time at risk at that age, ms, by bin. */
  readonly exposureMs: readonly number[]
}

/** Half octaves of age: the first ends at about a third of the average interval, the last has no end. */
const bins = 14
const binsPerOctave = 2
const firstEdge = 1 / (2 * Math.SQRT2)

/** What earlier samples of a bin count after each further one. */
const keep = 0.9995
const pseudoChanges = 8
/** Nothing is said of fewer changes. */
const leastChanges = 8
const leastRelative = 1 / 16
const mostRelative = 16

function binOf(ageMs: number, averageMs: number): number {
  const bin = Math.floor(binsPerOctave * Math.log2(Math.max(ageMs, 1) / averageMs) + 4)
  return Math.min(Math.max(bin, 0), bins - 1)
}

/** Where the bins end, in average intervals. */
const ends = Array.from({ length: bins }, (_, bin) =>
  bin === bins - 1 ? Number.POSITIVE_INFINITY : firstEdge * 2 ** (bin / binsPerOctave),
)

/** The age at which a bin ends, ms. */
function endOf(bin: number, averageMs: number): number {
  return averageMs * (ends[bin] ?? 0)
}

const zeros: readonly number[] = Array.from({ length: bins }, () => 0)

export const newAgeHazard: AgeHazard = { changes: zeros, exposureMs: zeros }

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
  for (let bin = first; bin <= last; bin++) {
    const ms = spentMs(bin)
    if (ms <= 0) continue
    exposureMs[bin] = Math.round((exposureMs[bin] ?? 0) * keep + (isChange ? ms / 2 : ms))
    changes[bin] = toMillionths((changes[bin] ?? 0) * keep + (total > 0 ? expected(bin) / total : 0))
  }
  return { changes, exposureMs }
}

/** The hazard of each bin against the mean rate; undefined while too few changes were seen. */
export function relativeHazard({ changes, exposureMs }: AgeHazard): readonly number[] | undefined {
  const seen = changes.reduce((sum, count) => sum + count, 0)
  const watchedMs = exposureMs.reduce((sum, ms) => sum + ms, 0)
  if (seen < leastChanges || watchedMs <= 0) return undefined
  return changes.map((count, bin) => {
    const expected = ((exposureMs[bin] ?? 0) * seen) / watchedMs
    const relative = (count + pseudoChanges) / (expected + pseudoChanges)
    return Math.min(Math.max(relative, leastRelative), mostRelative)
  })
}

/**
 * How densely to poll at each age, against the mean: the square root of the hazard, which makes the mean delay least
 * at a given number of requests (Keller, Optimum checking schedules for systems subject to random failure,
 * Management Science 21(3), 1974).
 */
export interface PollDensity {
  readonly byBin: readonly number[]
  /** A factor for all ages, as of the hour of day. */
  readonly factor: number
}

/** Not even the least likely age is polled less densely. */
const leastDensity = 0.2

export function densityOf(relative: readonly number[], factor: number): PollDensity {
  return { byBin: relative.map(hazard => Math.sqrt(hazard)), factor }
}

export function densityAt({ byBin, factor }: PollDensity, ageMs: number, averageMs: number): number {
  return Math.max(leastDensity, (byBin[binOf(ageMs, averageMs)] ?? 1) * factor)
}

/** How far to go from an age until the integral of the density reaches `gapMs`, in ms. */
export function waitFor(density: PollDensity, ageMs: number, gapMs: number, averageMs: number): number {
  let at = Math.max(0, ageMs)
  let need = gapMs
  for (let bin = binOf(at, averageMs); ; bin++) {
    const height = Math.max(leastDensity, (density.byBin[bin] ?? 1) * density.factor)
    const end = endOf(bin, averageMs)
    if (bin >= bins - 1 || (end - at) * height >= need) return at + need / height - Math.max(0, ageMs)
    if (end > at) {
      need -= (end - at) * height
      at = end
    }
  }
}
