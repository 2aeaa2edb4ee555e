import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { refusalHeaders, refuseOn, type HttpRefusal } from '../lib/http-refusal.ts'
import { formatDuration, formatSize } from '../lib/unit.ts'

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
  judge(request: IncomingMessage): HttpRefusal | undefined
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
      answering.add(request.socket)
      response.once('close', () => answering.delete(request.socket))
      if (refusal === undefined) return void handlers.answer(request, response)
      if (refusal.limit !== undefined) handlers.limited(refusal.limit)
      response.writeHead(refusal.status, refusalHeaders(refusal)).end(refusal.text)
    },
  )
  /** Those that are in the midst of an answer, which nothing may be written into. */
  const answering = new WeakSet<Duplex>()
  // Node drops what is over its own limit without a word, an Origin too: they are counted by `judge`.
  server.maxHeadersCount = 0
  server.maxConnections = limits.maxConnections + spareConnections
  server.timeout = idleMs
  server.on('drop', () => handlers.limited('maxConnections'))
  // An expectation may be ignored (RFC 9110 10.1.1); Node would refuse it with nothing to guard the answer.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = unread(error.code, limits)
    if (refusal.limit !== undefined) handlers.limited(refusal.limit)
    if (socket.writable && !answering.has(socket)) refuseOn(socket, refusal)
    else socket.destroy()
  })
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') handlers.upgrade(request, socket, head)
    else answerPlainly(server, request, socket)
  })
  return server
}

const noRequest: HttpRefusal = { status: 400, text: 'this is no HTTP request' }

/** The answer to a request whose path makes no URL. */
export function unreadable(): Response {
  return new Response(noRequest.text, { status: noRequest.status, headers: refusalHeaders(noRequest) })
}

/** Why a request could not be read to its end. */
function unread(code: string | undefined, { maxHeaderBytes, upgradeTimeoutMs }: HttpServerLimits): HttpRefusal {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, text: `maxHeader: ${formatSize(maxHeaderBytes)} exceeded`, limit: 'maxHeader' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: 408, text: `upgradeTimeout: ${formatDuration(upgradeTimeoutMs)} exceeded`, limit: 'upgradeTimeout' }
  return noRequest
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
