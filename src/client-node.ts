import { WebSocket, type ClientOptions } from 'ws'
import { connect as connectWith, type ConnectOptions, type FeedRows, type Millrace } from './client/client.ts'

export { MillraceError } from './client/client.ts'
export type {
  AskOptions,
  Cell,
  Change,
  ConnectionPhase,
  ConnectionState,
  ConnectOptions,
  ErrorCode,
  ErrorDetail,
  Feed,
  FeedDescriptor,
  FeedFreshness,
  FeedQuery,
  FeedRows,
  FeedStats,
  Millrace,
  Query,
  Row,
  SocketEvent,
  TableView,
  TokenSource,
  Unsubscribe,
  UpdateInfo,
  WebSocketConstructor,
  WebSocketLike,
} from './client/client.ts'

/**
 * Data is small and often; what the server does not negotiate need not be offered. A server that does not answer a
 * close keeps the process for a second, not for half a minute.
 */
const options: ClientOptions & { readonly closeTimeout: number } = { perMessageDeflate: false, closeTimeout: 1000 }

class NodeWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols, options)
  }
}

/** `connect` of the SDK for Node, which has no WebSocket of its own before 22: brings that of `ws`. */
export function connect<C = unknown>(url: string, given: ConnectOptions = {}): Millrace<FeedRows<C>> {
  return connectWith<C>(url, { ...given, WebSocket: given.WebSocket ?? NodeWebSocket })
}
