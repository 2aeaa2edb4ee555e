import type { ErrorCode, ErrorDetail } from '../model/errors.ts'
import type { Freshness } from '../model/freshness.ts'
import type { ColumnHint } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import type { Kind } from '../model/table.ts'
import type { Since } from '../model/position.ts'

/** The contract on the wire, `millrace.v1`; PROTOCOL.md beside this file is its document. No package is imported here. */
export const subprotocol = 'millrace.v1'

/** Chosen by the client, echoed in the answer: an integer, or a string of 1 to 64 characters. */
export type RequestId = number | string

/** The members that make a view of a feed. */
export interface Query {
  readonly where?: string
  readonly fields?: readonly string[]
  readonly order?: readonly string[]
  readonly limit?: number
  readonly params?: Readonly<Record<string, string | number | boolean>>
}

export interface HelloMessage {
  readonly type: 'hello'
  readonly id?: RequestId
  readonly token?: string
  readonly client?: string
  readonly features?: readonly string[]
}
export interface SubscribeMessage extends Query {
  readonly type: 'subscribe'
  readonly id?: RequestId
  readonly feed: string
  /** Least ms between deltas. */
  readonly throttle?: number
  readonly since?: Since
}
export interface UnsubscribeMessage {
  readonly type: 'unsubscribe'
  readonly id?: RequestId
  readonly feed: string
}
export interface GetMessage extends Query {
  readonly type: 'get'
  readonly id: RequestId
  readonly feed: string
}
export interface ListMessage {
  readonly type: 'list'
  readonly id?: RequestId
  /** Also the server's own feeds, whose names begin with `$`. */
  readonly own?: boolean
}
export interface ExplainMessage {
  readonly type: 'explain'
  readonly id: RequestId
  readonly feed: string
  /** Of a row of the feed. */
  readonly key: string
}
export interface ResyncMessage {
  readonly type: 'resync'
  readonly id?: RequestId
  readonly feed: string
  readonly reason?: 'gap' | 'checksum' | 'apply'
}
export interface PingMessage {
  readonly type: 'ping'
  readonly id?: RequestId
}
/** The answer to a `ping` of the server's: everything before it has been read. Only with the feature `ack`. */
export interface ReadPongMessage {
  readonly type: 'pong'
  readonly n: number
}
export type ClientMessage =
  | HelloMessage
  | SubscribeMessage
  | UnsubscribeMessage
  | GetMessage
  | ListMessage
  | ExplainMessage
  | ResyncMessage
  | PingMessage
  | ReadPongMessage

/** What `welcome` offers and `hello` switches on. `ack`: the server asks by messages how far the client has read. */
export const features = ['ack'] as const

export interface WelcomeMessage {
  readonly type: 'welcome'
  readonly id?: RequestId
  readonly protocol: typeof subprotocol
  readonly server: string
  /** ms between two pings. */
  readonly heartbeat: number
  readonly features: readonly string[]
  readonly limits: { readonly feeds: number; readonly message: number; readonly messagesPerSecond: number }
  /** Only where a `hello` with a token is wanted before anything else. */
  readonly auth?: 'required'
}
export interface SubscribedMessage {
  readonly type: 'subscribed'
  readonly id?: RequestId
  /** The canonical address: data messages carry it. */
  readonly feed: string
  readonly epoch: string
  readonly version: number
  readonly resumed: boolean
  readonly throttle: number
}
export interface SnapshotMembers {
  readonly feed: string
  readonly kind: Kind
  readonly key: string
  readonly columns: readonly string[]
  readonly order: readonly string[]
  readonly epoch: string
  readonly to: number
  readonly tick: number
  /** When the server published, ms since 1970 UTC. */
  readonly at: number
  readonly rows: readonly Row[]
}
export interface SnapshotMessage extends SnapshotMembers {
  readonly type: 'snapshot'
}
export interface ResultMessage extends SnapshotMembers {
  readonly type: 'result'
  readonly id: RequestId
}
export interface DeltaMessage {
  readonly type: 'delta'
  readonly feed: string
  readonly from: number
  readonly to: number
  readonly tick: number
  readonly at: number
  readonly set?: Readonly<Record<string, Row>>
  readonly del?: readonly string[]
  /** The whole list; in every delta whose `from` is older than the last growth. */
  readonly columns?: readonly string[]
}
export interface TickMessage {
  readonly type: 'tick'
  readonly tick: number
  readonly throttle: number
  /** How many of the data messages that follow belong together; 2 or more. */
  readonly messages: number
}
export interface StatusMessage extends Freshness {
  readonly type: 'status'
  readonly feed: string
}
export interface CheckMessage {
  readonly type: 'check'
  readonly feed: string
  readonly version: number
  readonly count: number
  readonly sum: string
}
export interface ErrorMessage {
  readonly type: 'error'
  readonly id?: RequestId
  readonly feed?: string
  readonly code: ErrorCode
  readonly message: string
  readonly retry: boolean
  readonly details?: readonly ErrorDetail[]
}
export interface UnsubscribedMessage {
  readonly type: 'unsubscribed'
  readonly id?: RequestId
  readonly feed: string
  /** Set when the server ended it. */
  readonly code?: ErrorCode
}
export interface BeatMessage {
  readonly type: 'beat'
  readonly at: number
}
export interface PongMessage {
  readonly type: 'pong'
  readonly id?: RequestId
  readonly at: number
}
/** Asks how far the client has read: see ReadPongMessage. */
export interface ReadPingMessage {
  readonly type: 'ping'
  readonly n: number
}
export type ColumnType = 'number' | 'string' | 'boolean' | 'time' | 'json'
export interface FeedDescriptor {
  readonly feed: string
  readonly kind: Kind
  readonly key: string
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[]
  /** How columns are shown to people, by name, where the config says so; also of columns that are not there yet. */
  readonly hints?: Readonly<Record<string, ColumnHint>>
  readonly order: readonly string[]
  readonly params?: Readonly<Record<string, unknown>>
  readonly description?: string
  readonly state: Freshness['state']
}
export interface FeedsMessage {
  readonly type: 'feeds'
  readonly id?: RequestId
  readonly feeds: readonly FeedDescriptor[]
}
/** The last poll of a source. */
export interface PollTold {
  readonly source: string
  /** What is asked, without path, query and secrets. */
  readonly origin: string
  readonly at?: number
  readonly outcome?: 'changed' | 'unchanged' | 'failed'
  readonly status?: number
  readonly duration?: number
  readonly bytes?: number
  readonly reason?: string
}
export interface ExplainedMessage {
  readonly type: 'explained'
  readonly id: RequestId
  readonly feed: string
  readonly key: string
  /** The rows that it is made of, by feed. */
  readonly inputs: readonly { readonly feed: string; readonly keys: readonly string[] }[]
  /** Only where there are more rows than `inputs` tells of. */
  readonly more?: true
  /** From when to when its windows look. */
  readonly windows: readonly { readonly from: number; readonly to: number }[]
  readonly polls: readonly PollTold[]
}
export type ServerMessage =
  | WelcomeMessage
  | SubscribedMessage
  | SnapshotMessage
  | ResultMessage
  | DeltaMessage
  | TickMessage
  | StatusMessage
  | CheckMessage
  | ErrorMessage
  | UnsubscribedMessage
  | BeatMessage
  | PongMessage
  | ReadPingMessage
  | FeedsMessage
  | ExplainedMessage
