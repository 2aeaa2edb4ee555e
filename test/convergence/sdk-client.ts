import { WebSocket } from 'ws'
import type { Feed, Millrace, TableView } from '../../src/client/face.ts'
import { connect } from '../../src/client-node.ts'
import type { Random } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { SubscribedMessage } from '../../src/protocol/messages.ts'
import { addresses, inOrder, keyColumn, orderOf, type Address } from './naive-view.ts'
import type { ChaosClient, Held, Witness } from './witness.ts'

const throttles = [0, 0, 100, 500]

interface Followed {
  readonly address: Address
  readonly feed: Feed
  stop: () => void
  /** It was shown nothing since it was followed, or began anew. */
  begins: boolean
}

/** A client of the SDK as a program has it, whose sockets are cut and stopped under it. Its decisions follow from `random`. */
export class SdkClient implements ChaosClient {
  readonly who: string
  readonly #random: Random
  readonly #witness: Witness
  readonly #millrace: Millrace
  readonly #followed = new Map<Address, Followed>()
  /** Where in the history each address was last, and how often the server had been killed by then. */
  readonly #places = new Map<Address, { readonly place: number; readonly kills: number }>()
  #socket: WebSocket | undefined
  /** How often the server had been killed when the socket was made: what is still under way is of the one before. */
  #kills = 0
  #isSettling = false

  constructor(who: string, url: string, random: Random, witness: Witness) {
    this.who = who
    this.#random = random
    this.#witness = witness
    const opened = (socket: WebSocket): void => {
      this.#socket = socket
      this.#kills = witness.tally.kills
    }
    const took = (text: string, anew: ReadonlySet<unknown>): void => this.#took(text, anew)
    class CuttableSocket extends WebSocket {
      /** Ids of subscribes that do not say where they go on from. */
      readonly #anew = new Set<unknown>()

      constructor(address: string, protocols?: string | string[]) {
        super(address, protocols, { perMessageDeflate: false })
        opened(this)
        this.on('message', (data: Buffer) => took(data.toString('utf8'), this.#anew))
      }

      override send(text: string): void {
        const { type, id, since } = JSON.parse(text) as { type: string; id?: unknown; since?: unknown }
        if (type === 'subscribe' && since === undefined) this.#anew.add(id)
        super.send(text)
      }
    }
    this.#millrace = connect(url, { WebSocket: CuttableSocket, random })
    this.#millrace.onError(error => witness.blame(who, `${error.code}: ${error.message}`))
    this.#millrace.onState(({ phase, reason }) => {
      if (phase === 'closed' && !this.#isSettling) witness.blame(who, `closed: ${reason ?? ''}`)
      // The back-off is tested elsewhere; here nobody has the patience.
      if (phase === 'disconnected' || phase === 'refused') setTimeout(() => this.#millrace.retry(), random() * 500)
    })
  }

  act(): void {
    const chance = this.#random()
    if (chance < 0.3) this.#follow()
    else if (chance < 0.38) this.#unfollow()
    else if (chance < 0.46) this.#cut()
    else if (chance < 0.54) this.#pause()
    else if (chance < 0.58) this.#get()
  }

  settle(): void {
    this.#isSettling = true
    this.#socket?.resume()
  }

  *held(): Iterable<Held> {
    for (const { address, feed } of this.#followed.values()) {
      const { feed: name, epoch, version, columns, rows } = feed.table
      const isSteady = this.#millrace.state.phase === 'open' && feed.freshness.state !== 'disconnected' && feed.rows !== undefined
      yield { address, name, epoch, version, columns, rows, isSteady }
    }
  }

  close(): void {
    this.#isSettling = true
    this.#millrace.close()
    this.#socket?.terminate()
  }

  #follow(): void {
    const address = addresses[Math.floor(this.#random() * addresses.length)]
    if (address === undefined || this.#followed.has(address) || this.#followed.size >= 4) return
    const { name: _name, feed: from, ...query } = address
    const throttle = throttles[Math.floor(this.#random() * throttles.length)] ?? 0
    const feed = this.#millrace.feed(from, { ...query, throttle })
    this.#witness.tally.subscribes++
    const stopErrors = feed.onError(error => {
      if (!error.retry) this.#witness.blame(this.who, `${address.name}: ${error.code}: ${error.message}`)
    })
    const followed: Followed = { address, feed, stop: () => undefined, begins: true }
    const stopRows = feed.subscribe((rows, { table }) => this.#shown(followed, rows, table))
    followed.stop = () => {
      stopRows()
      stopErrors()
      const { resyncs, snapshots, deltas } = feed.stats
      this.#witness.tally.snapshots += snapshots
      this.#witness.tally.deltas += deltas
      // Nothing on this side asks for one unless the data differs.
      if (resyncs > 0) this.#witness.blame(this.who, `${address.name} had to ask for ${resyncs} resyncs`)
    }
    this.#followed.set(address, followed)
  }

  /** Who begins anew, and did not say where it was, may be shown what a crash has left. */
  #took(text: string, anew: ReadonlySet<unknown>): void {
    if (!text.startsWith('{"type":"subscribed"')) return
    const { id, feed, resumed } = JSON.parse(text) as SubscribedMessage
    if (!resumed && anew.has(id))
      for (const followed of this.#followed.values()) if (followed.feed.table.feed === feed) followed.begins = true
  }

  #shown(followed: Followed, rows: readonly Row[], table: TableView): void {
    const { address, begins } = followed
    followed.begins = false
    const kills = this.#kills
    const before = this.#places.get(address)
    const since = before === undefined || (begins && before.kills !== kills) ? 0 : before.place
    const { place } = this.#witness.shown(this.who, address, rows, since)
    // What it held already, shown once more, is nothing of a new server.
    if (place !== before?.place) this.#places.set(address, { place, kills })
    const key = keyColumn(address)
    const ordered = inOrder(rows, orderOf(address), key)
    if (ordered.some((row, i) => row !== rows[i])) this.#witness.blame(this.who, `${table.feed} is not in its order`)
  }

  #unfollow(): void {
    const all = [...this.#followed.values()]
    const one = all[Math.floor(this.#random() * all.length)]
    if (one === undefined) return
    one.stop()
    this.#followed.delete(one.address)
  }

  #cut(): void {
    if (this.#millrace.state.phase !== 'open') return
    this.#witness.tally.cuts++
    this.#socket?.terminate()
  }

  #pause(): void {
    const socket = this.#socket
    if (this.#millrace.state.phase !== 'open') return
    this.#witness.tally.pauses++
    socket?.pause()
    setTimeout(() => socket?.resume(), 50 + this.#random() * 1500)
  }

  #get(): void {
    const address = addresses[Math.floor(this.#random() * addresses.length)]
    if (address === undefined || this.#millrace.state.phase !== 'open') return
    const { name: _name, feed, ...query } = address
    this.#witness.tally.gets++
    this.#millrace.get(feed, query).then(
      table => this.#witness.shown(this.who, address, table.rows.values(), 0),
      // The connection was cut meanwhile.
      () => undefined,
    )
  }
}
