import { encodeMessage } from '../protocol/codec.ts'
import type { Transport } from './transport.ts'
import type { Window } from './window.ts'

/**
 * Asks a reader how far it has read: by WebSocket pings, which its network stack answers, or, with the feature `ack`, by
 * messages, which its own thread answers.
 */
export class ReadPings {
  readonly #window: Window
  readonly #transport: Transport
  #byMessages = false

  constructor(window: Window, transport: Transport) {
    this.#window = window
    this.#transport = transport
  }

  /** The client switched `ack` on; a ping that is outstanding is answered as it was asked. */
  useMessages(): void {
    this.#byMessages = true
  }

  ask(): void {
    const n = this.#window.ping()
    if (this.#byMessages) this.#transport.send(encodeMessage({ type: 'ping', n }))
    else this.#transport.ping(Buffer.from(String(n), 'latin1'))
  }

  /** The number that a WebSocket pong bears. */
  numberOf(payload: Buffer): number | undefined {
    const text = payload.toString('latin1')
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined
  }

  /** The number of the outstanding ping, where a message is its answer as it is mostly written: found without parsing. */
  answerIn(text: string): number | undefined {
    if (!this.#byMessages || !this.#window.isPinging) return undefined
    const n = /^\{"type":"pong","n":(\d{1,15})\}$/.exec(text)?.[1]
    return n !== undefined && this.#window.isOutstanding(Number(n)) ? Number(n) : undefined
  }
}
