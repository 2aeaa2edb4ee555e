/**
 * How likely a change is by the hour of day (UTC): an office publishes while it is open.
 *
 * Formula: changes per time watched in each of 24 bins against the mean rate, shrunk by `pseudoChanges`; polls are as
 * dense as the square root of that (as by age, see `PollDensity`), scaled so that the mean over the day is 1 and the budget stays what it is.
 */
export interface HourOfDay {
  /** Changes seen, by hour. */
  readonly changes: readonly number[]
  /** Time watched, ms, by hour; a window with a change counts half. */
  readonly watchedMs: readonly number[]
}

const hourMs = 3_600_000
const hours = 24
/** Nothing is said before so much was watched. */
const leastWatchedMs = 40 * hourMs
const pseudoChanges = 4
const leastRelative = 0.04
const mostRelative = 9

const zeros: readonly number[] = Array.from({ length: hours }, () => 0)

export const newHourOfDay: HourOfDay = { changes: zeros, watchedMs: zeros }

export function hourOf(instant: number): number {
  return Math.floor(instant / hourMs) % hours
}

/** Learns from a window that ended at `instant`. */
export function learnHour({ changes, watchedMs }: HourOfDay, instant: number, windowMs: number, isChange: boolean): HourOfDay {
  const hour = hourOf(instant)
  // Whole ms keep the state short.
  const watched = Math.round((watchedMs[hour] ?? 0) + (isChange ? windowMs / 2 : windowMs))
  return {
    changes: isChange ? changes.with(hour, (changes[hour] ?? 0) + 1) : changes,
    watchedMs: watchedMs.with(hour, watched),
  }
}

/** How densely to poll at that instant's hour, against the mean of the day; 1 while too little is known. */
export function hourFactor({ changes, watchedMs }: HourOfDay, instant: number): number {
  const watched = watchedMs.reduce((sum, ms) => sum + ms, 0)
  if (watched <= leastWatchedMs) return 1
  const meanRate = changes.reduce((sum, count) => sum + count, 0) / watched
  const density = changes.map((count, hour) => {
    const relative = (count + pseudoChanges) / ((watchedMs[hour] ?? 0) * meanRate + pseudoChanges)
    return Math.sqrt(Math.min(Math.max(relative, leastRelative), mostRelative))
  })
  return (hours * (density[hourOf(instant)] ?? 1)) / density.reduce((sum, each) => sum + each, 0)
}
