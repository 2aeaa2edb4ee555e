import type { Feed, Unsubscribe, UpdateInfo } from '../client/face.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { MillraceError } from '../model/errors.ts'
import type { Row } from '../model/row.ts'

/** Reads one feed while it is looked at, and a little longer: scrolling past and back is no new subscription. */
export class Reader {
  readonly feed: Feed
  readonly #clock: Clock
  readonly #lingerMs: number
  readonly #onRows: (rows: readonly Row[], info: UpdateInfo) => void
  readonly #onFreshness: () => void
  readonly #onError: (error: MillraceError) => void
  #subscribed: readonly Unsubscribe[] = []
  #leaving: Cancel | undefined

  constructor(
    feed: Feed,
    clock: Clock,
    options: {
      readonly lingerMs: number
      readonly onRows: (rows: readonly Row[], info: UpdateInfo) => void
      readonly onFreshness: () => void
      readonly onError?: (error: MillraceError) => void
    },
  ) {
    this.feed = feed
    this.#clock = clock
    this.#lingerMs = options.lingerMs
    this.#onRows = options.onRows
    this.#onFreshness = options.onFreshness
    this.#onError = options.onError ?? options.onFreshness
  }

  get reading(): boolean {
    return this.#subscribed.length > 0
  }

  want(): void {
    this.#leaving?.()
    this.#leaving = undefined
    if (this.reading) return
    this.#subscribed = [
      this.feed.onFreshness(() => this.#onFreshness()),
      this.feed.onError(error => this.#onError(error)),
      this.feed.subscribe((rows, info) => this.#onRows(rows, info)),
    ]
  }

  /** Leaves after the linger, unless wanted again. */
  release(): void {
    if (!this.reading) return
    this.#leaving ??= this.#clock.after(this.#lingerMs, () => this.leave())
  }

  /** Leaves at once. */
  leave(): void {
    this.#leaving?.()
    this.#leaving = undefined
    for (const unsubscribe of this.#subscribed) unsubscribe()
    this.#subscribed = []
  }
}
