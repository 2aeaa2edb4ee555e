import type { Cause } from '../model/freshness.ts'
import type { Changes, Degradation, Table } from '../model/table.ts'
import type { Spurious } from './spurious-changes.ts'
import type { Hints } from './schedule/observation.ts'

/** Where the time of a poll went, in ms; of several requests together. Absent: it did not come to that, or a kept connection was used. */
export interface PollPhases {
  /** Resolving the name. */
  readonly dnsMs?: number
  /** Connecting; through a proxy until its tunnel stood. */
  readonly connectMs?: number
  readonly tlsMs?: number
  /** From sending until the head of the answer was there. */
  readonly firstByteMs?: number
  /** From there until its body was whole. */
  readonly bodyMs?: number
}

/** What every answer tells beside its data. Times are ms since 1970 UTC, durations ms. */
export interface PollFacts {
  /** When the answer was there, by the injected clock. */
  readonly at: number
  readonly durationMs: number
  /** HTTP status where there is one. */
  readonly status?: number
  /** Bytes of the decoded body; 0 for a 304. */
  readonly bytes: number
  /** The upstream's own time of the data (Last-Modified, or Date minus Age). */
  readonly asOf?: number
  /** From sending to the head of the answer: half of it is when the upstream took its sample. Default `durationMs`. */
  readonly headMs?: number
  /** What the answer says about time. */
  readonly hints?: Hints
  readonly phases?: PollPhases
  /** For so long nothing is left of the upstream's rate limit, already capped. Absent: something is left, or that is not said. */
  readonly limitedMs?: number
}

export interface PollAnswered extends PollFacts {
  readonly kind: 'changed' | 'unchanged'
  /** The source's table after the poll; the same object as before where nothing changed. */
  readonly table: Table
  /** Empty when unchanged; `'all'` at first and whenever the key column changed (a new epoch). */
  readonly changes: Changes
  /** Its validators changed though its rows did not: the upstream made it anew. Default false. */
  readonly isRemade?: boolean
  /** Set while a guard keeps part of the answer (or the whole of it) back. */
  readonly degraded?: Degradation
  /** Changes that said nothing new, since the start; absent where they are not counted. */
  readonly spurious?: Spurious
}

export interface PollFailed extends PollFacts {
  readonly kind: 'failed'
  readonly cause: Cause
  /** One sentence for people that names host and phase, or the limit's key; no secrets, at most 200 characters. */
  readonly reason: string
  /** From Retry-After, already capped. */
  readonly retryAfterMs?: number
  /** The limit that was exceeded, by its key. */
  readonly limit?: string
}

/** One question and its outcome. A failed poll is a value, never a thrown error. */
export type Poll = PollAnswered | PollFailed

/** A remote that can only be asked. */
export interface Ask {
  /** Its requests take their places of the budget one by one: a poll takes none itself. Default false. */
  readonly takesOwnPlaces?: boolean
  /** Goes on from a table of a run before: what it holds is no change, and guarded as any last good table is. Absent: it begins anew. */
  resume?(table: Table): void
  /** Asks once; never rejects. The caller sees to it that polls of one source do not overlap (L7). */
  poll(): Promise<Poll>
  /** Has `wake` called whenever there is news before the next poll, while it is asked now and then. Absent: it only answers. */
  wakes?(wake: () => void): void
  /** Polls take what has come by itself since the last one, and ask nobody: they cost no budget. */
  readonly isFollowing?: boolean
  /** Nobody wants it for now: what it keeps open is let go of until the next poll. */
  rest?(): void
  /** Drops connections; a poll under way fails. */
  close(): Promise<void>
}
