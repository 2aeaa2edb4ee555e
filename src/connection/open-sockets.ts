import type { WebSocket } from 'ws'
import type { Connection, ConnectionContext } from './connection.ts'

type Listener<A extends unknown[]> = (this: WebSocket, ...args: A) => void

/**
 * The sockets that are open, and whose connection each is. What happens to them is passed on by functions that all of them
 * share: five of its own for each would be a tenth of what an idle connection takes.
 */
export class OpenSockets {
  readonly #connections = new Map<WebSocket, Connection>()
  readonly #message: Listener<[data: Buffer, isBinary: boolean]>
  readonly #ping: Listener<[]>
  readonly #pong: Listener<[payload: Buffer]>
  readonly #error: Listener<[error: Error]>
  readonly #close: Listener<[]>

  constructor({ limited, log }: Pick<ConnectionContext, 'limited' | 'log'>) {
    const connections = this.#connections
    this.#message = function (data, isBinary) {
      const connection = connections.get(this)
      if (isBinary) connection?.binary()
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
      if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') limited('maxMessage')
      log.debug({ err: error }, 'a WebSocket failed')
    }
    this.#close = function () {
      const connection = connections.get(this)
      connections.delete(this)
      connection?.ended()
    }
  }

  get size(): number {
    return this.#connections.size
  }

  add(webSocket: WebSocket, connection: Connection): void {
    this.#connections.set(webSocket, connection)
    webSocket.on('message', this.#message)
    webSocket.on('ping', this.#ping)
    webSocket.on('pong', this.#pong)
    webSocket.on('error', this.#error)
    webSocket.on('close', this.#close)
  }

  [Symbol.iterator](): Iterator<[WebSocket, Connection]> {
    return this.#connections.entries()
  }
}
