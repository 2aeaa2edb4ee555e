import type { Random } from '../../lib/random.ts'
import { formatDuration } from '../../lib/unit.ts'
import { waitAfterFailure } from './back-off.ts'
import { explain } from './explain.ts'
import type { Decision } from './policy.ts'

/** A fixed grid: the instants `phaseMs + n x intervalMs`. */
export interface Grid {
  readonly intervalMs: number
  /** From 0 to `intervalMs`. */
  readonly phaseMs: number
}

/** What the last polls say about when to ask next. */
export interface Standing {
  /** Now, ms on the clock of the grid. */
  readonly now: number
  /** Failures in a row; 0 after an answer. */
  readonly failures: number
  /** From Retry-After of the last poll, already capped. */
  readonly retryAfterMs?: number
  /** Dues that passed while the last poll was under way. */
  readonly missed: number
}

/**
 * A source's place within its interval, ms: the same in every run and another for each source, so that sources of one
 * interval do not all ask at once. FNV-1a with the final mix of MurmurHash3, scaled into the interval.
 */
export function phaseOf(identity: string, intervalMs: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < identity.length; i++) hash = Math.imul(hash ^ identity.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * intervalMs
}

/** The same grid on another clock, which shows `offsetMs` less. */
export function shiftGrid({ intervalMs, phaseMs }: Grid, offsetMs: number): Grid {
  const shifted = (phaseMs - offsetMs) % intervalMs
  return { intervalMs, phaseMs: shifted < 0 ? shifted + intervalMs : shifted }
}

/** The first instant of the grid after `instant`. */
export function nextOnGrid({ intervalMs, phaseMs }: Grid, instant: number): number {
  const next = phaseMs + (Math.floor((instant - phaseMs) / intervalMs) + 1) * intervalMs
  // Rounding may give the instant itself, or one a hair later, which would ask twice for one due.
  return next - instant > 1e-3 ? next : next + intervalMs
}

/** How many instants of the grid lie between two instants, neither included. */
export function duesBetween(grid: Grid, from: number, to: number): number {
  return Math.max(0, Math.ceil((to - nextOnGrid(grid, from) - 1e-3) / grid.intervalMs))
}

export function steady(grid: Grid, now: number, missed = 0): Decision {
  const skipped = missed === 0 ? '' : `; the last poll outlasted ${missed} ${missed === 1 ? 'due' : 'dues'}, skipped`
  return { dueAt: nextOnGrid(grid, now), why: `steady: every ${formatDuration(grid.intervalMs)}${skipped}` }
}

/** When a source on a fixed grid is asked next: at its next due, or after a failure when its back-off ends. */
export function decide(standing: Standing, grid: Grid, maxBackoffMs: number, random: Random): Decision {
  const { now, failures, retryAfterMs = 0, missed } = standing
  if (failures === 0 && retryAfterMs === 0) return steady(grid, now, missed)
  const wait = waitAfterFailure({ failures, retryAfterMs }, { intervalMs: grid.intervalMs, maxBackoffMs }, random)
  return { dueAt: now + wait.delayMs, why: explain(wait) }
}
