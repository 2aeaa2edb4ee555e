import type { Random } from './random.ts'

export interface BackoffOptions {
  /** The delay before the first retry, without jitter, in ms. */
  readonly baseMs: number
  /** The longest delay, in ms. */
  readonly capMs: number
  /** No delay is shorter than this, in ms; default 0. */
  readonly leastMs?: number
  /** The share of the delay that is chance, 0 to 1; default 0.5. With 1 a crowd that lost one server spreads widest. */
  readonly jitter?: number
}

/**
 * The delay in ms before try `failures + 1`, after `failures` (1 or more) in a row:
 * base x 2^(failures-1), capped, half of it jitter unless told otherwise (polling.md section 3, Failures).
 */
export function backoffDelay(failures: number, options: BackoffOptions, random: Random): number {
  const full = Math.min(options.baseMs * 2 ** Math.min(failures - 1, 52), options.capMs)
  const chance = full * (options.jitter ?? 0.5)
  return Math.max(full - chance + chance * random(), options.leastMs ?? 0)
}
