import { WebSocket } from 'ws'
import type { Row } from '../../src/model/row.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'

/** A reader on a real socket that holds several feeds by the rules of the protocol, and knows when they are of one tick. */
export class TableReader {
  readonly socket: WebSocket
  readonly tables = new Map<string, Map<string, Row>>()
  readonly #feeds: readonly string[]
  #versions = new Map<string, number>()
  /** Messages to come of the flush that is open. */
  #left = 0
  #hasBegun = false
  readonly #together: () => void

  /**
   * @param together told each time that all feeds are of one tick: at the end of each flush and of each message that is none of one,
   * once a flush brought all of them
   */
  constructor(url: string, feeds: readonly string[], throttleMs: number | undefined, together: (tables: TableReader['tables']) => void) {
    this.#feeds = feeds
    this.#together = () => together(this.tables)
    this.socket = new WebSocket(url, { perMessageDeflate: false })
    this.socket.on('error', () => undefined)
    this.socket.on('open', () => {
      for (const [id, feed] of feeds.entries())
        this.socket.send(
          JSON.stringify({ type: 'subscribe', id: id + 1, feed, ...(throttleMs === undefined ? {} : { throttle: throttleMs }) }),
        )
    })
    this.socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString('utf8')) as ServerMessage))
  }

  #take(message: ServerMessage): void {
    if (message.type === 'tick') {
      this.#left = message.messages
      this.#hasBegun ||= message.messages === this.#feeds.length && this.tables.size === this.#feeds.length
      return
    }
    if (message.type !== 'snapshot' && message.type !== 'delta') return
    if (message.type === 'snapshot') {
      this.tables.set(message.feed, new Map(message.rows.map(row => [String(row[message.key] as string | number), row])))
    } else {
      const table = this.tables.get(message.feed)
      if (table === undefined || message.from !== this.#versions.get(message.feed)) throw new Error(`a delta that does not fit`)
      for (const [key, cells] of Object.entries(message.set ?? {})) table.set(key, { ...table.get(key), ...cells })
      for (const key of message.del ?? []) table.delete(key)
    }
    this.#versions.set(message.feed, message.to)
    if (this.#left > 0) this.#left--
    if (this.#hasBegun && this.#left === 0) this.#together()
  }
}
