import { WebSocket } from 'ws'
import { connect as connectWith, type ConnectOptions, type Millrace } from './client/client.ts'

export { MillraceError } from './client/client.ts'
export type {
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
  FeedStats,
  Millrace,
  Query,
  Row,
  SocketEvent,
  TableView,
  Unsubscribe,
  UpdateInfo,
  WebSocketConstructor,
  WebSocketLike,
} from './client/client.ts'

/** Data is small and often; what the server does not negotiate need not be offered. */
class NodeWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols, { perMessageDeflate: false })
  }
}

/** `connect` of the SDK for Node, which has no WebSocket of its own before 22: brings that of `ws`. */
export function connect(url: string, options: ConnectOptions = {}): Millrace {
  return connectWith(url, { WebSocket: NodeWebSocket, ...options })
}
