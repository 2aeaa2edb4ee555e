import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MovingUpstreamOptions {
  /** Default 50. */
  readonly rows?: number
  /** Rows that change with each answer; default 4: their delta is a message of about 200 bytes. */
  readonly changedAtOnce?: number
  /** Bytes of text in each row, of which half change with it; default 0. */
  readonly text?: number
}

/** A market over HTTP that stands still until it is told to move; then every answer is another one. */
export class MovingUpstream {
  readonly #server: Server
  readonly #symbols: readonly string[]
  readonly #rows: Map<string, { readonly price: number; readonly text: string }>
  readonly #changedAtOnce: number
  readonly #text: number
  #next = 0
  isMoving = false
  answers = 0

  private constructor({ rows = 50, changedAtOnce = 4, text = 0 }: MovingUpstreamOptions) {
    this.#symbols = Array.from({ length: rows }, (_, i) => `SYM${String(i).padStart(2, '0')}`)
    this.#rows = new Map(this.#symbols.map(symbol => [symbol, { price: 100, text: 'x'.repeat(text) }]))
    this.#changedAtOnce = changedAtOnce
    this.#text = text
    this.#server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(this.#answer())
    })
  }

  static async start(options: MovingUpstreamOptions = {}): Promise<MovingUpstream> {
    const upstream = new MovingUpstream(options)
    await new Promise<void>(resolve => upstream.#server.listen(0, '127.0.0.1', resolve))
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(): string {
    this.answers++
    for (let i = 0; this.isMoving && i < this.#changedAtOnce; i++) {
      const symbol = this.#symbols[this.#next++ % this.#symbols.length] ?? ''
      this.#rows.set(symbol, { price: 100 + (this.#next % 997) / 10, text: `${this.#next}`.padStart(this.#text, 'x').slice(0, this.#text) })
    }
    const text = this.#text > 0
    return JSON.stringify(
      Array.from(this.#rows, ([symbol, row]) => ({ symbol, price: row.price, currency: 'EUR', ...(text ? { text: row.text } : {}) })),
    )
  }
}
