import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Overload } from '../hub/overload.ts'
import { addressGroup } from '../lib/address-range.ts'
import { refuseOn, type HttpRefusal } from '../lib/http-refusal.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { MillraceError } from '../model/errors.ts'
import { subprotocol } from '../protocol/messages.ts'
import type { Judgement } from './auth.ts'
import { Connection } from './connection.ts'
import type { ConnectionContext, ConnectionFigures } from './context.ts'
import { judgeRequest, type DoorRules } from './door.ts'
import { OpenSockets } from './open-sockets.ts'
import { headerValues } from './trusted-proxies.ts'
import { WebSocketTransport } from './websocket-transport.ts'

export interface WebSocketOptions {
  /** The path of the upgrade, `/ws`. */
  readonly path: string
  readonly door: DoorRules
  readonly maxConnections: number
  /** Undefined: any. Those of this machine count only where there is a trusted proxy, which then brings the others'. */
  readonly maxConnectionsPerAddress: number | undefined
  /** Undefined: any. */
  readonly upgradesPerSecond: number | undefined
  /** Undefined: no load is shed. */
  readonly overload: Overload | undefined
}

/** The most between two closes of a server that stops, in ms. */
const closeStepMs = 10
/** ws accepts versions 8 and 13; this server speaks RFC 6455 alone. */
const webSocketVersion = '13'

/** What `ws` closes by itself bears no reason: whoever meets a limit is told its key. */
class LimitNamingSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    const limit = code === 1009 ? 'maxMessage' : code === 1008 ? 'maxFragments' : undefined
    super.close(code, reason ?? limit)
  }
}

/** A connection, as an operator is told of it. */
export interface Client extends Omit<ConnectionFigures, 'peer' | 'began'> {
  readonly id: number
  /** Whose it is: behind a trusted proxy, not the proxy's. */
  readonly address: string
  /** ms since 1970 UTC. */
  readonly since: number
}

/** Accepts WebSockets, and binds each to a connection. */
export class WebSocketBinding {
  readonly #options: WebSocketOptions
  readonly #context: ConnectionContext
  readonly #server: WebSocketServer
  readonly #open: OpenSockets
  readonly #socketFailed: (error: Error) => void
  readonly #upgrades: TokenBucket | undefined
  readonly #ids = new WeakMap<Connection, number>()
  #lastId = 0
  #closing = false

  constructor(options: WebSocketOptions, context: ConnectionContext) {
    const { upgradesPerSecond } = options
    this.#options = options
    this.#context = context
    this.#open = new OpenSockets(context)
    this.#socketFailed = error => context.log.debug({ err: error }, 'a socket failed during the upgrade')
    this.#upgrades = upgradesPerSecond === undefined ? undefined : new TokenBucket(upgradesPerSecond, upgradesPerSecond, context.clock)
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: LimitNamingSocket,
      clientTracking: false,
      // ws's own compression must never mix with frames that many readers share.
      perMessageDeflate: false,
      maxPayload: context.limits.maxMessageBytes,
      maxFragments: context.limits.maxFragments,
      handleProtocols: offered => (offered.has(subprotocol) ? subprotocol : (offered.values().next().value ?? false)),
    })
    // What is left for `ws` to find: each message is one of its own fixed sentences.
    this.#server.on('wsClientError', (error, socket) => refuseOn(socket, { status: 400, text: error.message }))
  }

  get size(): number {
    return this.#open.size
  }

  /** What is known of every connection. Numbers are given to those that are asked for, so that the others need none. */
  *clients(): Generator<Client> {
    const { clock } = this.#context
    const elapsed = clock.now() - clock.monotonic()
    for (const [, connection] of this.#open) {
      const id = this.#ids.get(connection) ?? ++this.#lastId
      this.#ids.set(connection, id)
      const { peer, began, ...figures } = connection.figures
      yield { id, address: peer, since: Math.round(elapsed + began), ...figures }
    }
  }

  /** For the `upgrade` event of an HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // First of all: a socket may fail at any moment, and without a listener that would end the process.
    socket.on('error', this.#socketFailed)
    const refusal = this.#judge(request)
    if (refusal !== undefined) {
      if (refusal.limit !== undefined) this.#context.limited(refusal.limit)
      return refuseOn(socket, refusal)
    }
    const judged = this.#context.auth?.judge(request) ?? 'silent'
    const accept = (judgement: Judgement): void =>
      this.#server.handleUpgrade(request, socket, head, webSocket => {
        // From here on ws listens itself.
        socket.off('error', this.#socketFailed)
        this.#welcome(webSocket, request, socket as Socket, judgement)
      })
    if (judged instanceof Promise) void judged.then(accept)
    else accept(judged)
  }

  /** The tokens were replaced: every connection has the rights that its own has now. */
  rejudge(): void {
    for (const [, connection] of this.#open) this.#context.auth?.rejudge(connection)
  }

  /** Closes every connection, spread over at most `spreadMs`; each reason tells the client how long to stay away. */
  async close(spreadMs: number): Promise<void> {
    this.#closing = true
    const all = [...this.#open]
    const { clock, random } = this.#context
    // A few readers that come back at once are no storm.
    const stepMs = Math.min(closeStepMs, spreadMs / all.length)
    await Promise.all(
      all.map(
        ([webSocket, connection], i) =>
          new Promise<void>(resolve => {
            webSocket.once('close', () => resolve())
            clock.after(stepMs * i, () => connection.close(1012, `restart retry-after-ms=${Math.round(random() * 1000)}`))
          }),
      ),
    )
  }

  /** Drops every connection at once. */
  terminate(): void {
    for (const [webSocket] of this.#open) webSocket.terminate()
  }

  #judge(request: IncomingMessage): HttpRefusal | undefined {
    const { path, door, maxConnections, maxConnectionsPerAddress, overload, upgradesPerSecond } = this.#options
    const url = request.url ?? '/'
    const refused = judgeRequest(request, door)
    if (refused !== undefined) return refused
    if (request.method !== 'GET') return { status: 405, text: 'a WebSocket begins with GET', headers: { Allow: 'GET' } }
    if (url.split('?', 1)[0] !== path) return { status: 404, text: `WebSockets are served at ${path}` }
    if (request.headers['sec-websocket-version'] !== webSocketVersion)
      return { status: 426, text: 'WebSocket version 13 is needed', headers: { 'Sec-WebSocket-Version': webSocketVersion } }
    if (headerValues(request.rawHeaders, 'sec-websocket-key').length !== 1)
      return { status: 400, text: 'exactly one Sec-WebSocket-Key is needed' }
    if (this.#closing) return { status: 503, text: 'the server is stopping', headers: { 'Retry-After': '1' } }
    if (this.#open.size >= maxConnections) return this.#full('maxConnections', `${maxConnections} reached`, 5)
    const address = this.#countedAddress(request)
    if (address !== undefined && this.#open.countOf(address) >= (maxConnectionsPerAddress ?? Infinity))
      return this.#full('maxConnectionsPerAddress', `${maxConnectionsPerAddress ?? 0} reached`, 5)
    if (overload?.sheds('no new connections') === true) return this.#full(overload.limit, 'the server is overloaded', 5)
    if (this.#upgrades?.take() === false) return this.#full('upgradesPerSecond', `${upgradesPerSecond ?? 0} exceeded`, 1)
    return undefined
  }

  #countedAddress({ socket, rawHeaders }: IncomingMessage): string | undefined {
    const { door, maxConnectionsPerAddress } = this.#options
    if (maxConnectionsPerAddress === undefined) return undefined
    const address = door.proxies.clientOf(socket.remoteAddress ?? '', rawHeaders)
    return door.proxies.areGiven || !isLoopback(address) ? addressGroup(address) : undefined
  }

  #full(limit: string, what: string, retryAfterSeconds: number): HttpRefusal {
    return { status: 503, text: `${limit}: ${what}`, limit, headers: { 'Retry-After': String(retryAfterSeconds) } }
  }

  #welcome(webSocket: WebSocket, request: IncomingMessage, socket: Socket, judgement: Judgement): void {
    const { proxies } = this.#options.door
    const forwarded = proxies.areGiven ? proxies.clientOf(socket.remoteAddress ?? '', request.rawHeaders) : undefined
    const transport = new WebSocketTransport(webSocket, socket, this.#context.clock, forwarded)
    if (webSocket.protocol !== '' && webSocket.protocol !== subprotocol) {
      webSocket.on('error', () => webSocket.terminate())
      transport.close(4406, `the subprotocol is ${subprotocol}`)
      return
    }
    const connection = new Connection(transport, this.#context, typeof judgement === 'string' ? undefined : judgement)
    this.#open.add(webSocket, connection, this.#countedAddress(request))
    // Not by HTTP before the upgrade: a browser's page would not be told why, and its client come back for ever.
    if (judgement === 'unknown') {
      this.#context.log.debug({ address: socket.remoteAddress }, 'a WebSocket came with a token or ticket that is not known')
      connection.close(4401, 'the token or ticket is not known, or has ended')
    } else this.#subscribeByUrl(connection, request.url ?? '')
  }

  #subscribeByUrl(connection: Connection, url: string): void {
    const at = url.indexOf('?')
    const query = new URLSearchParams(at < 0 ? '' : url.slice(at))
    const throttle = query.get('throttle')
    if (throttle !== null && !(Number(throttle) >= 0)) {
      connection.fail(new MillraceError('bad_query', `throttle is a number of ms from 0, not '${throttle.slice(0, 32)}'`))
      return
    }
    connection.subscribeTo(query.getAll('feed'), Number(throttle))
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
