import { connect } from '../../src/client/client.ts'
import type { Feed, Millrace } from '../../src/client/face.ts'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import type { ConnectionContext } from '../../src/connection/context.ts'
import { Heartbeat } from '../../src/connection/heartbeat.ts'
import { defaultConnectionLimits } from '../../src/connection/limits.ts'
import type { SourceDefinition } from '../../src/feed/definition.ts'
import type { Graph } from '../../src/feed/graph.ts'
import { ParamSets } from '../../src/feed/param-sets.ts'
import { Hub } from '../../src/hub/hub.ts'
import { defaultHubLimits } from '../../src/hub/limits.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { seededRandom, type Random } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { SubscribedMessage } from '../../src/protocol/messages.ts'
import { ScriptedSource } from '../support/scripted-source.ts'
import { Disk } from './disk.ts'
import { EventClock } from './event-clock.ts'
import { derived, History, placed, simAddresses, textOf, type SimAddress, type SourceName } from './history.ts'
import { FlushWatch } from './flush-watch.ts'
import { Link, type LinkOptions } from './link.ts'
import { Tables } from './tables.ts'

export interface WorldOptions {
  readonly seed: number
  readonly clients: number
  /** Deltas get lost now and then; default: none. */
  readonly gaps?: boolean
}

export interface WorldReport {
  readonly steps: number
  /** States that clients showed, each compared with the history. */
  readonly states: number
  readonly cuts: number
  /** Ends of a server, in order or not, and those in order that left all there was. */
  readonly kills: number
  readonly stops: number
  /** Virtual time that passed, ms. */
  readonly ms: number
  /** What must not be; empty in a good run. */
  readonly wrong: readonly string[]
}

const heartbeatMs = 30_000
/** The server's event loop is busy with other things for up to so long. */
const longestTurnMs = 250
/** Who was left in peace for so long is no more than this behind. */
const patienceMs = 8000
const throttles = [0, 0, 0, 100, 500, 2000]

interface Followed {
  readonly address: SimAddress
  readonly since: number
  readonly feed: Feed
  stop: () => void
  /** Since it was followed, or began anew. */
  hasShown: boolean
}

interface Client {
  readonly name: string
  readonly millrace: Millrace
  readonly followed: Followed[]
  /** Where in the history each address was last, and how many servers had ended without leaving all there was by then. */
  readonly places: Map<SimAddress, { readonly place: number; readonly crashes: number }>
  link: Link | undefined
  /** How many servers had crashed when its link was made: what is still under way is of the one before. */
  crashes: number
}

interface Running {
  readonly context: ConnectionContext
  readonly graph: Graph
  readonly sources: Readonly<Record<'stock' | 'trade', ScriptedSource>>
  /** Of `place`, by what is filled in: the latest of each. */
  readonly sets: ReadonlyMap<string, ScriptedSource>
  readonly links: Set<Link>
  readonly startedMs: number
}

/**
 * A server, its clients and the network between them on virtual time: the real hub, outboxes, connections and SDK, and a
 * history that every state shown must belong to, in order. Everything follows from the seed.
 */
export class World {
  readonly clock = new EventClock()
  readonly #random: Random
  readonly #history = new History()
  readonly #tables: Tables
  readonly #clients: Client[]
  #gaps: boolean
  #server: Running | undefined
  #isQuiet = false
  #states = 0
  #cuts = 0
  #kills = 0
  #stops = 0
  /** What servers keep over their restarts; undefined: they keep nothing. */
  readonly #disk: Disk | undefined
  readonly #wrong: string[] = []

  constructor({ seed, clients, gaps = false }: WorldOptions) {
    this.#random = seededRandom(seed)
    this.#tables = new Tables(this.#random)
    this.#gaps = gaps
    this.#disk = seed % 2 === 0 ? new Disk() : undefined
    this.#start()
    this.#clients = Array.from({ length: clients }, (_, i) => this.#newClient(`client ${i}`))
    // Some are restless, and some are left in peace for long, so that what is forgotten shows.
    for (const [i, client] of this.#clients.entries()) this.#often(() => this.#act(client), i % 2 === 0 ? 400 : 8000)
    // One that moves all the time, and one in whose silence what is forgotten shows.
    this.#often(() => this.#tables.change('stock'), 120)
    this.#often(() => this.#tables.change('trade'), 5500)
    this.#often(() => this.#tables.change('place'), 700)
    for (const name of ['stock', 'trade'] as const) this.#poll(name)
    this.#pollPlaces()
    this.#audit()
    this.#often(() => this.#restart(), this.#disk === undefined ? 20_000 : 6000)
    // Seldom, so that much is lost in a crash.
    if (this.#disk !== undefined) this.#often(() => this.#save(), 8000)
  }

  /** Lets `steps` events happen, or fewer where something goes wrong; then all stands still, and everybody must have the end. */
  run(steps: number): WorldReport {
    try {
      while (this.clock.steps < steps && this.#wrong.length === 0 && this.clock.step());
      const { steps: taken } = this.clock
      if (this.#wrong.length === 0) this.#settle()
      return this.#report(taken)
    } catch (error) {
      this.#blame('a fault', error instanceof Error ? (error.stack ?? error.message) : String(error))
      return this.#report(this.clock.steps)
    }
  }

  #report(steps: number): WorldReport {
    return {
      steps,
      states: this.#states,
      cuts: this.#cuts,
      kills: this.#kills,
      stops: this.#stops,
      ms: this.clock.monotonic(),
      wrong: this.#wrong,
    }
  }

  #settle(): void {
    const hasGaps = this.#gaps
    this.#isQuiet = true
    if (this.#server === undefined) this.#start()
    // What was lost shows with the next change: one more of each, which is not, and which every address shows.
    this.#gaps = false
    this.#tables.end()
    const endMs = this.clock.monotonic() + 120_000
    while (this.clock.step(endMs));
    for (const client of this.#clients) {
      for (const { address, feed } of client.followed) {
        const what = `${address.feed}${feed.table.feed.slice(address.feed.length)}`
        if (feed.freshness.state !== 'fresh')
          this.#blame(client.name, `${what} ends ${feed.freshness.state}: ${feed.freshness.reason ?? ''}`)
        else if (textOf(feed.rows ?? []) !== this.#history.final(address))
          this.#blame(client.name, `${what} does not end as its source does`)
        if (!hasGaps) this.#blameResyncs(client, feed)
      }
    }
  }

  /** Where no message is lost nothing has to be asked for again. */
  #blameResyncs(client: Client, { stats, table }: Feed): void {
    if (stats.resyncs > 0) this.#blame(client.name, `${table.feed} had to ask for ${stats.resyncs} resyncs`)
  }

  #blame(who: string, what: string): void {
    if (this.#wrong.length < 5) this.#wrong.push(`${who} at step ${this.clock.steps}: ${what}`)
  }

  // Chance.

  #below(most: number): number {
    return Math.floor(this.#random() * most)
  }

  #any<T>(all: readonly T[]): T | undefined {
    return all[this.#below(all.length)]
  }

  #often(run: () => void, meanMs: number): void {
    this.clock.after(this.#random() * 2 * meanMs, () => {
      if (this.#isQuiet) return
      run()
      this.#often(run, meanMs)
    })
  }

  // The server.

  #start(): void {
    const { clock } = this
    const random = seededRandom(this.#below(2 ** 30))
    const deps = { clock, random, log: silentLogger }
    const config = configOf({ sources: { stock: 'http://x.example/', trade: 'http://y.example/' }, feeds: derived })
    if (!config.ok) throw new Error(JSON.stringify(config.problems))
    const more = { lingerMs: 700, staleAfterMs: 60_000 }
    const sources = { stock: new ScriptedSource('stock', clock, more), trade: new ScriptedSource('trade', clock, more) }
    const sets = new Map<string, ScriptedSource>()
    const paramSets = new ParamSets({
      ...deps,
      sources: [...Object.values(sources).map(source => source.definition), templateOf(sets, clock, more)],
      feeds: compileConfig(config.config, { ...deps, limited: () => undefined }).feeds,
      // Short, so that readers fall below the floor.
      storeLimits: { historyAgeMs: 3000, maxTombstones: 3 },
    })
    const { graph } = paramSets
    // A turn of its loop takes a while, and parts are so short that many a snapshot takes several.
    const turns: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => clock.after(ms === 0 ? random() * longestTurnMs : ms, run),
    }
    const hub = new Hub({
      ...deps,
      clock: turns,
      graph,
      paramSets,
      limits: { ...defaultHubLimits, checkEveryMs: 1000 },
      snapshotPartLength: 300,
      // Of some servers every view is put off.
      ...(random() < 0.3 ? { viewTickMs: 0 } : {}),
    })
    const limits = { ...defaultConnectionLimits, sendWindowBytes: 1200, ackAfterBytes: 500 }
    const heartbeat = new Heartbeat(heartbeatMs, clock)
    const context: ConnectionContext = { hub, ...deps, limits, heartbeat, server: 'simulated', limited: () => undefined }
    this.#disk?.restore(graph)
    graph.start()
    this.#server = { context, graph, sources, sets, links: new Set(), startedMs: clock.monotonic() }
  }

  #restart(): void {
    const server = this.#server
    if (server === undefined) return
    this.#kills++
    this.#server = undefined
    for (const link of server.links) link.kill()
    server.context.hub.close()
    void server.graph.close()
    server.context.heartbeat.close()
    if (this.#disk !== undefined && this.#random() < 0.5) {
      const isWhole = this.#random() < 0.5
      if (isWhole) this.#stops++
      this.#disk.stop(server.graph, isWhole)
    }
    this.clock.after(this.#random() * 3000, () => {
      if (this.#server === undefined) this.#start()
    })
  }

  #save(): void {
    if (this.#server !== undefined) this.#disk?.save(this.#server.graph)
  }

  // The upstream.

  #poll(name: 'stock' | 'trade'): void {
    const source = this.#server?.sources[name]
    if (source?.polling === true) {
      const rows = this.#tables.rows(name)
      this.#history.record(name, rows, this.clock.monotonic())
      source.answer(rows)
    }
    this.clock.after(30 + this.#random() * 100, () => this.#poll(name))
  }

  #pollPlaces(): void {
    const wanted = [...(this.#server?.sets ?? [])].filter(([, { polling }]) => polling)
    if (wanted.length > 0) {
      const rows = this.#tables.rows('place')
      this.#history.record('place', rows, this.clock.monotonic())
      for (const [g, source] of wanted) source.answer(placed(rows, g))
    }
    this.clock.after(30 + this.#random() * 100, () => this.#pollPlaces())
  }

  // The clients.

  #newClient(name: string): Client {
    const { clock } = this
    const opened = (link: Link): void => void (client.link = link)
    const options = (): LinkOptions => this.#linkOptions(client)
    const linked = (link: Link): void => void this.#server?.links.add(link)
    class Socket extends Link {
      constructor() {
        super(options())
        opened(this)
        linked(this)
      }
    }
    const random = seededRandom(this.#below(2 ** 30))
    const client: Client = {
      name,
      millrace: connect('ws://sim', { clock, random, WebSocket: Socket }),
      followed: [],
      places: new Map(),
      link: undefined,
      crashes: 0,
    }
    client.millrace.onError(error => this.#blame(name, `${error.code}: ${error.message}`))
    return client
  }

  #linkOptions(client: Client): LinkOptions {
    const server = this.#server
    client.crashes = this.#kills - this.#stops
    /** Ids of subscribes that do not say where they go on from. */
    const anew = new Set<unknown>()
    // Where messages get lost flushes do not add up.
    const watch = this.#gaps
      ? undefined
      : new FlushWatch(
          what => this.#blame(client.name, what),
          addresses => this.#compareFlush(client, addresses),
        )
    return {
      clock: this.clock,
      latencyMs: this.#random() < 0.2 ? 300 : 1 + this.#below(60),
      bytesPerMs: this.#random() < 0.3 ? 2 : 1000,
      context: server?.context,
      closed: link => void server?.links.delete(link),
      heard: message => {
        const { type, id, since } = JSON.parse(message) as { type: string; id?: unknown; since?: unknown }
        if (type === 'subscribe' && since === undefined) anew.add(id)
      },
      taken: message => {
        this.#began(client, message, anew)
        watch?.take(message)
      },
      ...(this.#gaps ? { loses: () => this.#gaps && this.#random() < 0.01 } : {}),
    }
  }

  /** Who begins anew, and did not say where it was, may be shown what a crash has left. */
  #began(client: Client, message: string, anew: ReadonlySet<unknown>): void {
    if (!message.startsWith('{"type":"subscribed"')) return
    const { id, feed, resumed } = JSON.parse(message) as SubscribedMessage
    if (!resumed && anew.has(id)) for (const followed of client.followed) if (followed.feed.table.feed === feed) followed.hasShown = false
  }

  #act(client: Client): void {
    const chance = this.#random()
    if (chance < 0.3) this.#follow(client)
    else if (chance < 0.42) this.#unfollow(client)
    else if (chance < 0.52) this.#break(client, link => link.cut())
    else if (chance < 0.54) this.#break(client, link => link.halfOpen())
    else if (chance < 0.68) client.link?.stall(this.#random() * 4000)
    else if (chance < 0.7) client.link?.stall(this.#random() * 20_000)
    else if (chance < 0.8) client.millrace.retry()
  }

  #break(client: Client, how: (link: Link) => void): void {
    if (client.link === undefined) return
    this.#cuts++
    how(client.link)
  }

  #follow(client: Client): void {
    const address = this.#any(simAddresses)
    if (address === undefined || client.followed.length >= 5) return
    const { feed: name, params, where, fields, order, limit } = address
    const throttle = this.#any(throttles) ?? 0
    const query = {
      throttle,
      ...(params === undefined ? {} : { params }),
      ...(where === undefined ? {} : { where }),
      ...(fields === undefined ? {} : { fields }),
      ...(order === undefined ? {} : { order }),
      ...(limit === undefined ? {} : { limit }),
    }
    const feed = client.millrace.feed(name, query)
    const followed: Followed = { address, since: this.clock.monotonic(), feed, stop: () => undefined, hasShown: false }
    followed.stop = feed.subscribe(rows => this.#shown(client, followed, rows))
    client.followed.push(followed)
  }

  #unfollow(client: Client): void {
    if (client.followed.length === 0) return
    const [left] = client.followed.splice(this.#below(client.followed.length), 1)
    if (left === undefined) return
    if (!this.#gaps) this.#blameResyncs(client, left.feed)
    left.stop()
  }

  /** Whoever was left in peace for long enough shows a table of the last seconds: nothing owed is forgotten. */
  #audit(): void {
    const before = this.clock.monotonic() - patienceMs
    if (!this.#isQuiet && this.#server !== undefined && this.#server.startedMs < before)
      for (const client of this.#clients) if (client.link !== undefined && client.link.calmSince < before) this.#auditOne(client, before)
    if (!this.#isQuiet) this.clock.after(1000, () => this.#audit())
  }

  #auditOne(client: Client, before: number): void {
    for (const { address, since, feed } of client.followed) {
      if (since >= before) continue
      const least = this.#history.placeAt(address.source, before)
      if (feed.rows === undefined || this.#history.placeOf(address, textOf(feed.rows), least) === undefined)
        this.#blame(client.name, `${feed.table.feed} is more than ${patienceMs / 1000} s behind, ${feed.freshness.state}`)
    }
  }

  /** After an opened flush all of its feeds of one source show one and the same of its tables. */
  #compareFlush(client: Client, addresses: ReadonlySet<string>): void {
    const common = new Map<SourceName, ReadonlySet<number>>()
    for (const { address, feed } of client.followed) {
      if (!addresses.has(feed.table.feed) || feed.rows === undefined || feed.freshness.state !== 'fresh') continue
      const places = this.#history.placesOf(address, textOf(feed.rows))
      const others = common.get(address.source)
      common.set(address.source, others === undefined ? places : new Set([...others].filter(place => places.has(place))))
    }
    for (const [source, places] of common)
      if (places.size === 0) this.#blame(client.name, `a flush left feeds of '${source}' at different tables`)
  }

  #shown(client: Client, followed: Followed, rows: readonly Row[]): void {
    this.#states++
    const { address, feed } = followed
    const before = client.places.get(address)
    // What it held already, shown once more while a snapshot is on its way, is nothing of a new server.
    const isHeld = before !== undefined && feed.table.version === 0
    const crashes = isHeld ? before.crashes : client.crashes
    const since = before === undefined || (!followed.hasShown && before.crashes !== crashes) ? 0 : before.place
    followed.hasShown ||= !isHeld
    const text = textOf(rows)
    const place = this.#history.placeOf(address, text, since)
    if (place !== undefined) {
      client.places.set(address, { place, crashes })
    } else {
      const what = this.#history.knows(address, text) ? `a table from before that of ${since}` : 'a table that never was'
      this.#blame(client.name, `${address.feed} ${address.where ?? ''} shows ${what}: ${JSON.stringify(rows).slice(0, 300)}`)
    }
  }
}

/** A source that is asked for what readers fill in: each `g` is a source of its own, and put into `sets`. */
function templateOf(sets: Map<string, ScriptedSource>, clock: Clock, more: Partial<SourceDefinition>): SourceDefinition {
  const { definition } = new ScriptedSource('place', clock, {
    ...more,
    template: {
      params: { g: { type: 'text' } },
      isWhole: false,
      read: given => given,
      instantiate: (name, set) => {
        const source = new ScriptedSource(name, clock, { ...more, instanceOf: { name: 'place', set } })
        sets.set(set.get('g') ?? '', source)
        return source.definition
      },
    },
  })
  return definition
}
