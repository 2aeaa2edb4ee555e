import { WebSocket } from 'ws'
import type { ServerMessage } from '../../src/protocol/messages.ts'

type Typed<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

/** A client on a real socket that takes frames as they come. */
export class RawReader {
  readonly socket: WebSocket
  readonly messages: ServerMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  #wake: (() => void)[] = []

  constructor(url: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
    this.socket = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} })
    this.closed = new Promise(resolve => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString('utf8')) as ServerMessage)
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  async open(): Promise<this> {
    await this.next('welcome')
    return this
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The next message of a type that fits, taken out together with all before it. */
  async next<T extends ServerMessage['type']>(type: T, fits: (message: Typed<T>) => boolean = () => true): Promise<Typed<T>> {
    for (;;) {
      const at = this.messages.findIndex(message => message.type === type && fits(message as Typed<T>))
      if (at >= 0) return this.messages.splice(0, at + 1).at(-1) as Typed<T>
      await new Promise<void>(resolve => {
        this.#wake.push(resolve)
      })
    }
  }
}
