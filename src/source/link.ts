import type { Socket } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'

/** Idle connections are kept so long, in ms, unless the upstream says less. */
const keepAliveMs = 60_000

/**
 * One connection to one origin. One client with one connection per source, no pipelining: bytes on a shared connection
 * could be taken for another source's answer, and two hanging requests in a shared pool stop all others.
 * undici's own timeouts are off, because they are coarse and per phase: the caller has one deadline for the whole poll.
 */
export class Link {
  /** A connection is being made, or could not be. */
  connecting = false
  readonly #client: Client
  #socket: Socket | undefined

  /** @param isInsecure any certificate is taken */
  constructor(origin: string, isInsecure: boolean) {
    const connector = buildConnector({ timeout: 0, allowH2: false, ...(isInsecure ? { rejectUnauthorized: false } : {}) })
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: 32_768,
      connect: (options, callback) => {
        this.connecting = true
        const made: unknown = connector(options, (...outcome) => {
          this.connecting = outcome[0] !== null
          callback(...outcome)
        })
        // The connector answers by the callback; it returns the socket all the same, which a client cannot drop while it connects.
        this.#socket = made as Socket | undefined
      },
    })
  }

  async request(options: Dispatcher.RequestOptions, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    // undici looks at a signal only once it is connected: a handshake that never ends would never be aborted.
    const giveUp = (): void => {
      if (this.connecting) this.#socket?.destroy(new Error('given up while connecting'))
    }
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await this.#client.request({ ...options, signal })
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** Drops the connection at once, also one that is still being made. */
  async close(): Promise<void> {
    this.#socket?.destroy()
    await this.#client.destroy()
  }
}
