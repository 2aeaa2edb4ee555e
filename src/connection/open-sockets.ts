import type { WebSocket } from 'ws'
import type { Connection } from './connection.ts'
import type { ConnectionContext } from './context.ts'

type Listener<A extends unknown[]> = (this: WebSocket, ...args: A) => void

/** The limits that `ws` itself sees to, by its error codes. */
const limitOf: Readonly<Record<string, string>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'maxMessage',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'maxFragments',
}

/**
 * The sockets that are open, and whose connection each is. What happens to them is passed on by functions that all of them
 * share: five of its own for each would be a tenth of what an idle connection takes.
 */
export class OpenSockets {
  readonly #connections = new Map<WebSocket, Connection>()
  /** Of the sockets that count by address. */
  readonly #addresses = new Map<WebSocket, string>()
  readonly #counts = new Map<string, number>()
  readonly #message: Listener<[data: Buffer, isBinary: boolean]>
  readonly #ping: Listener<[]>
  readonly #pong: Listener<[payload: Buffer]>
  readonly #error: Listener<[error: Error]>
  readonly #close: Listener<[]>

  constructor({ limited, log }: Pick<ConnectionContext, 'limited' | 'log'>) {
    const connections = this.#connections
    const left = (webSocket: WebSocket): void => this.#left(webSocket)
    this.#message = function (data, isBinary) {
      const connection = connections.get(this)
      if (isBinary) connection?.close(1003)
      else connection?.receive(data.toString('utf8'))
    }
    this.#ping = function () {
      connections.get(this)?.pinged()
    }
    this.#pong = function (payload) {
      connections.get(this)?.ponged(payload)
    }
    // What `ws` ends by itself: a frame against RFC 6455, or one that is too big.
    this.#error = function (error) {
      const limit = 'code' in error ? limitOf[String(error.code)] : undefined
      if (limit !== undefined) limited(limit)
      log.debug({ err: error }, 'a WebSocket failed')
    }
    this.#close = function () {
      const connection = connections.get(this)
      connections.delete(this)
      left(this)
      connection?.ended()
    }
  }

  /** How many are open of an address. */
  countOf(address: string): number {
    return this.#counts.get(address) ?? 0
  }

  get size(): number {
    return this.#connections.size
  }

  /** `address`: whose it is, where that is counted. */
  add(webSocket: WebSocket, connection: Connection, address: string | undefined): void {
    this.#connections.set(webSocket, connection)
    if (address !== undefined) {
      this.#addresses.set(webSocket, address)
      this.#counts.set(address, this.countOf(address) + 1)
    }
    webSocket.on('message', this.#message)
    webSocket.on('ping', this.#ping)
    webSocket.on('pong', this.#pong)
    webSocket.on('error', this.#error)
    webSocket.on('close', this.#close)
  }

  #left(webSocket: WebSocket): void {
    const address = this.#addresses.get(webSocket)
    if (address === undefined) return
    this.#addresses.delete(webSocket)
    const count = this.countOf(address) - 1
    if (count > 0) this.#counts.set(address, count)
    else this.#counts.delete(address)
  }

  [Symbol.iterator](): Iterator<[WebSocket, Connection]> {
    return this.#connections.entries()
  }
}
