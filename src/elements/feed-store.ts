import type { Feed, FeedFreshness, Unsubscribe } from '../client/face.ts'
import type { MillraceError } from '../model/errors.ts'
import type { Row } from '../model/row.ts'

/** A feed at one instant; the same object until something changes. */
export interface FeedState<R = Row> {
  /** In order; undefined before the first data. Rows that did not change keep their identity. */
  readonly rows: readonly R[] | undefined
  readonly freshness: FeedFreshness
  /** The last refusal or fault since rows came; the feed goes on by itself where `error.retry` says so. */
  readonly error: MillraceError | undefined
}

/** A feed in the shape of an external store: what is held now, and who is to be told when that is another. */
export class FeedStore<R = Row> {
  readonly #feed: Feed<R>
  #state: FeedState<R>

  constructor(feed: Feed<R>) {
    this.#feed = feed
    this.#state = { rows: feed.rows, freshness: feed.freshness, error: undefined }
  }

  readonly current = (): FeedState<R> => this.#state

  /** The feed is read while somebody listens. */
  readonly subscribe = (listener: () => void): Unsubscribe => {
    const set = (members: Partial<FeedState<R>>): void => {
      this.#state = { ...this.#state, ...members }
      listener()
    }
    const ends = [
      this.#feed.onFreshness(freshness => set({ freshness })),
      this.#feed.onError(error => set({ error })),
      this.#feed.subscribe(rows => {
        const { freshness } = this.#feed
        set({ rows, freshness, error: undefined })
      }),
    ]
    return () => {
      for (const end of ends) end()
    }
  }
}
