/** How far the data of a feed can be believed, from best to worst (design.md section 5). */
export const freshnessStates = ['fresh', 'degraded', 'stale', 'waiting', 'down'] as const
export type FreshnessState = (typeof freshnessStates)[number]

/** Why a feed is not fresh. */
export const causes = [
  'timeout',
  'dns',
  'refused',
  'reset',
  'tls',
  'http',
  'decode',
  'too_large',
  'shape',
  'rows',
  'key',
  'cardinality',
  'paused',
  'upstream',
  'internal',
] as const
export type Cause = (typeof causes)[number]

/** Times are ms since 1970 UTC, durations ms. */
export interface Freshness {
  readonly state: FreshnessState
  readonly cause?: Cause
  /** One sentence for people. */
  readonly reason?: string
  /** When this state began. */
  readonly since: number
  /** The last time an answer proved the data current (a 304 or an identical body is proof). */
  readonly validatedAt?: number
  /** The upstream's own time of the data. */
  readonly asOf?: number
  readonly every?: number
  readonly staleAfter?: number
  /** When it is asked next; absent while nobody wants it. */
  readonly next?: number
}
