import type { Cancel, Clock } from '../lib/clock.ts'
import type { SourcePoller } from './definition.ts'

/** A source as demand sees it. */
export interface Wanted {
  readonly name: string
  readonly lingerMs: number
  readonly poller: SourcePoller
}

/** Whoever reads a feed, and the sources that it wants thereby. */
interface Reader {
  readonly feed: string
  wants: readonly Want[]
}

interface Want {
  readonly source: Wanted
  readonly alwaysFor: Set<string>
  readers: number
  polling: boolean
  linger: Cancel | undefined
}

/**
 * Who wants a source. It is polled while a reader of it or of a feed computed from it is there, for the linger after
 * the last one left, and as long as a feed that must not sleep wants it (L7).
 */
export class Demand {
  readonly #wants = new Map<string, Want>()
  readonly #readers = new Set<Reader>()
  readonly #clock: Clock
  readonly #sourcesOf: (feed: string) => Iterable<string>
  readonly #changed: (source: string) => void
  #closed = false

  /**
   * `sourcesOf`: what a feed is computed from, at the moment. `changed` is called whenever a source begins or ceases to be
   * wanted.
   */
  constructor(clock: Clock, sourcesOf: (feed: string) => Iterable<string>, changed: (source: string) => void) {
    this.#clock = clock
    this.#sourcesOf = sourcesOf
    this.#changed = changed
  }

  add(source: Wanted): void {
    this.#wants.set(source.name, { source, alwaysFor: new Set(), readers: 0, polling: false, linger: undefined })
  }

  /** The source is no more, and its poller is no longer told; `aim` takes its readers elsewhere. */
  remove(source: string): void {
    this.#wants.get(source)?.linger?.()
    this.#wants.delete(source)
  }

  wants(source: string): boolean {
    return this.#wants.get(source)?.polling ?? false
  }

  /** For people: `3 readers`, `feed 'low'`; empty while nobody wants it. */
  reason(source: string): string {
    const want = this.#wants.get(source)
    if (want === undefined || !want.polling) return ''
    const feeds = [...want.alwaysFor].map(feed => `feed '${feed}'`)
    if (want.readers > 0) feeds.unshift(want.readers === 1 ? '1 reader' : `${want.readers} readers`)
    return feeds.length > 0 ? feeds.join(', ') : 'linger'
  }

  /** These feeds, and no others, must not sleep: their sources are wanted from now on. */
  always(feeds: readonly string[]): void {
    for (const want of this.#wants.values()) want.alwaysFor.clear()
    for (const feed of feeds) for (const want of this.#of(feed)) want.alwaysFor.add(feed)
    for (const want of this.#wants.values()) this.#update(want)
  }

  /** One reader wants the sources of a feed, whichever these are, until the returned function is called. */
  want(feed: string): () => void {
    const reader: Reader = { feed, wants: [] }
    this.#readers.add(reader)
    this.#aim(reader)
    return () => {
      if (!this.#readers.delete(reader)) return
      for (const want of reader.wants) {
        want.readers--
        this.#update(want)
      }
    }
  }

  /** Feeds are computed from other sources than before: each reader wants those. What goes on being wanted does not notice. */
  aim(): void {
    for (const reader of this.#readers) this.#aim(reader)
  }

  /** Whoever lets go later sets nothing going any more. */
  close(): void {
    this.#closed = true
    for (const want of this.#wants.values()) want.linger?.()
    this.#wants.clear()
    this.#readers.clear()
  }

  #of(feed: string): Want[] {
    return [...this.#sourcesOf(feed)].map(source => this.#wants.get(source)).filter(want => want !== undefined)
  }

  #aim(reader: Reader): void {
    const before = reader.wants
    reader.wants = this.#of(reader.feed)
    for (const want of reader.wants) want.readers++
    for (const want of before) want.readers--
    for (const want of new Set([...reader.wants, ...before])) this.#update(want)
  }

  #update(want: Want): void {
    if (this.#closed || this.#wants.get(want.source.name) !== want) return
    const wanted = want.readers > 0 || want.alwaysFor.size > 0
    if (wanted) {
      want.linger?.()
      want.linger = undefined
      if (!want.polling) this.#set(want, true)
    } else if (want.polling && want.linger === undefined) {
      want.linger = this.#clock.after(want.source.lingerMs, () => {
        want.linger = undefined
        this.#set(want, false)
      })
    }
  }

  #set(want: Want, polling: boolean): void {
    want.polling = polling
    if (polling) want.source.poller.start()
    else want.source.poller.stop()
    this.#changed(want.source.name)
  }
}
