import type { Feed } from '../feed/feed.ts'
import type { Outage } from './outage.ts'

/** What a way out has come to since the start of the process. */
export interface SinkFigures {
  readonly kind: 'log' | 'webhook' | 'alertmanager'
  /** Who is told: name and port, without secrets. */
  readonly target: string
  /** Messages that were taken. */
  readonly delivered: number
  /** Tries that failed. */
  readonly failed: number
  /** Messages that were given up, because they would never be taken. */
  readonly refused: number
  /** Feeds and outages of which there is something to tell; that of a message which was not taken so far is one. */
  readonly waiting: number
  /** Why the last try failed; undefined: it did not. */
  readonly error?: string
}

/** One receiver of what becomes of feeds; whatever it is told it returns at once, so that no feed waits for it. */
export interface WayOut {
  readonly figures: SinkFigures
  /** The feeds it is told of. */
  readonly feeds: Iterable<Feed>
  /** It is told of these feeds, and no others, from now on. */
  follow(feeds: readonly Feed[]): void
  /** A table is other than it was, or is no longer muted. */
  touch(feed: Feed): void
  /** All that is down now. */
  outages(now: ReadonlyMap<string, Outage>): void
  /** What it was told, to be kept over a restart as plain JSON; absent: it is told all that is the case again. */
  save?(): unknown
  /** Takes up what `save` gave in a run before, before there is data. @returns what it was told is down */
  restore?(saved: unknown): ReadonlyMap<string, Outage>
  /** Tells once more what waits, and ends what is not done by then. */
  close(withinMs: number): Promise<void>
}
