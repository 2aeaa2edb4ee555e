import type { Sample } from '../model/table.ts'
import type { Feed } from './feed.ts'

/** One evaluation of the graph, as the hub sees it. */
export interface Tick {
  readonly tick: number
  /** When it was published, ms since 1970. */
  readonly at: number
  /** The feeds whose table changed, with the sample that changed it. */
  readonly changed: ReadonlyMap<Feed, Sample>
}

/** What became of feeds whose definitions were replaced. */
export interface Redefined {
  /** Of another epoch, and without data yet. */
  readonly changed: readonly Feed[]
  readonly removed: readonly Feed[]
  /** They go on, but described, listed or asked for otherwise. */
  readonly adjusted: readonly Feed[]
}

/** Whoever is told what becomes of the feeds. */
export interface GraphListener {
  /** After every tick in which a table changed. */
  tick(tick: Tick): void
  /** `told`: the state, cause or reason changed; otherwise only the proof moved on. */
  freshness(feed: Feed, told: boolean): void
  /** What there was to tell of freshness has been told, of all feeds that one thing had an effect on; never within a tick. */
  settled?(): void
  /** After the definitions were replaced, before anything is computed by the new ones. */
  redefined?(feeds: Redefined): void
}
