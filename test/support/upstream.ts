import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { brotliCompressSync, constants, createGzip, gzipSync } from 'node:zlib'

/** What came in, as it came. */
export interface Received {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** How one request is treated. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

/** An HTTP server on a loopback port that does as it is told, and counts. The last behaviour told repeats. */
export class Upstream {
  readonly url: string
  readonly requests: Received[] = []
  /** Connections accepted so far. */
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #script: Behaviour[]

  private constructor(server: Server, script: Behaviour[]) {
    const { port } = server.address() as AddressInfo
    this.url = `http://127.0.0.1:${port}/`
    this.#server = server
    this.#script = script
    server.on('connection', socket => this.#connected(socket))
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  static async start(...script: Behaviour[]): Promise<Upstream> {
    const server = createServer({ keepAliveTimeout: 60_000 })
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return new Upstream(server, script)
  }

  /** From now on. */
  script(...script: Behaviour[]): void {
    this.#script = script
  }

  /** Requests so far. */
  get count(): number {
    return this.requests.length
  }
  get last(): Received | undefined {
    return this.requests.at(-1)
  }
  get openConnections(): number {
    return this.#sockets.size
  }
  /** Bytes sent on connections that are still open. */
  get bytesWritten(): number {
    return [...this.#sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0)
  }

  /** Drops every connection, as a restart does. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Listens again, at the address that it had before it was closed. */
  async reopen(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#server.listen(Number(new URL(this.url).port), '127.0.0.1', resolve)
    })
  }

  async close(): Promise<void> {
    this.dropConnections()
    await new Promise<void>(resolve => {
      this.#server.close(() => resolve())
    })
  }

  #connected(socket: Socket): void {
    this.connections++
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    request.on('error', () => request.destroy())
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    this.requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() })
    const behaviour = this.#script.length > 1 ? this.#script.shift() : this.#script[0]
    if (behaviour === undefined) status(500)(request, response)
    else behaviour(request, response)
  }
}

type Headers = Readonly<Record<string, string>>

/** A whole body, with Content-Length. */
export function body(content: string | Buffer, headers: Headers = {}, code = 200): Behaviour {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content), ...headers }).end(content)
  }
}

export function json(value: unknown, headers: Headers = {}): Behaviour {
  return body(JSON.stringify(value), headers)
}

/** With its ETag; 304 to whoever has it. */
export function etagged(value: unknown, etag: string): Behaviour {
  return (request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else json(value, { etag })(request, response)
  }
}

export function status(code: number, headers: Headers = {}): Behaviour {
  return (_request, response) => response.writeHead(code, headers).end('')
}

export function redirect(location: string, code = 302): Behaviour {
  return status(code, { location })
}

/** An error page that says 200. */
export const html: Behaviour = body('<!doctype html><title>Sorry</title><p>Down for maintenance', { 'content-type': 'text/html' })

/** Its best takes seconds. */
const quickly = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }

export function compressed(value: unknown, coding: 'gzip' | 'br'): Behaviour {
  const text = JSON.stringify(value)
  return body(coding === 'gzip' ? gzipSync(text) : brotliCompressSync(text, quickly), { 'content-encoding': coding })
}

/** Bytes as they are, on the socket itself. */
export function raw(...parts: readonly (string | Buffer)[]): Behaviour {
  return request => {
    for (const part of parts) request.socket.write(part)
  }
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

export const hangBeforeHeaders: Behaviour = () => undefined
export const hangMidHeaders: Behaviour = raw(head)
export const hangMidBody: Behaviour = raw(`${head}content-length: 100\r\n\r\n[{"id":`)

/** One byte every few ms, for ever. */
export function drip(everyMs = 5): Behaviour {
  return request => {
    request.socket.write(`${head}transfer-encoding: chunked\r\n\r\n`)
    const timer = setInterval(() => request.socket.write('1\r\n \r\n'), everyMs)
    request.socket.on('close', () => clearInterval(timer))
  }
}

function reset(...sent: readonly string[]): Behaviour {
  return request => {
    const { socket } = request
    if (sent.length === 0) socket.resetAndDestroy()
    else socket.write(sent.join(''), () => setTimeout(() => socket.resetAndDestroy(), 5))
  }
}

export const resetBeforeHeaders: Behaviour = reset()
export const resetMidHeaders: Behaviour = reset(head)
export const resetMidBody: Behaviour = reset(`${head}content-length: 100\r\n\r\n[{"id":`)

/** Ends in order, but short of its Content-Length. */
export const truncatedBody: Behaviour = request => request.socket.end(`${head}content-length: 100\r\n\r\n[{"id":1}]`)
/** Ends in order, but before the last chunk. */
export const truncatedChunks: Behaviour = request => request.socket.end(`${head}transfer-encoding: chunked\r\n\r\na\r\n[{"id":1}]\r\n`)
export const wrongChunking: Behaviour = raw(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n[{"id":1}]\r\n0\r\n\r\n`)
export const notHttp: Behaviour = raw('SSH-2.0-OpenSSH_9.2\r\n')
export const truncatedJson: Behaviour = body('{"data":{"stations":[{"id":1,"name":"a"},{"id":2,"na')

export function nested(levels: number): Behaviour {
  return body('['.repeat(levels) + ']'.repeat(levels))
}

/** A JSON array of about so many bytes, sent without Content-Length. */
export function big(bytes: number): Behaviour {
  return (_request, response) => {
    const chunk = Buffer.from('"0123456789abcdef",'.repeat(3000))
    response.writeHead(200, { 'content-type': 'application/json' }).write('[')
    let left = bytes
    const more = (): void => {
      while (left > 0) {
        left -= chunk.length
        if (!response.write(chunk)) return
      }
      response.end('0]')
    }
    response.on('drain', more)
    more()
  }
}

export const endless: Behaviour = big(Number.MAX_SAFE_INTEGER)

/** Spaces: `decodedBytes` of them in about a thousandth of it on the wire. */
export function gzipBomb(decodedBytes: number): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    const gzip = createGzip()
    gzip.pipe(response)
    response.on('close', () => gzip.destroy())
    const chunk = Buffer.alloc(1 << 20, ' ')
    let left = decodedBytes
    const more = (): void => {
      while (left > 0 && !gzip.destroyed) {
        left -= chunk.length
        if (!gzip.write(chunk)) return
      }
      if (!gzip.destroyed) gzip.end()
    }
    gzip.on('drain', more)
    more()
  }
}

export function brotliBomb(decodedBytes: number): Behaviour {
  return body(brotliCompressSync(Buffer.alloc(decodedBytes, ' '), quickly), { 'content-encoding': 'br' })
}
