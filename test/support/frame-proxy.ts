import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

/** Messages of the server's in front of the client: what it returns is what the client gets instead. */
export type Tamper = (message: string) => readonly string[]

/** A WebSocket proxy that does to messages what TCP never does, and bugs do: drops, repeats, reorders and alters them. */
export class FrameProxy {
  readonly #server: Server
  readonly #webSockets: WebSocketServer
  readonly #ends = new Set<WebSocket>()
  tamper: Tamper = message => [message]

  private constructor(target: string) {
    this.#server = createServer()
    this.#webSockets = new WebSocketServer({ server: this.#server, perMessageDeflate: false })
    this.#webSockets.on('connection', client => this.#accept(client, target))
  }

  /** @param target `ws://host:port/ws` */
  static async start(target: string): Promise<FrameProxy> {
    const proxy = new FrameProxy(target)
    await new Promise<void>(resolve => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ws`
  }

  close(): void {
    for (const end of this.#ends) end.terminate()
    this.#webSockets.close()
    this.#server.close()
  }

  #accept(client: WebSocket, target: string): void {
    const server = new WebSocket(target, { perMessageDeflate: false })
    const early: string[] = []
    for (const end of [client, server]) {
      this.#ends.add(end)
      end.on('error', () => end.terminate())
      end.on('close', () => {
        client.terminate()
        server.terminate()
      })
    }
    client.on('message', (data: Buffer) => {
      if (server.readyState === WebSocket.OPEN) server.send(data.toString('utf8'))
      else early.push(data.toString('utf8'))
    })
    server.on('open', () => {
      for (const message of early) server.send(message)
    })
    server.on('message', (data: Buffer) => {
      for (const message of this.tamper(data.toString('utf8'))) client.send(message)
    })
  }
}
