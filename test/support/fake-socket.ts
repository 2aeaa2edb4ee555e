import type { SocketEvent, WebSocketLike } from '../../src/client/face.ts'
import type { ClientMessage, ServerMessage } from '../../src/protocol/messages.ts'

type Heard = Record<string, unknown> & { readonly type: ClientMessage['type'] }
type Listener = (event: SocketEvent) => void

/** A WebSocket without a network: the test is its server. */
export class FakeSocket implements WebSocketLike {
  readonly url: string
  readonly #sent: Heard[] = []
  readonly #listeners = new Map<string, Set<Listener>>()
  /** Set when the client closed it, or gave it up. */
  closedByClient = false

  constructor(url: string) {
    this.url = url
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener)
  }

  send(text: string): void {
    this.#sent.push(JSON.parse(text) as Heard)
  }

  close(): void {
    this.closedByClient = true
  }

  /** What the client sent since the last call. */
  heard(): Heard[] {
    return this.#sent.splice(0)
  }

  /** A frame as it is. */
  frame(data: unknown): void {
    this.#dispatch({ type: 'message', data })
  }

  say(message: ServerMessage | (Record<string, unknown> & { readonly type: string })): void {
    this.frame(JSON.stringify(message))
  }

  welcome(members: { readonly heartbeat?: number; readonly messagesPerSecond?: number; readonly features?: readonly string[] } = {}): void {
    const { heartbeat = 25_000, messagesPerSecond = 1000, features = [] } = members
    const limits = { feeds: 256, message: 65_536, messagesPerSecond }
    this.say({ type: 'welcome', protocol: 'millrace.v1', server: 'millrace/0.1.0', heartbeat, features, limits })
  }

  /** The server closes it. */
  end(code: number, reason = ''): void {
    this.#dispatch({ type: 'close', code, reason })
  }

  fail(message: string): void {
    this.#dispatch({ type: 'error', message })
    this.end(1006)
  }

  #dispatch(event: SocketEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event)
  }
}

/** All sockets that one client opened, the last one first to hand. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = []
  /** Thrown by the next constructor. */
  fault: Error | undefined
  readonly WebSocket: new (url: string) => FakeSocket

  constructor() {
    const opening = (): void => {
      if (this.fault !== undefined) throw this.fault
    }
    const opened = (socket: FakeSocket): void => void this.sockets.push(socket)
    this.WebSocket = class extends FakeSocket {
      constructor(url: string) {
        opening()
        super(url)
        opened(this)
      }
    }
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('no socket was opened')
    return socket
  }
}
