import { createHash } from 'node:crypto'
import { backoffDelay } from '../lib/backoff.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Random } from '../lib/random.ts'

/** Why the next poll is when it is (polling.md section 4; the reasons that a fixed schedule has). */
export type Why = 'steady' | 'first-reader' | 'back-off' | 'retry-after'

export interface NextPoll {
  readonly delayMs: number
  readonly why: Why
  /** One sentence with its numbers. */
  readonly sentence: string
}

/** A source's fixed place within its interval, ms from 0 to `intervalMs`: the same after every restart. */
export function phaseOf(name: string, intervalMs: number): number {
  const hash = createHash('sha1').update(name).digest().readUInt32BE(0)
  return (hash / 2 ** 32) * intervalMs
}

/** The next instant of the grid strictly after `atMs`. */
export function nextDue(atMs: number, intervalMs: number, phaseMs: number): number {
  return (Math.floor((atMs - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs
}

export interface ScheduleState {
  /** Now, ms on the clock of the grid. */
  readonly atMs: number
  readonly intervalMs: number
  readonly phaseMs: number
  /** Failures in a row. */
  readonly failures: number
  readonly retryAfterMs?: number
  readonly maxBackoffMs: number
}

/** When to ask next after a poll; pure. Retry-After wins, then back-off, never sooner than `every`. */
export function nextPoll(state: ScheduleState, random: Random): NextPoll {
  const { atMs, intervalMs, phaseMs, failures, retryAfterMs } = state
  if (retryAfterMs !== undefined) {
    const delayMs = Math.max(retryAfterMs, intervalMs)
    return { delayMs, why: 'retry-after', sentence: `retry-after: the upstream asks to wait ${formatDuration(Math.round(delayMs))}` }
  }
  if (failures > 1) {
    const capMs = Math.max(state.maxBackoffMs, 4 * intervalMs)
    const delayMs = backoffDelay(failures, { baseMs: intervalMs, capMs, leastMs: intervalMs }, random)
    return {
      delayMs,
      why: 'back-off',
      sentence: `back-off: ${failures} failures in a row, asking again after ${formatDuration(Math.round(delayMs))}`,
    }
  }
  return { delayMs: nextDue(atMs, intervalMs, phaseMs) - atMs, why: 'steady', sentence: `steady: every ${formatDuration(intervalMs)}` }
}
