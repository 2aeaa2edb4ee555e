import type { Cancel, Clock } from '../lib/clock.ts'
import type { SourcePoller } from './definition.ts'

/** A source as demand sees it. */
export interface Wanted {
  readonly name: string
  readonly lingerMs: number
  readonly poller: SourcePoller
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
  readonly #clock: Clock
  readonly #changed: (source: string) => void
  #closed = false

  /** `changed` is called whenever a source begins or ceases to be wanted. */
  constructor(clock: Clock, changed: (source: string) => void) {
    this.#clock = clock
    this.#changed = changed
  }

  add(source: Wanted): void {
    this.#wants.set(source.name, { source, alwaysFor: new Set(), readers: 0, polling: false, linger: undefined })
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

  /** A feed that must not sleep wants these sources from now on. */
  always(feed: string, sources: Iterable<string>): void {
    for (const want of this.#each(sources)) {
      want.alwaysFor.add(feed)
      this.#update(want)
    }
  }

  /** One reader wants these sources until the returned function is called. */
  want(sources: Iterable<string>): () => void {
    const wants = [...this.#each(sources)]
    for (const want of wants) {
      want.readers++
      this.#update(want)
    }
    let held = true
    return () => {
      if (!held) return
      held = false
      for (const want of wants) {
        want.readers--
        this.#update(want)
      }
    }
  }

  /** Whoever lets go later sets nothing going any more. */
  close(): void {
    this.#closed = true
    for (const want of this.#wants.values()) want.linger?.()
    this.#wants.clear()
  }

  *#each(sources: Iterable<string>): Generator<Want> {
    for (const name of sources) {
      const want = this.#wants.get(name)
      if (want !== undefined) yield want
    }
  }

  #update(want: Want): void {
    if (this.#closed) return
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
