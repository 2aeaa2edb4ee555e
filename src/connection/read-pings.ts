import { encodeMessage } from '../protocol/codec.ts'
import { parseObject } from './inbound.ts'
import type { Transport } from './transport.ts'
import type { Window } from './window.ts'

/** UTF-16 units of the longest message that is looked at for an answer. */
const longestAnswer = 256

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

  /** The number of the outstanding ping, where a message is its answer, however it is spelled: that one is free of limits. */
  answerIn(text: string): number | undefined {
    if (!this.#byMessages || !this.#window.isPinging || text.length > longestAnswer || !text.includes('"pong"')) return undefined
    const { type, n } = parseObject(text) ?? {}
    return type === 'pong' && typeof n === 'number' && this.#window.isOutstanding(n) ? n : undefined
  }
}
