import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const symbols = Array.from({ length: 50 }, (_, i) => `SYM${String(i).padStart(2, '0')}`)
/** Rows that change with each answer: their delta is a message of about 200 bytes. */
const changedAtOnce = 4

/** A market over HTTP that stands still until it is told to move; then every answer is another one. */
export class MovingUpstream {
  readonly #server: Server
  readonly #prices = new Map(symbols.map(symbol => [symbol, 100]))
  #next = 0
  isMoving = false
  answers = 0

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<MovingUpstream> {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(upstream.#answer())
    })
    const upstream = new MovingUpstream(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
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
    for (let i = 0; this.isMoving && i < changedAtOnce; i++) {
      const symbol = symbols[this.#next++ % symbols.length] ?? ''
      this.#prices.set(symbol, 100 + (this.#next % 997) / 10)
    }
    return JSON.stringify([...this.#prices].map(([symbol, price]) => ({ symbol, price, currency: 'EUR' })))
  }
}
