import { systemClock, type Clock } from '../lib/clock.ts'
import { systemRandom, type Random } from '../lib/random.ts'
import { MillraceError } from '../model/errors.ts'
import type { FeedRows } from '../model/feed-rows.ts'
import type { Row } from '../model/row.ts'
import type { ClientMessage, ErrorMessage, FeedDescriptor, Query, ServerMessage } from '../protocol/messages.ts'
import { Connection, type ConnectionReader } from './connection.ts'
import type {
  AskOptions,
  ConnectionState,
  ConnectOptions,
  Explained,
  Feed,
  FeedQuery,
  Millrace,
  TableView,
  Unsubscribe,
  WebSocketConstructor,
} from './face.ts'
import { Listeners } from './listeners.ts'
import { LiveFeed, type FeedHost } from './live-feed.ts'
import { LiveTable } from './live-table.ts'
import { Requests, type Answer, type Question } from './requests.ts'
import { toError } from './server-message.ts'
import { webSocketUrl } from './server-url.ts'
import type { Subscription, SubscribeRequest, Wire } from './subscription.ts'
import { Subscriptions } from './subscriptions.ts'

export type {
  AskOptions,
  Change,
  ConnectionPhase,
  ConnectionState,
  ConnectOptions,
  Explained,
  Feed,
  FeedFreshness,
  FeedQuery,
  FeedStats,
  Millrace,
  SocketEvent,
  TableView,
  TokenSource,
  Unsubscribe,
  UpdateInfo,
  WebSocketConstructor,
  WebSocketLike,
} from './face.ts'
export type { FeedDescriptor, Query } from '../protocol/messages.ts'
export type { FeedRows } from '../model/feed-rows.ts'
export type { Cell, Row } from '../model/row.ts'
export { MillraceError, type ErrorCode, type ErrorDetail } from '../model/errors.ts'

/**
 * Connects to a server and stays connected: reconnects, resumes and proves its tables by itself. `connect<typeof config>(url)` knows the
 * rows of the feeds of a config of TypeScript.
 * @param url where the server is: `ws://host:8080` means `/ws` there; http(s) addresses do too, and in a page relative ones
 * @throws TypeError where the URL cannot be one, or there is no WebSocket (Node 20: `millrace/client` brings it)
 */
export function connect<C = unknown>(url: string, options: ConnectOptions = {}): Millrace<FeedRows<C>> {
  const WebSocket = options.WebSocket ?? (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket
  if (WebSocket === undefined) throw new TypeError('there is no WebSocket here: pass one as an option')
  return new Client(webSocketUrl(url), { ...options, WebSocket })
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength
}

/** One client of one server: hands what the connection hears to whom it concerns. */
class Client implements Millrace, ConnectionReader, FeedHost, Wire {
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  readonly #connection: Connection
  readonly #subscriptions: Subscriptions
  readonly #requests: Requests
  readonly #stateListeners = new Listeners<ConnectionState>()
  readonly #errorListeners = new Listeners<MillraceError>()
  /** Those that are read. */
  readonly #feeds = new Set<LiveFeed>()
  #ids = 0
  #isClosed = false

  constructor(url: string, options: ConnectOptions & { readonly WebSocket: WebSocketConstructor }) {
    const { clock = systemClock(), random = systemRandom, WebSocket, token } = options
    this.url = url
    this.clock = clock
    this.random = random
    this.#subscriptions = new Subscriptions(this)
    this.#requests = new Requests(clock, message => this.send(message))
    this.#connection = new Connection({ url, clock, random, WebSocket, token, reader: this })
    this.#connection.open()
  }

  get state(): ConnectionState {
    return this.#connection.state
  }
  get isOpen(): boolean {
    return this.#connection.isOpen
  }
  get isClosed(): boolean {
    return this.#isClosed
  }

  onState(listener: (state: ConnectionState) => void): Unsubscribe {
    return this.#stateListeners.add(listener)
  }

  onError(listener: (error: MillraceError) => void): Unsubscribe {
    return this.#errorListeners.add(listener)
  }

  feed<R = Row>(name: string, query: FeedQuery = {}): Feed<R> {
    return new LiveFeed(name, query, this) as unknown as Feed<R>
  }

  async feeds({ own = false, signal }: AskOptions & { readonly own?: boolean } = {}): Promise<readonly FeedDescriptor[]> {
    const answer = await this.#ask({ type: 'list', id: this.nextId(), own }, signal)
    if (answer.type !== 'feeds') throw new MillraceError('internal', `a '${answer.type}' answered a 'list'`)
    return answer.feeds
  }

  async get<R = Row>(name: string, query: Query = {}, { signal }: AskOptions = {}): Promise<TableView<R>> {
    const answer = await this.#ask({ type: 'get', id: this.nextId(), feed: name, ...query }, signal)
    if (answer.type !== 'result') throw new MillraceError('internal', `a '${answer.type}' answered a 'get'`)
    const table = new LiveTable()
    table.replace(answer)
    return table as unknown as TableView<R>
  }

  async explain(name: string, key: string, { signal }: AskOptions = {}): Promise<Explained> {
    const answer = await this.#ask({ type: 'explain', id: this.nextId(), feed: name, key }, signal)
    if (answer.type !== 'explained') throw new MillraceError('internal', `a '${answer.type}' answered an 'explain'`)
    const { type: _type, id: _id, ...told } = answer
    return told
  }

  retry(): void {
    this.#connection.retry()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#connection.close()
    for (const feed of this.#feeds) feed.close()
  }

  now(): number {
    return this.clock.now()
  }

  nextId(): number {
    return ++this.#ids
  }

  send(message: ClientMessage): void {
    this.#connection.send(message)
  }

  join(reader: LiveFeed, request: SubscribeRequest, former: Subscription | undefined): Subscription {
    this.#feeds.add(reader)
    return this.#subscriptions.join(reader, request, former)
  }

  leave(reader: LiveFeed, subscription: Subscription): void {
    this.#feeds.delete(reader)
    this.#subscriptions.leave(reader, subscription)
  }

  changed(state: ConnectionState): void {
    if (state.phase !== 'open') this.#subscriptions.lost(state.reason ?? 'disconnected')
    if (state.phase === 'closed') this.#ended(new MillraceError('unavailable', state.reason ?? 'closed'))
    this.#stateListeners.tell(state)
  }

  #ended(error: MillraceError): void {
    this.#requests.refuseAll(error)
    if (!this.#isClosed) for (const feed of this.#feeds) feed.abandon(error)
  }

  welcomed(): void {
    this.#subscriptions.welcomed()
    this.#requests.askAgain()
  }

  renewed(): void {
    this.#subscriptions.renewed()
  }

  unreadable({ feed, type }: { readonly feed: string; readonly type: string }): void {
    this.#subscriptions.unreadable(feed, type)
  }

  received(message: ServerMessage, text: string): void {
    switch (message.type) {
      case 'welcome':
      case 'pong':
      case 'ping':
        return
      case 'tick':
        return this.#subscriptions.openFlush(message.messages)
      case 'beat':
        // Where nothing else was sent for so long, a flush that is still open was never finished.
        return this.#subscriptions.cutFlush()
      case 'feeds':
      case 'result':
      case 'explained':
        return this.#requests.answered(message)
      case 'error':
        return this.#refused(message)
      default:
        return this.#subscriptions.take(message, () => bytesOf(text))
    }
  }

  #refused(message: ErrorMessage): void {
    if (this.#requests.refused(message.id, toError(message))) return
    if (this.#subscriptions.owns(message)) return this.#subscriptions.take(message, () => 0)
    this.#errorListeners.tell(toError(message))
    // Nobody can say which message was not taken, so all are asked again.
    if (message.code === 'rate_limited' && message.id === undefined) this.#connection.reset(message.message)
  }

  #ask(message: Question, signal: AbortSignal | undefined): Promise<Answer> {
    const { phase, reason } = this.state
    if (phase === 'closed') return Promise.reject(new MillraceError('unavailable', reason ?? 'closed'))
    return this.#requests.ask(message, signal)
  }
}
