import { backoffDelay } from '../../lib/backoff.ts'
import type { Random } from '../../lib/random.ts'
import type { Reason } from './reason.ts'

/** What the last poll, a failed one, says about when to ask next. Durations in ms. */
export interface Trouble {
  /** Failures in a row, this one included. */
  readonly failures: number
  /** From Retry-After, already capped. */
  readonly retryAfterMs?: number
}

export interface BackoffRules {
  /** The delay after the first failure, and what a tried source is never asked sooner than. */
  readonly intervalMs: number
  /** Never sooner, whatever the chance of it; default `intervalMs`. */
  readonly minMs?: number
  readonly maxBackoffMs: number
}

/** How long to wait, and why: what a schedule says of it. */
export type Wait = Extract<Reason, { readonly why: 'retry-after' | 'back-off' }>

/**
 * How long to leave alone what fails. After the n-th failure in a row interval x 2^(n-1), at most `maxBackoffMs`
 * (4 intervals where that is longer), half of it chance; Retry-After wins; never sooner than the least gap.
 */
export function waitAfterFailure({ failures, retryAfterMs }: Trouble, rules: BackoffRules, random: Random): Wait {
  const { intervalMs, maxBackoffMs, minMs = intervalMs } = rules
  if (retryAfterMs !== undefined && retryAfterMs > 0) return { why: 'retry-after', delayMs: Math.max(retryAfterMs, minMs) }
  const capMs = Math.max(maxBackoffMs, 4 * intervalMs)
  return { why: 'back-off', failures, delayMs: backoffDelay(failures, { baseMs: intervalMs, capMs, leastMs: minMs }, random) }
}
