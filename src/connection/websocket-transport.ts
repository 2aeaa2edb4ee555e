import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Clock } from '../lib/clock.ts'
import type { CloseCode } from '../model/errors.ts'
import { joinedFrames, textFrame } from './text-frame.ts'
import type { Transport } from './transport.ts'

/** How long a closing handshake may take before the socket is dropped, in ms. */
const closePatienceMs = 1000

/**
 * Binds a connection to a socket of `ws`. A class, not an object for each: getters of object literals are slow to find
 * once there are many of them.
 */
export class WebSocketTransport implements Transport {
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #forwarded: string | undefined

  /** `forwarded`: whose it is, where a proxy tells. */
  constructor(webSocket: WebSocket, socket: Socket, clock: Clock, forwarded: string | undefined) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#clock = clock
    this.#forwarded = forwarded
  }

  get peer(): string {
    return this.#forwarded ?? this.#socket.remoteAddress ?? ''
  }

  send(payload: Buffer): void {
    this.#write(textFrame(payload))
  }

  sendAll(payloads: readonly Buffer[]): void {
    const joined = joinedFrames(payloads)
    if (joined !== undefined) return this.#write(joined)
    this.#socket.cork()
    for (const payload of payloads) this.#write(textFrame(payload))
    this.#socket.uncork()
  }

  ping(payload: Buffer): void {
    this.#webSocket.ping(payload)
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  close(code: CloseCode, reason: string): void {
    this.#webSocket.close(code, reason)
    const cancel = this.#clock.after(closePatienceMs, () => this.#webSocket.terminate())
    this.#webSocket.once('close', cancel)
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  /**
   * Past ws, which would write header and payload apart to each reader. Nothing of its own can stand between: without
   * compression it hands every frame to the socket at once.
   */
  #write(frames: Buffer): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#socket.write(frames)
  }
}
