import type { Transport } from '../../src/connection/transport.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'

type Typed<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

/** A socket without a network: keeps what was sent, and how it ended. */
export class FakeTransport implements Transport {
  peer = '192.0.2.1'
  readonly pings: string[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  terminated = false
  paused = false
  /** Frames written in one go. */
  readonly writes: number[] = []
  readonly #sent: ServerMessage[] = []

  send(frame: Buffer): void {
    this.#sent.push(JSON.parse(frame.toString('utf8')) as ServerMessage)
    this.writes.push(1)
  }

  sendAll(frames: readonly Buffer[]): void {
    for (const frame of frames) this.#sent.push(JSON.parse(frame.toString('utf8')) as ServerMessage)
    this.writes.push(frames.length)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  ping(payload: Buffer): void {
    this.pings.push(payload.toString('latin1'))
  }

  /** The payload of the last ping, for answering it. */
  get lastPing(): Buffer {
    return Buffer.from(this.pings.at(-1) ?? '')
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason }
  }

  terminate(): void {
    this.terminated = true
  }

  /** What was sent since the last call. */
  take(): ServerMessage[] {
    return this.#sent.splice(0)
  }

  /** The one message that was sent since the last call. */
  only<T extends ServerMessage['type']>(type: T): Typed<T> {
    const [message, ...others] = this.take()
    if (message?.type !== type || others.length > 0)
      throw new Error(`expected one ${type}, was sent ${JSON.stringify([message, ...others])}`)
    return message as Typed<T>
  }
}
