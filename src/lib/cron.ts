import { Cron } from 'croner'

/** The instants that a cron pattern names, in the time zone of the process (`TZ`). All in ms since 1970. */
export interface CronTimes {
  readonly pattern: string
  /** The first one after an instant; undefined: there is none any more. */
  readonly after: (instant: number) => number | undefined
}

/** Whether a text is meant to be a cron pattern: five fields or more, or a nickname such as @daily. */
export function looksLikeCron(text: string): boolean {
  return text.trim().startsWith('@') || text.trim().split(/\s+/).length >= 5
}

/** What is wrong with a pattern, without what stands in it; undefined: nothing is. */
export function cronProblem(pattern: string): string | undefined {
  try {
    cronTimes(pattern)
    return undefined
  } catch (error) {
    const part = /\b(?:second|minute|hour|day|month|year)/i.exec(error instanceof Error ? error.message : '')?.[0]
    if (error instanceof NoInstant) return error.message
    return part === undefined ? 'minute, hour, day, month, day of the week' : `its ${part.toLowerCase()} cannot be read`
  }
}

class NoInstant extends Error {
  override readonly message = 'it names no instant'
}

/** @throws Error where the pattern cannot be read, or names no instant. */
export function cronTimes(pattern: string): CronTimes {
  const cron = new Cron(pattern, { paused: true })
  const after = (instant: number): number | undefined => cron.nextRun(new Date(instant))?.getTime()
  if (after(probeFrom) === undefined) throw new NoInstant()
  return { pattern, after }
}

const hourMs = 3_600_000
/** A Friday, so that a weekend is near. */
const probeFrom = Date.UTC(2027, 0, 1)

/**
 * The longest time from one instant to the next, ms: found by a look at a hundred of them in a row, at each hour of nine
 * days and, where they are days apart, at each day of four years; exact to the hour.
 */
export function longestGapMs({ after }: CronTimes): number {
  let longest = 0
  let last = after(probeFrom)
  for (let i = 0; i < 100 && last !== undefined; i++) {
    const next = after(last)
    if (next !== undefined) longest = Math.max(longest, next - last)
    last = next
  }
  const probe = (instant: number): void => void (longest = Math.max(longest, (after(instant) ?? instant) - instant))
  for (let hour = 0; hour < 9 * 24; hour++) probe(probeFrom + hour * hourMs)
  if (longest >= 24 * hourMs) for (let day = 0; day < 4 * 366; day++) probe(probeFrom + day * 24 * hourMs)
  return longest
}
