import { newEpoch } from '../../src/model/position.ts'
import { Store } from '../../src/model/store.ts'
import type { Table } from '../../src/model/table.ts'
import { encodeDelta, encodeSnapshot } from '../../src/protocol/codec.ts'
import type { FakeSocket } from './fake-socket.ts'
import { printTable } from './table-history.ts'

interface Served {
  store: Store
  epoch: string
  /** The version last written to the connection, as the server believes; undefined: not subscribed. */
  sent: number | undefined
}

/** What happens to what a server writes. */
export type Fate = 'send' | 'hold' | 'lose'

/**
 * A server of a few feeds as the protocol has it, over a socket that may lose what it writes. Remembers every table it
 * ever had, as text by feed and position.
 */
export class ModelServer {
  readonly truths = new Map<string, string>()
  readonly #feeds = new Map<string, Served>()
  readonly #old: string[] = []
  #version = 0
  #tick = 0
  #epoch = newEpoch(0, () => 0)
  socket: FakeSocket

  constructor(socket: FakeSocket) {
    this.socket = socket
  }

  /** A tick: what is given becomes the table of its feed; then all that is due is written as one flush. */
  tick(tables: Readonly<Record<string, Table>>, fate: Fate): void {
    this.#tick++
    for (const [feed, table] of Object.entries(tables)) this.#commit(feed, table)
    if (fate !== 'hold') this.#flush(fate)
  }

  #commit(feed: string, table: Table): void {
    const served = this.#feeds.get(feed) ?? { store: new Store(), epoch: this.#epoch, sent: undefined }
    this.#feeds.set(feed, served)
    served.store.commit(++this.#version, { table, changes: 'all' }, 0)
    this.truths.set(`${feed} ${served.epoch} ${served.store.version}`, printTable(served.store.table()))
  }

  #flush(fate: Fate): void {
    const due = [...this.#feeds].filter(([, { store, sent }]) => sent !== undefined && sent !== store.version)
    if (due.length > 1 && fate === 'send') this.socket.say({ type: 'tick', tick: this.#tick, throttle: 0, messages: due.length })
    for (const [feed, served] of due) this.#bring(feed, served, fate)
  }

  #bring(feed: string, served: Served, fate: Fate): void {
    const { store, sent = 0 } = served
    const delta = store.deltaSince(sent)
    const frame = delta === undefined ? this.#snapshot(feed, served) : encodeDelta(delta, sent, store, this.#stamp(feed))
    served.sent = store.version
    if (delta !== undefined) this.#old.push(frame.toString())
    if (fate === 'send') this.socket.frame(frame.toString())
  }

  #stamp(feed: string) {
    return { feed, tick: this.#tick, at: this.#tick }
  }

  #snapshot(feed: string, { store, epoch }: Served): Buffer {
    return encodeSnapshot(store, epoch, this.#stamp(feed))
  }

  /** A snapshot that nobody asked for. */
  snapshots(): void {
    for (const [feed, served] of this.#feeds) if (served.sent !== undefined) this.#sendSnapshot(feed, served)
  }

  #sendSnapshot(feed: string, served: Served): void {
    served.sent = served.store.version
    this.socket.frame(this.#snapshot(feed, served).toString())
  }

  /** Continuity is lost: the same tables under a new epoch, counted from above. */
  restart(): void {
    this.#epoch = newEpoch(0, () => 0, this.#epoch)
    for (const [feed, served] of this.#feeds) {
      const table = served.store.table()
      served.store = new Store()
      served.epoch = this.#epoch
      this.#commit(feed, table)
    }
    this.snapshots()
  }

  /** Proofs of what the connection was brought to. */
  check(): void {
    for (const [feed, { store, sent }] of this.#feeds) {
      const { version, count, sum } = store
      if (sent === version) this.socket.say({ type: 'check', feed, version, count, sum })
    }
  }

  /** A delta that was written before, once more. */
  replay(which: number): void {
    const frame = this.#old[which % Math.max(1, this.#old.length)]
    if (frame !== undefined) this.socket.frame(frame)
  }

  /** The connection was lost, and there is another. */
  reconnected(socket: FakeSocket): void {
    this.socket = socket
    for (const served of this.#feeds.values()) served.sent = undefined
    socket.welcome()
  }

  /** Answers all that was heard. @returns whether there was anything */
  answer(): boolean {
    const heard = this.socket.heard()
    for (const message of heard) {
      const served = this.#feeds.get(String(message['feed']))
      if (served === undefined) throw new Error(`asked for ${String(message['feed'])}`)
      if (message.type === 'resync') this.#sendSnapshot(String(message['feed']), served)
      if (message.type === 'subscribe') this.#subscribe(message, served)
    }
    return heard.length > 0
  }

  #subscribe(message: Record<string, unknown>, served: Served): void {
    const feed = String(message['feed'])
    const { store, epoch } = served
    const since = message['since'] as { epoch: string; version: number; count: number; sum: string } | undefined
    const told = (resumed: boolean, version: number): void =>
      this.socket.say({ type: 'subscribed', id: message['id'], feed, epoch, version, resumed, throttle: 0 })
    if (since?.epoch === epoch && store.deltaSince(since.version) !== undefined) {
      served.sent = since.version
      told(true, since.version)
      if (since.version !== store.version) this.#bring(feed, served, 'send')
    } else if (since !== undefined && since.count === store.count && since.sum === store.sum) {
      served.sent = store.version
      told(true, store.version)
    } else {
      told(false, store.version)
      this.#sendSnapshot(feed, served)
    }
  }
}
