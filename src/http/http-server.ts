import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Limits of a plain HTTP server. Defaults: configuration.md, `limits`. */
export interface HttpServerLimits {
  readonly maxHeaderBytes: number
  /** From a connection to a complete request. */
  readonly upgradeTimeoutMs: number
  readonly maxConnections: number
}

/** What is done with requests. */
export interface HttpHandlers {
  /** Judges a request before anything else is done for it; undefined: it may pass. */
  judge(request: IncomingMessage): { readonly status: number; readonly text: string } | undefined
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Takes a WebSocket's socket over. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Told of every limit met, by its key. */
  limited(key: string): void
}

/** Sockets beside those of `maxConnections`: for whoever is to be told that there are too many, and for pages. */
const spareConnections = 256
/** A peer that takes and sends nothing for so long is gone. */
const idleMs = 30_000

/** The server that every request comes in by; one that asks for another protocol than WebSocket is answered in this one. */
export function createHttpServer(limits: HttpServerLimits, handlers: HttpHandlers): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.upgradeTimeoutMs,
      requestTimeout: 2 * limits.upgradeTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const refusal = handlers.judge(request)
      if (refusal === undefined) void handlers.answer(request, response)
      else response.writeHead(refusal.status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(refusal.text)
    },
  )
  // Node drops what is over its own limit without a word, an Origin too: they are counted by `judge`.
  server.maxHeadersCount = 0
  server.maxConnections = limits.maxConnections + spareConnections
  server.timeout = idleMs
  server.on('drop', () => handlers.limited('maxConnections'))
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') handlers.upgrade(request, socket, head)
    else answerPlainly(server, request, socket)
  })
  return server
}

/** A server may ignore an Upgrade it has no use for (RFC 9110 7.8), such as the `h2c` of curl and Java. */
function answerPlainly(server: Server, request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  request.socket.setTimeout(idleMs, () => socket.destroy())
  const response = new ServerResponse(request)
  // Node has taken its parser off: nothing more can be read from this socket.
  response.shouldKeepAlive = false
  response.assignSocket(request.socket)
  response.once('finish', () => {
    response.detachSocket(request.socket)
    socket.end(() => socket.destroy())
  })
  server.emit('request', request, response)
}
