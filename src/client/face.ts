import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { MillraceError } from '../model/errors.ts'
import type { Freshness, FreshnessState } from '../model/freshness.ts'
import type { Row } from '../model/row.ts'
import type { Kind } from '../model/table.ts'
import type { ExplainedMessage, FeedDescriptor, Query } from '../protocol/messages.ts'

/** The public face of the SDK: what `connect` gives to a page or program. */

/** Ends what it was given for; calling it again does nothing. */
export type Unsubscribe = () => void

/** What a WebSocket tells: `data` of a message, `code` and `reason` of a close, in Node `message` of an error. */
export interface SocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
  readonly message?: unknown
}

/** What the SDK needs of a WebSocket: a browser's, that of `ws`, or a test's. */
export interface WebSocketLike {
  addEventListener(type: 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void
  removeEventListener(type: 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void
  send(text: string): void
  close(code?: number, reason?: string): void
}
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike

/**
 * A token, or what gives one. A function is asked for each connection and again before a token ends; it may read a store, or ask
 * a server. Undefined or empty: there is none now.
 */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>)

export interface ConnectOptions {
  /** Said where the server asks for one, never put in a URL. Default: none, and such a server is `closed` with the code 4401. */
  readonly token?: TokenSource
  /** Default: the clock of this machine. */
  readonly clock?: Clock
  /** Jitter of the back-off. Default: the machine's. */
  readonly random?: Random
  /** Default: `globalThis.WebSocket`; `millrace/client` brings `ws` in Node. */
  readonly WebSocket?: WebSocketConstructor
}

/**
 * `connecting`: no answer yet; `open`: welcomed; `disconnected`: lost, the next try is at `retryAt`;
 * `refused`: five tries without a welcome, goes on every 30 s; `closed`: by `close()`, or for good by the server.
 */
export type ConnectionPhase = 'connecting' | 'open' | 'disconnected' | 'refused' | 'closed'

export interface ConnectionState {
  readonly phase: ConnectionPhase
  /** One sentence for people; absent while all is well. */
  readonly reason?: string
  /** The close code that led here. */
  readonly code?: number
  /** Tries in a row that did not lead to a lasting connection; 0 when open. */
  readonly attempt: number
  /** When the next try is made, ms since 1970 UTC; set while `disconnected` or `refused`. */
  readonly retryAt?: number
}

/** Freshness of a feed as its reader sees it: the server's word, or `disconnected` while there is none. */
export interface FeedFreshness extends Omit<Freshness, 'state'> {
  readonly state: FreshnessState | 'disconnected'
}

/** A table held at a position. `rows` of a feed's table is live: it changes in place. */
export interface TableView<R = Row> {
  /** The canonical address; empty until the server told it. */
  readonly feed: string
  readonly kind: Kind
  /** The name of the key column. */
  readonly key: string
  readonly columns: readonly string[]
  /** Terms of the order, `price` or `-price`; empty: by key. */
  readonly order: readonly string[]
  readonly epoch: string
  /** 0 = no data yet. */
  readonly version: number
  readonly tick: number
  /** When the server published, ms since 1970 UTC. */
  readonly at: number
  readonly rows: ReadonlyMap<string, R>
  /** The rows in order; the same array until something changes. */
  ordered(): readonly R[]
}

export interface FeedQuery extends Query {
  /** Least ms between deltas; the server answers what is in force. */
  readonly throttle?: number
}

/** Comes with the rows of every update. */
export interface UpdateInfo<R = Row> {
  /** `snapshot`: the rows were replaced (those that did not change keep their identity all the same). */
  readonly type: 'snapshot' | 'delta'
  /** For each key that changed since this listener's last call its previous row (undefined: it is new). */
  readonly changes: ReadonlyMap<string, R | undefined>
  readonly table: TableView<R>
}

/** What changed since the last one taken: the net effect, however long that was. */
export interface Change<R = Row> {
  readonly type: 'snapshot' | 'delta'
  /** Whole rows as they are now: all of them in a snapshot, the new and changed ones in a delta. */
  readonly set: ReadonlyMap<string, R>
  /** Keys that left; empty in a snapshot, which replaces everything. */
  readonly del: readonly string[]
  /** The table in its order after the change. */
  readonly rows: readonly R[]
  readonly columns: readonly string[]
  readonly epoch: string
  readonly version: number
  readonly tick: number
  /** When the server published, ms since 1970 UTC. */
  readonly at: number
}

export interface AskOptions {
  /** Gives the question up: its promise is rejected with the signal's reason, an iterator ends. */
  readonly signal?: AbortSignal
}

/** Counted over all connections of the subscription, which equal feeds share. */
export interface FeedStats {
  /** Bytes of the data messages, before any compression. */
  readonly bytes: number
  /** Data messages: snapshots and deltas, also those that were ignored. */
  readonly messages: number
  readonly snapshots: number
  readonly deltas: number
  readonly resyncs: number
}

/**
 * One live feed or view. The server is subscribed to while there is a subscriber or iterator; rows stay when it is not.
 * Keeps Svelte's store contract (`subscribe`) and RxJS's (`Symbol.observable`).
 */
export interface Feed<R = Row> {
  /** As it was asked for. */
  readonly name: string
  readonly query: FeedQuery
  /** What is held now; during a flush it may be ahead of what listeners were shown. */
  readonly table: TableView<R>
  /** What listeners were last shown, in order; undefined before the first data. The same array until something changes. */
  readonly rows: readonly R[] | undefined
  readonly freshness: FeedFreshness
  readonly stats: FeedStats
  /** Calls `listener` with the ordered rows: at once when there are any, then after each flush that changed them. */
  subscribe(listener: (rows: readonly R[], info: UpdateInfo<R>) => void): Unsubscribe
  /**
   * Begins with a snapshot. A consumer that is slow gets one net change, not a queue. Ends when the client is closed or
   * `signal` aborts.
   * @throws MillraceError from the loop, where the server refuses the feed for good, or closes the connection for good
   */
  changes(options?: AskOptions): AsyncIterableIterator<Change<R>>
  /** Calls `listener` at each change of freshness; not at once. */
  onFreshness(listener: (freshness: FeedFreshness) => void): Unsubscribe
  /** Refusals of the server and faults of the data; the feed goes on by itself where `error.retry` says so. */
  onError(listener: (error: MillraceError) => void): Unsubscribe
}

/** Why a row is as it is. */
export type Explained = Omit<ExplainedMessage, 'type' | 'id'>

/** `F`: what is known of the rows of feeds, by name; `connect<typeof config>` knows what the config tells. */
export interface Millrace<F = unknown> {
  /** The address of the socket. */
  readonly url: string
  readonly state: ConnectionState
  /** Calls `listener` at each change of state; not at once. */
  onState(listener: (state: ConnectionState) => void): Unsubscribe
  /** Errors that belong to no feed and no request. */
  onError(listener: (error: MillraceError) => void): Unsubscribe
  /** A live feed or view; costs nothing until it is subscribed to. Equal ones share one subscription. */
  feed<N extends keyof F & string>(name: N, query?: FeedQuery): Feed<F[N]>
  feed<R = Row>(name: string, query?: FeedQuery): Feed<R>
  /** The feeds this client may follow; `own`: the server's own (`$sources`, `$feeds`) too. @throws MillraceError */
  feeds(options?: AskOptions & { readonly own?: boolean }): Promise<readonly FeedDescriptor[]>
  /** The table now, once. @throws MillraceError also `unavailable` when 30 s bring no answer */
  get<N extends keyof F & string>(name: N, query?: Query, options?: AskOptions): Promise<TableView<F[N]>>
  get<R = Row>(name: string, query?: Query, options?: AskOptions): Promise<TableView<R>>
  /** Why a row is as it is: the rows it is made of, and the last poll of each source behind it. @throws MillraceError */
  explain(name: string, key: string, options?: AskOptions): Promise<Explained>
  /** Tries again at once, also when the server closed for good. Nothing while open or after `close`. */
  retry(): void
  /** Ends the connection, all subscriptions and iterators; pending requests are rejected. */
  close(): void
}
