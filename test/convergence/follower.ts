import { WebSocket } from 'ws'
import type { Row } from '../../src/model/row.ts'
import type { DeltaMessage, ServerMessage, SnapshotMessage } from '../../src/protocol/messages.ts'

/** A reader on a real socket that holds one feed by the rules of the protocol, and remembers what came. */
export class Follower {
  readonly socket: WebSocket
  rows = new Map<string, Row>()
  version = 0
  columns: readonly string[] = []
  /** Every data message in order, without its rows. */
  readonly came: { readonly type: 'snapshot' | 'delta'; readonly from: number; readonly to: number }[] = []

  /** Told of every state. */
  shown: (rows: Iterable<Row>) => void = () => undefined

  /** @param url with `?feed=` */
  constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false })
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString('utf8')) as ServerMessage))
  }

  get snapshots(): number {
    return this.came.filter(({ type }) => type === 'snapshot').length
  }

  #take(message: ServerMessage): void {
    if (message.type !== 'snapshot' && message.type !== 'delta') return
    this.came.push({ type: message.type, from: message.type === 'delta' ? message.from : 0, to: message.to })
    if (message.type === 'snapshot') this.#replace(message)
    else this.#apply(message)
    this.columns = message.columns ?? this.columns
    this.version = message.to
    this.shown(this.rows.values())
  }

  #replace({ rows, key }: SnapshotMessage): void {
    this.rows = new Map(rows.map(row => [row[key] as string, row]))
  }

  #apply({ from, set, del }: DeltaMessage): void {
    if (from !== this.version) throw new Error(`a delta from ${from} at ${this.version}`)
    for (const [key, cells] of Object.entries(set ?? {})) this.rows.set(key, { ...this.rows.get(key), ...cells })
    for (const key of del ?? []) this.rows.delete(key)
  }
}
