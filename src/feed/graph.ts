import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import { defaultStoreLimits, type StoreLimits } from '../model/store.ts'
import { mergeSamples, type Sample } from '../model/table.ts'
import type { FeedDefinition, SourceDefinition } from './definition.ts'
import { Demand } from './demand.ts'
import { Feed } from './feed.ts'
import { judgeDerived, type Judgement } from './freshness.ts'
import { Pace } from './pace.ts'
import { Pipeline } from './pipeline.ts'
import { LiveSource } from './live-source.ts'
import { topologyOf, type Topology } from './topology.ts'

/** One evaluation of the graph, as the hub sees it. */
export interface Tick {
  readonly tick: number
  /** When it was published, ms since 1970. */
  readonly at: number
  /** The feeds whose table changed, with the sample that changed it. */
  readonly changed: ReadonlyMap<Feed, Sample>
}

export interface GraphListener {
  /** After every tick in which a table changed. */
  tick(tick: Tick): void
  /** `told`: the state, cause or reason changed; otherwise only the proof moved on. */
  freshness(feed: Feed, told: boolean): void
}

export interface GraphOptions {
  readonly sources: readonly SourceDefinition[]
  readonly feeds: readonly FeedDefinition[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly storeLimits?: StoreLimits
}

interface Derived {
  readonly definition: FeedDefinition
  readonly feed: Feed
  readonly inputs: readonly Feed[]
  readonly pipeline: Pipeline
}

/** Why a feed has no true table now, and what its readers are told. */
interface Fault {
  readonly error: string
  readonly reason: string
}

/** The graph of live tables: it alone drives ticks, and hands each feed its inputs' samples of one and the same tick. */
export class Graph {
  readonly pace: Pace
  readonly #options: GraphOptions
  readonly #topology: Topology
  readonly #feeds = new Map<string, Feed>()
  readonly #sources = new Map<string, LiveSource>()
  readonly #derived = new Map<string, Derived>()
  readonly #demand: Demand
  readonly #pending = new Map<string, Sample>()
  /** By feed; set while its steps, or taking over what they brought, fail. */
  readonly #faults = new Map<string, Fault>()
  readonly #listeners = new Set<GraphListener>()
  #tick = 0

  /** @throws RangeError when the definitions make no graph (see `topologyOf`). */
  constructor(options: GraphOptions) {
    this.#options = options
    this.#topology = topologyOf(
      options.sources.map(source => source.name),
      options.feeds,
    )
    this.pace = new Pace(options.clock, () => this.#run())
    this.#demand = new Demand(options.clock, source => this.#rejudge(source))
    for (const source of options.sources) this.#addSource(source)
    const feeds = new Map(options.feeds.map(feed => [feed.name, feed]))
    for (const name of this.#topology.order) {
      const feed = feeds.get(name)
      if (feed !== undefined) this.#addFeed(feed)
    }
  }

  /** Begins to poll what must not sleep. */
  start(): void {
    const { sources, feeds } = this.#options
    for (const { name, demand } of sources) if (demand === 'always') this.#demand.always(name, [name])
    for (const { name, demand, holdsPast } of feeds) {
      if (demand === 'always' || (demand === 'auto' && holdsPast)) this.#demand.always(name, this.#sourcesOf(name))
    }
  }

  listen(listener: GraphListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  feed(name: string): Feed | undefined {
    return this.#feeds.get(name)
  }

  /** All feeds, the server's own included, in dependency order. */
  feeds(): Iterable<Feed> {
    return this.#feeds.values()
  }

  sources(): Iterable<LiveSource> {
    return this.#sources.values()
  }

  /** Rises within one server run. */
  get tick(): number {
    return this.#tick
  }

  /** One reader wants a feed until the returned function is called; its sources go on for their linger. */
  want(name: string): () => void {
    return this.#demand.want(this.#sourcesOf(name))
  }

  /** Why a source is polled, for people; empty while nobody wants it. */
  wantedBy(source: string): string {
    return this.#demand.reason(source)
  }

  /** A sample from outside: a poll, or a pipeline's timer. Samples that come before the next tick are taken in one. */
  offer(name: string, sample: Sample): void {
    const pending = this.#pending.get(name)
    this.#pending.set(name, pending === undefined ? sample : mergeSamples(pending, sample))
    this.pace.request()
  }

  async close(): Promise<void> {
    this.pace.close()
    this.#demand.close()
    for (const { pipeline } of this.#derived.values()) pipeline.close()
    await Promise.all([...this.#sources.values()].map(source => source.close()))
  }

  #sourcesOf(name: string): ReadonlySet<string> {
    return this.#topology.sources.get(name) ?? new Set()
  }

  #feedOptions(definition: SourceDefinition | FeedDefinition, lingerMs: number): ConstructorParameters<typeof Feed>[0] {
    const { name, description, order } = definition
    return {
      name,
      public: definition.public,
      lingerMs,
      storeLimits: this.#options.storeLimits ?? defaultStoreLimits,
      ...(description === undefined ? {} : { description }),
      ...(order === undefined ? {} : { order }),
    }
  }

  #addSource(definition: SourceDefinition): void {
    const { clock, random, log } = this.#options
    const feed = new Feed(this.#feedOptions(definition, definition.lingerMs), clock.now(), random)
    const source = new LiveSource(definition, clock, log, {
      answered: (sample, isNews) => (isNews ? this.offer(definition.name, sample) : this.#pass(feed, sample)),
      judged: () => this.#rejudge(definition.name),
    })
    this.#feeds.set(definition.name, feed)
    this.#sources.set(definition.name, source)
    this.#demand.add({ name: definition.name, lingerMs: definition.lingerMs, poller: source })
  }

  #addFeed(definition: FeedDefinition): void {
    const { clock, random } = this.#options
    const inputs = definition.inputs.map(input => this.#feeds.get(input)).filter(input => input !== undefined)
    const lingerMs = Math.max(0, ...inputs.map(input => input.options.lingerMs))
    const feed = new Feed(this.#feedOptions(definition, lingerMs), clock.now(), random)
    const pipeline = new Pipeline((sources, handOver) => definition.pipeline(sources, handOver), inputs.length, {
      late: sample => this.offer(definition.name, sample),
      failed: error => this.#fail(definition.name, error),
    })
    this.#feeds.set(definition.name, feed)
    this.#derived.set(definition.name, { definition, feed, inputs, pipeline })
  }

  /** An unchanged poll of a source nothing is computed from is no tick: its time is all that is new. */
  #pass(feed: Feed, sample: Sample): void {
    if ((this.#topology.affected.get(feed.name)?.length ?? 0) > 1 || !feed.hasData) this.offer(feed.name, sample)
    else this.#rejudge(feed.name)
  }

  #run(): void {
    if (this.#pending.size === 0) return
    const offers = new Map(this.#pending)
    this.#pending.clear()
    this.#tick++
    const at = this.#options.clock.now()
    const emitted = new Map<Feed, Sample>()
    const changed = new Map<Feed, Sample>()
    const names = this.#affectedBy(offers)
    const empty = names.filter(name => this.#feeds.get(name)?.hasData !== true)
    for (const name of names) this.#evaluate(name, offers.get(name), emitted, changed, at)
    // Readers of first data know how far to believe it when they see it. All others are told of the proof after the
    // data: before it, what they still hold would be called fresh.
    for (const name of empty) this.#judge(name)
    if (changed.size > 0) this.#tell(listener => listener.tick({ tick: this.#tick, at, changed }))
    for (const name of names) this.#judge(name)
  }

  #affectedBy(offers: ReadonlyMap<string, Sample>): readonly string[] {
    const lists = [...offers.keys()].map(name => this.#topology.affected.get(name) ?? [])
    if (lists.length === 1) return lists[0] ?? []
    const names = new Set(lists.flat())
    return this.#topology.order.filter(name => names.has(name))
  }

  #evaluate(name: string, offer: Sample | undefined, emitted: Map<Feed, Sample>, changed: Map<Feed, Sample>, at: number): void {
    const feed = this.#feeds.get(name)
    const derived = this.#derived.get(name)
    const computed = derived === undefined ? undefined : this.#push(derived, emitted)
    const sample = offer !== undefined && computed !== undefined ? mergeSamples(offer, computed) : (computed ?? offer)
    if (feed === undefined || sample === undefined) return
    const { clock, random } = this.#options
    try {
      const accepted = feed.accept({ ...sample, tick: this.#tick }, at, clock.monotonic(), random)
      emitted.set(feed, accepted.sample)
      if (accepted.changed) changed.set(feed, accepted.sample)
      this.#faults.delete(name)
    } catch (error) {
      derived?.pipeline.close()
      this.#fail(name, error)
    }
  }

  #push(derived: Derived, emitted: ReadonlyMap<Feed, Sample>): Sample | undefined {
    const samples = derived.inputs.map(input => emitted.get(input))
    if (samples.every(sample => sample === undefined)) return undefined
    return derived.pipeline.push(
      samples,
      derived.inputs.map(input => input.sample),
    )
  }

  /** A bug of one feed is its own: the others, and the process, go on. The same fault again is told once. */
  #fail(name: string, cause: unknown): void {
    const error = String(cause)
    if (this.#faults.get(name)?.error !== error) {
      const id = randomText(this.#options.random, 8)
      this.#faults.set(name, { error, reason: `feed '${name}' failed; the server's log has it under ${id}` })
      this.#options.log.error({ feed: name, id, err: cause }, `feed '${name}' failed (${id})`)
    }
    this.#rejudge(name)
  }

  #tell(what: (listener: GraphListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        what(listener)
      } catch (error) {
        this.#options.log.error({ err: error }, 'who listens to the feeds failed')
      }
    }
  }

  #rejudge(origin: string): void {
    for (const name of this.#topology.affected.get(origin) ?? []) this.#judge(name)
  }

  #judge(name: string): void {
    const feed = this.#feeds.get(name)
    if (feed === undefined) return
    const before = feed.freshness
    const judgement = this.#judgement(name, feed)
    const told = feed.judge(judgement, this.#options.clock.now())
    if (told || before.validatedAt !== judgement.validatedAt) this.#tell(listener => listener.freshness(feed, told))
  }

  #judgement(name: string, feed: Feed): Judgement {
    const source = this.#sources.get(name)?.judge(this.#demand.wants(name))
    const inputs = source === undefined ? (this.#derived.get(name)?.inputs ?? []).map(input => input.freshness) : [source]
    const fault = this.#faults.get(name)?.reason
    const degraded = feed.sample?.degraded
    if (source !== undefined && fault === undefined) return source
    return judgeDerived(inputs, {
      hasData: feed.hasData,
      ...(degraded === undefined ? {} : { degraded }),
      ...(fault === undefined ? {} : { fault }),
    })
  }
}
