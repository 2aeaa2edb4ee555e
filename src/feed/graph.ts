import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { LeftOff, SavedTable } from '../model/saved.ts'
import { defaultStoreLimits, type StoreLimits } from '../model/store.ts'
import { mergeSamples, type Sample } from '../model/table.ts'
import { Demand } from './demand.ts'
import { Faults } from './faults.ts'
import type { Feed } from './feed.ts'
import { judgeDerived, toldOn, type Judgement } from './freshness.ts'
import { Pace } from './pace.ts'
import { GraphListeners, type GraphListener } from './graph-listener.ts'
import type { LiveSource } from './live-source.ts'
import { Parts } from './parts.ts'
import { compareDefinitions, sleepless, type Definitions, type Redefinition } from './redefinition.ts'
import { affectedOf, topologyOf, type Topology } from './topology.ts'

export interface GraphOptions extends Definitions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly storeLimits?: StoreLimits
}

/** The graph of live tables: it alone drives ticks, and hands each feed its inputs' samples of one and the same tick. */
export class Graph {
  readonly pace: Pace
  readonly #options: GraphOptions
  #definitions: Definitions = { sources: [], feeds: [] }
  #topology: Topology = topologyOf([], [])
  readonly #parts: Parts
  readonly #demand: Demand
  readonly #pending = new Map<string, Sample>()
  /** Feeds that begin with what their inputs hold: nothing is waited for. */
  readonly #seeded = new Set<string>()
  readonly #faults: Faults
  readonly #listeners: GraphListeners
  #started = false
  #tick = 0
  #isTicking = false

  /** @throws RangeError when the definitions make no graph (see `topologyOf`). */
  constructor(options: GraphOptions) {
    this.#options = options
    this.#listeners = new GraphListeners(options.log)
    this.#parts = new Parts(
      { ...options, storeLimits: options.storeLimits ?? defaultStoreLimits },
      {
        answered: (name, sample, isNews) => (isNews ? this.offer(name, sample) : this.#pass(name, sample)),
        judged: name => this.#rejudge(name),
        late: (name, sample) => this.offer(name, sample),
        failed: (name, error) => this.#fail(name, error),
      },
    )
    this.pace = new Pace(options.clock, () => this.#run())
    this.#faults = new Faults(options.random, options.log)
    this.#demand = new Demand(
      options.clock,
      feed => this.#topology.sources.get(feed) ?? [],
      source => this.#rejudge(source),
    )
    this.replace(options)
  }

  /** Takes up, in one tick, the tables and positions of a run before; once, before `start` and before anybody reads. */
  restore(saved: ReadonlyMap<string, SavedTable>, left: ReadonlyMap<string, LeftOff>): void {
    for (const [name, position] of left) this.#parts.feeds.get(name)?.resume(position)
    for (const [name, table] of saved) {
      const sample = this.#parts.sources.get(name)?.restore(table, left.get(name))
      if (sample !== undefined) this.#pending.set(name, sample)
    }
    this.#run()
  }

  /** Begins to poll what must not sleep. */
  start(): void {
    this.#started = true
    this.#demand.always(sleepless(this.#definitions))
  }

  /**
   * Other sources and feeds from now on: all of them or, where it throws, none. What is defined as before goes on with its table,
   * position, poller and readers; what is defined otherwise begins a new epoch, at once where its inputs have data.
   * @param accepted called when none can be refused any more, before anything is computed by the new ones
   * @throws RangeError when the definitions make no graph (see `topologyOf`).
   */
  replace(definitions: Definitions, accepted: () => void = () => undefined): Redefinition {
    const { sources, feeds } = definitions
    const topology = topologyOf(sources, feeds)
    const redefinition = compareDefinitions(this.#definitions, definitions, topology)
    const { added, changed, removed, adjusted } = redefinition
    const gone = this.#parts.named(removed)
    const begun = this.#parts.replace(definitions, topology, redefinition)
    this.#definitions = definitions
    this.#topology = topology
    for (const name of [...removed, ...changed]) this.#forget(name)
    for (const source of begun) this.#demand.add({ name: source.definition.name, lingerMs: source.definition.lingerMs, poller: source })
    const redefined = { changed: this.#parts.named(changed), removed: gone, adjusted: this.#parts.named(adjusted) }
    this.#listeners.tell(listener => listener.redefined?.(redefined))
    accepted()
    this.#demand.aim()
    if (this.#started) this.#demand.always(sleepless(definitions))
    this.#seed([...added, ...changed])
    for (const name of [...added, ...changed]) this.#judge(name)
    this.#settle()
    return redefinition
  }

  listen(listener: GraphListener): () => void {
    return this.#listeners.add(listener)
  }

  feed(name: string): Feed | undefined {
    return this.#parts.feeds.get(name)
  }

  /** All feeds, the server's own included, in dependency order. */
  feeds(): Iterable<Feed> {
    return this.#parts.feeds.values()
  }

  sources(): Iterable<LiveSource> {
    return this.#parts.sources.values()
  }

  /** What is at work, by name: a source, or a pipeline. */
  get parts(): Pick<Parts, 'sources' | 'derived'> {
    return this.#parts
  }

  /** Rises within one server run. */
  get tick(): number {
    return this.#tick
  }

  /** One reader wants a feed until the returned function is called; its sources go on for their linger. */
  want(name: string): () => void {
    return this.#demand.want(name)
  }

  /** A sample of it waits for the next tick: what its freshness says of a proof is not of its table yet. */
  isPending(name: string): boolean {
    return this.#pending.has(name)
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
    await this.#parts.close()
  }

  /** Nothing is left of what was at work under a name. */
  #forget(name: string): void {
    this.#pending.delete(name)
    this.#faults.clear(name)
    this.#demand.remove(name)
  }

  /** What begins is computed at once from inputs that have data: their next poll may be far. */
  #seed(names: readonly string[]): void {
    for (const name of names) if (this.#parts.derived.get(name)?.inputs.some(input => input.hasData) === true) this.#seeded.add(name)
    if (this.#seeded.size > 0) this.pace.request()
  }

  /** An unchanged poll of a source nothing is computed from is no tick: its time is all that is new. */
  #pass(name: string, sample: Sample): void {
    if ((this.#topology.affected.get(name)?.length ?? 0) > 1 || this.#parts.feeds.get(name)?.hasData !== true) this.offer(name, sample)
    else this.#rejudge(name)
  }

  #run(): void {
    if (this.#pending.size === 0 && this.#seeded.size === 0) return
    this.#isTicking = true
    try {
      this.#evaluateAll()
    } finally {
      this.#isTicking = false
    }
    this.#settle()
  }

  #evaluateAll(): void {
    const offers = new Map(this.#pending)
    this.#pending.clear()
    this.#tick++
    const at = this.#options.clock.now()
    const emitted = new Map<Feed, Sample>()
    const changed = new Map<Feed, Sample>()
    const names = affectedOf(this.#topology, [...offers.keys(), ...this.#seeded])
    const empty = names.filter(name => this.#parts.feeds.get(name)?.hasData !== true)
    for (const name of names) this.#evaluate(name, offers.get(name), emitted, changed, at)
    this.#seeded.clear()
    // Readers of first data know how far to believe it when they see it. All others are told of the proof after the
    // data: before it, what they still hold would be called fresh.
    for (const name of empty) this.#judge(name)
    if (changed.size > 0) this.#listeners.tell(listener => listener.tick({ tick: this.#tick, at, changed }))
    for (const name of names) this.#judge(name)
  }

  #evaluate(name: string, offer: Sample | undefined, emitted: Map<Feed, Sample>, changed: Map<Feed, Sample>, at: number): void {
    const feed = this.#parts.feeds.get(name)
    const computed = this.#push(name, emitted)
    const sample = offer !== undefined && computed !== undefined ? mergeSamples(offer, computed) : (computed ?? offer)
    if (feed === undefined || sample === undefined) return
    const { clock, random } = this.#options
    try {
      const accepted = feed.accept({ ...sample, tick: this.#tick }, at, clock.monotonic(), random)
      emitted.set(feed, accepted.sample)
      if (accepted.changed) changed.set(feed, accepted.sample)
      this.#faults.clear(name)
    } catch (error) {
      this.#parts.derived.get(name)?.pipeline.close()
      this.#fail(name, error)
    }
  }

  #push(name: string, emitted: ReadonlyMap<Feed, Sample>): Sample | undefined {
    const derived = this.#parts.derived.get(name)
    if (derived === undefined) return undefined
    const { inputs, pipeline } = derived
    const samples = inputs.map(input => toldOn(emitted.get(input)))
    if (!this.#seeded.has(name) && samples.every(sample => sample === undefined)) return undefined
    return pipeline.push(
      samples,
      inputs.map(input => toldOn(input.sample)),
    )
  }

  #fail(name: string, cause: unknown): void {
    const reason = this.#faults.add(name, cause)
    for (const step of this.#parts.feeds.get(name)?.steps ?? []) step.blame(cause, reason)
    this.#rejudge(name)
  }

  #rejudge(origin: string): void {
    for (const name of this.#topology.affected.get(origin) ?? []) this.#judge(name)
    this.#settle()
  }

  #settle(): void {
    if (!this.#isTicking) this.#listeners.tell(listener => listener.settled?.())
  }

  #judge(name: string): void {
    const feed = this.#parts.feeds.get(name)
    if (feed === undefined) return
    const before = feed.freshness
    const judgement = this.#judgement(name, feed)
    const told = feed.judge(judgement, this.#options.clock.now())
    const caughtUp = this.#catchUp(feed)
    if (told || caughtUp || before.validatedAt !== judgement.validatedAt) this.#listeners.tell(listener => listener.freshness(feed, told))
  }

  /** Whether it was behind a run before, and polls have now proved all of its sources. */
  #catchUp(feed: Feed): boolean {
    const before = feed.isBehind
    let isBehind = false
    for (const source of this.#topology.sources.get(feed.name) ?? [])
      isBehind ||= this.#parts.sources.get(source)?.isBehind === true || (before && this.#pending.has(source))
    feed.isBehind = isBehind
    return before && !isBehind
  }

  #judgement(name: string, feed: Feed): Judgement {
    const source = this.#parts.sources.get(name)?.judge(this.#demand.wants(name))
    const fault = this.#faults.reason(name)
    if (source !== undefined && fault === undefined) return source
    const inputs = source === undefined ? (this.#parts.derived.get(name)?.inputs ?? []).map(input => input.freshness) : [source]
    const degraded = feed.sample?.degraded
    return judgeDerived(inputs, {
      hasData: feed.hasData,
      ...(degraded === undefined ? {} : { degraded }),
      ...(fault === undefined ? {} : { fault }),
    })
  }
}
