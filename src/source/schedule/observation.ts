import type { Random } from '../../lib/random.ts'
import type { Pools } from './price.ts'

/** What an operator asked for: `every: {average, min, max}`. Durations in ms. */
export interface ScheduleConfig {
  /** One request per so long, on average over a day. */
  readonly averageMs: number
  /** Never sooner, from sending to sending. */
  readonly minMs: number
  /** Never later, unless failures or the upstream ask for it. */
  readonly maxMs: number
  readonly maxBackoffMs: number
  /** Requests are worth so many times as much as to others of the same budget; default 1. */
  readonly weight: number
}

/** What the headers of an answer said. Absent: not said. */
export interface Hints {
  /** Last-Modified, ms since 1970 by the upstream's clock; whole seconds. */
  readonly lastModifiedAt?: number
  /** Date, ms since 1970 by the upstream's clock; whole seconds. */
  readonly dateAt?: number
  /** Age: for how long a shared cache has held the answer, ms; whole seconds. */
  readonly ageMs?: number
  /** max-age of Cache-Control, ms: how long the answer may be kept. */
  readonly maxAgeMs?: number
}

interface ObservedPoll {
  readonly config: ScheduleConfig
  /** When the request was sent. Ms since 1970 UTC by a clock that goes evenly: a step of the wall clock must not show in it. */
  readonly sentAt: number
  /** From sending to the whole answer, ms. */
  readonly roundTripMs: number
  /** What the request is paid from: the source's own pool, and that of its budget or origin, where it has one. */
  readonly pools: Pools
  /** The only source of chance. */
  readonly random: Random
}

/** A poll that brought an answer: a sample of the source, taken half a round trip after it was sent. */
export interface ObservedAnswer extends ObservedPoll {
  /** Unknown: there was nothing to compare it with, as after a restart. */
  readonly outcome: 'changed' | 'unchanged' | 'unknown'
  /** The validator changed though the data did not: it was made anew, which is as good as a change for telling when. */
  readonly isRemade: boolean
  readonly hints: Hints
}

export interface ObservedFailure extends ObservedPoll {
  readonly outcome: 'failed'
  /** HTTP status where there is one. */
  readonly status?: number
  /** From Retry-After, already capped. */
  readonly retryAfterMs?: number
}

/** All that a schedule learns from one poll. */
export type Observation = ObservedAnswer | ObservedFailure
