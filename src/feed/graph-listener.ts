import type { Logger } from '../lib/log.ts'
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

/** All who listen to one graph: what one of them fails at is no business of the others. */
export class GraphListeners {
  readonly #listeners = new Set<GraphListener>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** @returns ends it */
  add(listener: GraphListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(what: (listener: GraphListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        what(listener)
      } catch (error) {
        this.#log.error({ err: error }, 'who listens to the feeds failed')
      }
    }
  }
}
