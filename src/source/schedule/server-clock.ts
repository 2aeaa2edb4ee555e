import type { Hints } from './observation.ts'

/**
 * How far the upstream's clock is ahead of ours, in ms; null before the first Date. Date has whole seconds and was
 * written before the answer came, so that Date + Age - sample is never too large: the largest is the best. It may drift
 * down slowly, as clocks do.
 */
export type ServerClock = number | null

/** How much the estimate sinks with each answer, ms. */
const sinkMs = 0.2

export function learnServerClock(clock: ServerClock, { dateAt, ageMs = 0 }: Hints, sampledAt: number): ServerClock {
  if (dateAt === undefined) return clock
  const aheadMs = dateAt + ageMs - sampledAt
  return clock === null ? aheadMs : Math.max(aheadMs, clock - sinkMs)
}
