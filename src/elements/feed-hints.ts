import type { Millrace } from '../client/face.ts'
import { noHints, type Hints } from '../model/hint.ts'

/** How the server wants the columns of its feeds to be shown; asked for with each connection. */
export class FeedHints {
  readonly #millrace: Millrace
  #feeds: ReadonlyMap<string, Hints> = new Map()
  readonly #listeners = new Set<() => void>()

  constructor(millrace: Millrace) {
    this.#millrace = millrace
    millrace.onState(({ phase }) => {
      if (phase === 'open') void this.#ask()
    })
  }

  /** Of a feed, or of a view by its address. */
  of(feed: string): Hints {
    return this.#feeds.get(feed.replace(/\?.*$/s, '')) ?? noHints
  }

  /** Calls `listener` when they have come, or are known not to. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #ask(): Promise<void> {
    try {
      const feeds = await this.#millrace.feeds()
      this.#feeds = new Map(feeds.map(({ feed, hints = {} }) => [feed, new Map(Object.entries(hints))]))
    } catch {
      // Not answered, as where the connection was lost again: what was known stays, and with the next they are asked for anew.
    }
    for (const listener of this.#listeners) listener()
  }
}
