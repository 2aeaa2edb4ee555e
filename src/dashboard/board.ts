import type { Millrace, Unsubscribe } from '../client/face.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { ErrorCode } from '../model/errors.ts'
import { ServerClock } from '../elements/server-clock.ts'
import { feedFacts, hasOwnTable, listedFacts, sourceFacts, type FeedFacts, type SourceFacts } from './own-feeds.ts'

const noSources: ReadonlyMap<string, SourceFacts> = new Map()

const listEveryMs = 10_000

/** The token does not open it, or not any more. */
function isClosed(code: ErrorCode): boolean {
  return code === 'not_found' || code === 'forbidden'
}

/** What the server says of itself: its feeds and sources, live, and its clock. */
export class Board {
  readonly #millrace: Millrace
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #feeds: ReadonlyMap<string, FeedFacts> | undefined
  #sources: ReadonlyMap<string, SourceFacts> | undefined
  /** Ends the wait for the next list. */
  #listing: Cancel | undefined
  readonly #time: ServerClock
  #isAdmin = false

  constructor(millrace: Millrace, clock: Clock) {
    this.#millrace = millrace
    this.#clock = clock
    this.#time = new ServerClock(millrace, clock)
  }

  /** By name; undefined before it is known which of them are sources, too: nothing on the page moves a second time. */
  get feeds(): ReadonlyMap<string, FeedFacts> | undefined {
    return this.#sources === undefined ? undefined : this.#feeds
  }

  get sources(): ReadonlyMap<string, SourceFacts> {
    return this.#sources ?? noSources
  }

  /** There are feeds that only an admin may read. */
  get isAdmin(): boolean {
    return this.#isAdmin
  }

  get connected(): boolean {
    return this.#time.connected
  }

  /** The server's wall clock, as near as can be known. */
  now(): number {
    return this.#time.now()
  }

  note(at: number, isLive: boolean): void {
    this.#time.note(at, isLive)
  }

  start(): void {
    const feeds = this.#millrace.feed('$feeds')
    feeds.onError(({ code }) => {
      if (isClosed(code)) void this.#list()
    })
    feeds.subscribe((rows, { table, type }) => {
      this.#listing?.()
      this.note(table.at, type === 'delta')
      this.#hold(rows.map(feedFacts).filter(({ feed }) => !feed.startsWith('$')))
    })
    const sources = this.#millrace.feed('$sources')
    sources.onError(({ code }) => {
      if (!isClosed(code)) return
      this.#sources = noSources
      this.#tell()
    })
    sources.subscribe((rows, { table, type }) => {
      this.note(table.at, type === 'delta')
      this.#sources = new Map(rows.map(row => sourceFacts(row)).map(facts => [facts.source, facts]))
      this.#tell()
    })
    this.#millrace.onState(({ phase }) => {
      if (phase === 'open') void this.#askRights()
      this.#tell()
    })
  }

  async #askRights(): Promise<void> {
    try {
      const feeds = await this.#millrace.feeds({ own: true })
      this.#isAdmin = feeds.some(({ feed }) => feed === '$clients')
      this.#tell()
    } catch {
      // Not answered: the connection is gone again, and the next one asks anew.
    }
  }

  /** A token that opens some feeds alone mostly does not open `$feeds`: which there are is then asked now and then. */
  async #list(): Promise<void> {
    this.#listing?.()
    this.#listing = this.#clock.after(listEveryMs, () => void this.#list())
    try {
      this.#hold((await this.#millrace.feeds()).filter(hasOwnTable).map(listedFacts))
    } catch {
      // Not answered, as without a connection: what was known stays, and is asked for again.
    }
  }

  #hold(feeds: readonly FeedFacts[]): void {
    this.#feeds = new Map(feeds.map(facts => [facts.feed, facts]))
    this.#tell()
  }

  /** Calls `listener` after each change of facts or connection. */
  onChange(listener: () => void): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
