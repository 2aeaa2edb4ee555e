import type { Random } from '../../src/lib/random.ts'
import type { Hints } from '../../src/source/schedule/observation.ts'
import type { Pool } from '../../src/source/schedule/price.ts'
import type { Source } from './source.ts'

/** What a policy sees of one poll. Instants ms since 1970. */
export interface SimulatedPoll {
  readonly sentAt: number
  readonly roundTripMs: number
  /** 0: no answer. */
  readonly status: number
  readonly isChange: boolean
  /** The validator changed. */
  readonly isRemade: boolean
  readonly hints: Hints
  readonly retryAfterMs?: number
  readonly random: Random
}

/** A pool that several sources may share; a policy that keeps to it updates it. */
export interface Purse {
  pool: Pool
  /** Requests per ms that all who share it may make. */
  readonly perMs: number
}

export interface Purses {
  readonly own: Purse
  readonly host?: Purse
}

/** What a policy says after a poll. */
export interface Decision {
  /** From the end of the poll until the next one is sent, ms. */
  readonly delayMs: number
  readonly why?: string
  /** The sentence. */
  readonly says?: string
  /** When the next update is expected, ms since 1970, and its standard deviation. */
  readonly expected?: { readonly at: number; readonly deviationMs: number }
}

/** When to ask one source next. */
export type Decide = (poll: SimulatedPoll) => Decision

export interface Policy {
  readonly name: string
  /** Begins with a source of which nothing is known. */
  start(source: Source, purses: Purses): Decide
}
