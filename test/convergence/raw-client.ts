import { WebSocket } from 'ws'
import type { Random } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type {
  CheckMessage,
  DeltaMessage,
  ResultMessage,
  ServerMessage,
  SnapshotMessage,
  SubscribedMessage,
} from '../../src/protocol/messages.ts'
import { addresses, sourceOf, type Address } from './naive-view.ts'
import { stateText } from './truth.ts'
import type { ChaosClient, Held, Witness } from './witness.ts'

const throttles = [0, 0, 70, 100, 250, 1000]

interface Since {
  readonly epoch: string
  readonly version: number
  readonly count?: number
  readonly sum?: string
}

/** What is held of an address, on this connection or from one before. */
interface Table {
  readonly address: Address
  name: string
  rows: Map<string, Row>
  columns: readonly string[]
  epoch: string
  version: number
  /** There are rows to show. */
  hasData: boolean
  /** Deltas are ignored until a snapshot comes. */
  waits: boolean
  /** Followed on this connection: the server said so. */
  isFollowed: boolean
  /** Where in the history it was last. */
  place: number
  /** What the server had gone through by then. */
  shownIn: { readonly restarts: number; readonly kills: number }
  /** As the server told it. */
  throttle: number
}

interface Asked {
  readonly table: Table
  /** It is followed already: only its throttle is to change. */
  readonly isThrottle: boolean
  readonly since: Since | undefined
}

/** A client that knows the text of the protocol and nothing of the SDK. Its decisions follow from `random`. */
export class RawClient implements ChaosClient {
  readonly who: string
  readonly #url: string
  readonly #random: Random
  readonly #witness: Witness
  readonly #tables = new Map<Address, Table>()
  readonly #asked = new Map<number, Asked>()
  /** Addresses that were asked for once, by the id of their `get`. */
  readonly #gets = new Map<number, Address>()
  #socket: WebSocket | undefined
  /** Whose socket it is: what is still under way when another server begins is of that one. */
  #server = { restarts: 0, kills: 0 }
  #isOpen = false
  #isSettling = false
  #ids = 0
  /** Data messages that still belong to the opened flush, and its class. */
  #flush = 0
  /** Shown since the last flush. */
  readonly #flushed = new Set<Table>()
  #flushThrottle = 0

  constructor(who: string, url: string, random: Random, witness: Witness) {
    this.who = who
    this.#url = url
    this.#random = random
    this.#witness = witness
  }

  act(): void {
    const chance = this.#random()
    if (this.#socket === undefined) return this.#connect()
    if (!this.#isOpen) return
    if (chance < 0.3) this.#subscribeAny()
    else if (chance < 0.38) this.#unsubscribeAny()
    else if (chance < 0.46) this.#cut()
    else if (chance < 0.54) this.#pause()
    else if (chance < 0.6) this.#resyncAny()
    else if (chance < 0.64) this.#get()
    else if (chance < 0.7) this.#throttleAny()
  }

  settle(): void {
    this.#isSettling = true
    if (this.#socket === undefined) this.#connect()
    else this.#socket.resume()
  }

  *held(): Iterable<Held> {
    for (const table of this.#followed())
      yield { ...table, isSteady: this.#isOpen && this.#asked.size === 0 && table.hasData && !table.waits }
  }

  close(): void {
    this.#socket?.removeAllListeners('close')
    this.#socket?.terminate()
  }

  #followed(): Table[] {
    return [...this.#tables.values()].filter(table => table.isFollowed)
  }

  #any<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)]
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    this.#socket = socket
    const { restarts, kills } = this.#witness.tally
    this.#server = { restarts, kills }
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => {
      if (socket === this.#socket) this.#take(JSON.parse(data.toString('utf8')) as ServerMessage)
    })
    socket.on('close', (code, reason) => {
      if (socket !== this.#socket) return
      // A clean stop says so.
      if (code !== 1006 && code !== 1012) this.#blame(`closed with ${code} ${reason.toString()}`)
      this.#lost()
    })
  }

  /** What was followed is followed again once there is a connection. */
  #lost(): void {
    this.#socket = undefined
    this.#isOpen = false
    this.#asked.clear()
    this.#gets.clear()
    this.#flush = 0
    if (this.#isSettling) setTimeout(() => this.#connect(), 50)
  }

  #cut(): void {
    this.#witness.tally.cuts++
    this.#socket?.terminate()
    this.#lost()
  }

  #pause(): void {
    const socket = this.#socket
    this.#witness.tally.pauses++
    socket?.pause()
    setTimeout(() => socket?.resume(), 50 + this.#random() * 1500)
  }

  #subscribeAny(): void {
    const address = this.#any(addresses)
    if (address === undefined || this.#followed().length >= 4) return
    const held = this.#tables.get(address)
    if (held?.isFollowed === true) return
    // Sometimes what was held before the `unsubscribe` is gone on from.
    this.#subscribe(held !== undefined && this.#random() < 0.7 ? held : newTable(address, held))
  }

  #subscribe(table: Table): void {
    const { address, hasData } = table
    const since = hasData ? this.#sinceOf(table) : undefined
    // Who does not say where it was may be shown what a crash has left.
    if (since === undefined && table.shownIn.kills !== this.#witness.tally.kills) table.place = 0
    table.isFollowed = true
    this.#tables.set(address, table)
    const id = ++this.#ids
    this.#asked.set(id, { table, isThrottle: false, since })
    this.#witness.tally.subscribes++
    const { feed, where, fields, order, limit } = address
    // By the members, or by the name that the server gave it.
    const query = table.name !== '' && this.#random() < 0.5 ? { feed: table.name } : { feed, where, fields, order, limit }
    this.#send({ type: 'subscribe', id, ...query, since, throttle: this.#any(throttles) })
  }

  #throttleAny(): void {
    const table = this.#any(this.#followed().filter(table => !this.#isAsked(table)))
    if (table === undefined) return
    const id = ++this.#ids
    this.#asked.set(id, { table, isThrottle: true, since: undefined })
    this.#witness.tally.throttles++
    this.#send({ type: 'subscribe', id, feed: table.name, throttle: this.#any(throttles) })
  }

  /** Clients send the sum on every reconnect; a few of them do not know how. */
  #sinceOf(table: Table): Since {
    const { epoch, version } = table
    return this.#random() < 0.1 ? { epoch, version } : { epoch, version, count: table.rows.size, sum: this.#sumOf(table) }
  }

  #sumOf({ address, columns, rows }: Table): string {
    return this.#witness.truth.sum(address, columns, rows, stateText(rows.values()))
  }

  #unsubscribeAny(): void {
    const table = this.#any(this.#followed().filter(table => !this.#isAsked(table)))
    if (table === undefined) return
    table.isFollowed = false
    this.#send({ type: 'unsubscribe', id: ++this.#ids, feed: table.name })
  }

  #resyncAny(): void {
    const table = this.#any(this.#followed().filter(table => table.hasData && !table.waits && !this.#isAsked(table)))
    if (table === undefined) return
    this.#witness.tally.resyncs++
    table.waits = true
    this.#send({ type: 'resync', feed: table.name, reason: 'apply' })
  }

  #get(): void {
    const address = this.#any(addresses)
    if (address === undefined) return
    const { feed, where, fields, order, limit } = address
    this.#witness.tally.gets++
    this.#gets.set(++this.#ids, address)
    this.#send({ type: 'get', id: this.#ids, feed, where, fields, order, limit })
  }

  #send(message: unknown): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        // The answer to its own `hello`.
        if (message.id !== undefined) return
        this.#isOpen = true
        if (this.#random() < 0.5) this.#send({ type: 'hello', id: ++this.#ids, features: ['ack'] })
        for (const table of this.#followed()) this.#subscribe(table)
        return
      case 'subscribed':
        return this.#subscribed(message)
      case 'snapshot':
      case 'delta':
        return this.#data(message)
      case 'ping':
        return this.#send({ type: 'pong', n: message.n })
      case 'tick':
        this.#flush = message.messages
        this.#flushThrottle = message.throttle
        return
      case 'check':
        return this.#check(message)
      case 'result':
        return this.#result(message)
      case 'error':
        // A `get` gave up on a source that has not answered yet: no fault.
        if (message.code !== 'unavailable') this.#blame(`${message.code}: ${message.message}`)
        return
      case 'beat':
      case 'feeds':
      case 'explained':
      case 'pong':
      case 'status':
      case 'unsubscribed':
        return
    }
  }

  #subscribed({ id, feed, epoch, version, resumed, throttle }: SubscribedMessage): void {
    const asked = this.#asked.get(id as number)
    if (asked === undefined) return this.#blame(`a 'subscribed' that was not asked for: ${feed}`)
    this.#asked.delete(id as number)
    const { table, since } = asked
    table.throttle = throttle
    if (asked.isThrottle) {
      // From an `unsubscribe` on, what is said of the address is not listened to.
      const listens = table.isFollowed && !this.#isAsked(table)
      if (listens && table.hasData && !table.waits && (!resumed || version !== table.version))
        this.#blame(`${feed} at ${table.version} was told to stand at ${version} when its throttle changed`)
      return
    }
    const { tally } = this.#witness
    table.name = feed
    if (resumed && since?.epoch === epoch && table.shownIn.restarts !== tally.restarts) tally.resumedOverStop++
    if (since !== undefined) tally[!resumed ? 'notResumed' : since.epoch === epoch ? 'resumedByVersion' : 'resumedBySum']++
    if (!resumed) Object.assign(table, newTable(table.address, table), { name: feed, isFollowed: table.isFollowed, throttle })
    table.waits = false
    table.epoch = epoch
    if (resumed) table.version = version
  }

  #result({ id, rows }: ResultMessage): void {
    const address = this.#gets.get(id as number)
    if (address === undefined) return this.#blame('a result that was not asked for')
    this.#witness.shown(this.who, address, rows, 0)
  }

  /** Whose the message is; none while its `subscribed` is awaited: it belongs to a subscription that was given up. */
  #tableOf(feed: string): Table | undefined {
    return this.#followed().find(table => table.name === feed && !this.#isAsked(table))
  }

  #isAsked({ address }: Table): boolean {
    return [...this.#asked.values()].some(({ table, isThrottle }) => !isThrottle && table.address === address)
  }

  #data(message: SnapshotMessage | DeltaMessage): void {
    const closesFlush = this.#flush > 0 && --this.#flush === 0
    const table = this.#tableOf(message.feed)
    if (table !== undefined) {
      if (message.type === 'snapshot') this.#replace(table, message)
      else this.#apply(table, message)
    }
    if (closesFlush) this.#compareFlush()
  }

  #replace(table: Table, message: SnapshotMessage): void {
    this.#witness.tally.snapshots++
    if (message.epoch === table.epoch && message.to < table.version)
      this.#blame(`${message.feed} went back from ${table.version} to ${message.to}`)
    table.rows = new Map(message.rows.map(row => [row[message.key] as string, row]))
    table.columns = message.columns
    table.epoch = message.epoch
    table.version = message.to
    table.hasData = true
    table.waits = false
    this.#show(table)
  }

  #apply(table: Table, message: DeltaMessage): void {
    this.#witness.tally.deltas++
    if (table.waits) return
    if (message.to <= table.version) return this.#blame(`${message.feed} was sent a delta to ${message.to} at ${table.version}`)
    // On one connection nothing is lost, so there is no gap.
    if (message.from !== table.version) return this.#blame(`${message.feed} at ${table.version} was sent a delta from ${message.from}`)
    for (const [key, cells] of Object.entries(message.set ?? {})) table.rows.set(key, { ...table.rows.get(key), ...cells })
    for (const key of message.del ?? []) table.rows.delete(key)
    table.columns = message.columns ?? table.columns
    table.version = message.to
    this.#show(table)
  }

  #show(table: Table): void {
    table.place = this.#witness.shown(this.who, table.address, table.rows.values(), table.place).place
    table.shownIn = this.#server
    this.#flushed.add(table)
  }

  /** After an opened flush all feeds of one source and throttle are of one and the same table; a view that was put off comes apart from it. */
  #compareFlush(): void {
    const bySource = new Map<string, Set<number>>()
    for (const table of this.#followed()) {
      if (!table.hasData || table.waits || table.throttle !== this.#flushThrottle || this.#isAsked(table)) continue
      const { feed, name: _, ...view } = table.address
      if (Object.keys(view).length > 0 && !this.#flushed.has(table)) continue
      const places = new Set(this.#witness.truth.places(table.address, stateText(table.rows.values())))
      const source = sourceOf[feed]
      const common = bySource.get(source)
      bySource.set(source, common === undefined ? places : new Set([...common].filter(place => places.has(place))))
    }
    this.#flushed.clear()
    this.#witness.tally.flushes++
    for (const [source, places] of bySource) if (places.size === 0) this.#blame(`a flush left feeds of '${source}' at different tables`)
  }

  #check({ feed, version, count, sum }: CheckMessage): void {
    const table = this.#tableOf(feed)
    if (table === undefined || table.waits || version < table.version) return
    if (version > table.version) return this.#blame(`${feed} at ${table.version} was sent a check of ${version}`)
    this.#witness.tally.checks++
    const own = this.#sumOf(table)
    if (count !== table.rows.size || sum !== own)
      this.#blame(`${feed} at ${version}: sum ${own} of ${table.rows.size}, the server's ${sum} of ${count}`)
  }

  #blame(what: string): void {
    this.#witness.blame(this.who, what)
  }
}

function newTable(address: Address, before?: Pick<Table, 'place' | 'shownIn'>): Table {
  const { place, shownIn } = before ?? { place: 0, shownIn: { restarts: 0, kills: 0 } }
  const nothing = { rows: new Map(), columns: [], epoch: '', version: 0, hasData: false, waits: false, isFollowed: false, throttle: 0 }
  return { address, name: '', place, shownIn, ...nothing }
}
