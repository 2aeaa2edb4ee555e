import type { MillraceError } from '../model/errors.ts'
import type { Row } from '../model/row.ts'
import { ChangeIterator } from './change-iterator.ts'
import type { AskOptions, Feed, FeedFreshness, FeedQuery, FeedStats, Unsubscribe, UpdateInfo } from './face.ts'
import { callGuarded, Listeners } from './listeners.ts'
import { LiveTable, type RowChanges } from './live-table.ts'
import type { Reader, Subscription, SubscribeRequest } from './subscription.ts'

/** Where a feed finds the subscription it reads. */
export interface FeedHost {
  now(): number
  readonly isClosed: boolean
  join(reader: LiveFeed, request: SubscribeRequest, former: Subscription | undefined): Subscription
  leave(reader: LiveFeed, subscription: Subscription): void
}

interface RowListener {
  readonly listener: (rows: readonly Row[], info: UpdateInfo) => void
  /** It has seen rows of this table, so that changes mean something to it. */
  isInformed: boolean
}

const noStats: FeedStats = { bytes: 0, messages: 0, snapshots: 0, deltas: 0, resyncs: 0 }
const noTable = new LiveTable()

/** One feed object: a reader of a subscription while it has subscribers or iterators of its own. */
export class LiveFeed implements Feed, Reader {
  readonly name: string
  readonly query: FeedQuery
  readonly #host: FeedHost
  readonly #rowListeners = new Set<RowListener>()
  readonly #iterators = new Set<ChangeIterator>()
  readonly #freshnessListeners = new Listeners<FeedFreshness>()
  readonly #errorListeners = new Listeners<MillraceError>()
  readonly #unread: FeedFreshness
  /** The one that is read, or was. */
  #subscription: Subscription | undefined
  #isReading = false

  constructor(name: string, query: FeedQuery, host: FeedHost) {
    this.name = name
    this.query = query
    this.#host = host
    this.#unread = { state: 'disconnected', reason: 'nobody subscribes', since: host.now() }
    const interop = (): unknown => this.#observable()
    // RxJS looks for the symbol where something defined it, and for the text where nothing did.
    const { observable = '@@observable' } = Symbol as { readonly observable?: symbol }
    for (const member of new Set([observable, '@@observable'])) Object.defineProperty(this, member, { value: interop })
  }

  get table(): LiveTable {
    return this.#subscription?.table ?? noTable
  }
  get rows(): readonly Row[] | undefined {
    return this.#subscription?.rows
  }
  get freshness(): FeedFreshness {
    return this.#subscription?.freshness ?? this.#unread
  }
  get stats(): FeedStats {
    return this.#subscription?.stats ?? noStats
  }
  get isAhead(): boolean {
    return this.#subscription?.isAhead ?? false
  }

  subscribe(listener: (rows: readonly Row[], info: UpdateInfo) => void): Unsubscribe {
    const entry: RowListener = { listener, isInformed: false }
    this.#rowListeners.add(entry)
    this.#read()
    const { rows } = this
    if (rows !== undefined) this.#inform(entry, rows, undefined)
    return () => {
      this.#rowListeners.delete(entry)
      this.#rest()
    }
  }

  changes({ signal }: AskOptions = {}): ChangeIterator {
    return new ChangeIterator(this, signal)
  }

  onFreshness(listener: (freshness: FeedFreshness) => void): Unsubscribe {
    return this.#freshnessListeners.add(listener)
  }

  onError(listener: (error: MillraceError) => void): Unsubscribe {
    return this.#errorListeners.add(listener)
  }

  /** An iterator begins to read. */
  begin(iterator: ChangeIterator): void {
    if (this.#host.isClosed) return iterator.finish()
    this.#iterators.add(iterator)
    this.#read()
  }

  end(iterator: ChangeIterator): void {
    this.#iterators.delete(iterator)
    this.#rest()
  }

  shown(update: { readonly type: 'snapshot' | 'delta'; readonly changes: RowChanges }): void {
    for (const entry of this.#rowListeners) this.#inform(entry, this.rows ?? [], update)
    for (const iterator of this.#iterators) iterator.shown(update)
  }

  freshened(freshness: FeedFreshness): void {
    this.#freshnessListeners.tell(freshness)
  }

  failed(error: MillraceError, isFinal: boolean): void {
    this.#errorListeners.tell(error)
    if (isFinal) this.abandon(error)
  }

  /** Nothing more comes by itself: iterators fail, where a listener may still hear of a later try. */
  abandon(error: MillraceError): void {
    for (const iterator of this.#iterators) iterator.fail(error)
  }

  moved(to: Subscription): void {
    this.#subscription = to
    for (const iterator of this.#iterators) iterator.replaced()
    for (const entry of this.#rowListeners) {
      entry.isInformed = false
      if (to.rows !== undefined) this.#inform(entry, to.rows, undefined)
    }
    this.freshened(to.freshness)
  }

  /** The client is closed: iterators end. */
  close(): void {
    for (const iterator of this.#iterators) iterator.finish()
  }

  #read(): void {
    if (this.#isReading || this.#host.isClosed) return
    this.#isReading = true
    const { name: feed, query } = this
    this.#subscription = this.#host.join(this, { feed, ...query }, this.#subscription)
  }

  #rest(): void {
    const subscription = this.#subscription
    if (!this.#isReading || subscription === undefined || this.#rowListeners.size > 0 || this.#iterators.size > 0) return
    this.#isReading = false
    this.#host.leave(this, subscription)
  }

  #inform(
    entry: RowListener,
    rows: readonly Row[],
    update: { readonly type: 'snapshot' | 'delta'; readonly changes: RowChanges } | undefined,
  ): void {
    const { table } = this
    const known = entry.isInformed && update !== undefined
    entry.isInformed = true
    callGuarded(() => entry.listener(rows, { table, ...(known ? update : { type: 'snapshot', changes: everyRow(table.rows) }) }))
  }

  #observable(): unknown {
    return {
      subscribe: (observer: ((rows: readonly Row[]) => void) | { next?(rows: readonly Row[]): void }) => ({
        unsubscribe: this.subscribe(rows => (typeof observer === 'function' ? observer(rows) : observer.next?.(rows))),
      }),
    }
  }
}

function everyRow(rows: ReadonlyMap<string, Row>): RowChanges {
  return new Map([...rows.keys()].map(key => [key, undefined]))
}
