import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { noHints } from '../model/hint.ts'
import type { Position } from '../model/position.ts'
import type { StoreLimits } from '../model/store.ts'
import type { Sample } from '../model/table.ts'
import type { FeedDefinition, SourceDefinition } from './definition.ts'
import { Feed, type FeedOptions } from './feed.ts'
import { LiveSource } from './live-source.ts'
import { Pipeline } from './pipeline.ts'
import { isSource, type Definitions, type Redefinition } from './redefinition.ts'
import type { Topology } from './topology.ts'

export interface PartsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly storeLimits: StoreLimits
}

/** What the parts tell, by the name of the feed that it is about. */
export interface PartsEvents {
  /** A good poll; `isNews`: rows, or what is kept back, changed. */
  answered(name: string, sample: Sample, isNews: boolean): void
  /** A source has to be judged again. */
  judged(name: string): void
  /** A pipeline emitted outside a push. */
  late(name: string, sample: Sample): void
  /** A pipeline failed. */
  failed(name: string, error: unknown): void
}

interface Derived {
  readonly inputs: readonly Feed[]
  /** The names of those whose rows are its own, before any step. */
  readonly from: ReadonlySet<string>
  readonly pipeline: Pipeline
}

/** What is at work for the definitions of a graph: a feed for each of them, and the source or pipeline that it is fed by. */
export class Parts {
  readonly #options: PartsOptions
  readonly #events: PartsEvents
  #feeds: ReadonlyMap<string, Feed> = new Map()
  readonly #sources = new Map<string, LiveSource>()
  readonly #derived = new Map<string, Derived>()
  /** Sources that are no more, until they have let go of their connections. */
  readonly #closing = new Set<Promise<void>>()
  /** No reader holds a later position of a feed that is no more; one that comes back goes on from it. */
  #retired: Position = { epoch: '', version: 0 }

  constructor(options: PartsOptions, events: PartsEvents) {
    this.#options = options
    this.#events = events
  }

  /** In dependency order. */
  get feeds(): ReadonlyMap<string, Feed> {
    return this.#feeds
  }
  get sources(): ReadonlyMap<string, LiveSource> {
    return this.#sources
  }
  get derived(): ReadonlyMap<string, Derived> {
    return this.#derived
  }

  /** The feeds of these names, as far as there are any. */
  named(names: readonly string[]): Feed[] {
    return names.map(name => this.#feeds.get(name)).filter(feed => feed !== undefined)
  }

  /**
   * From now on there is what is defined. What is neither added nor changed is the same object as before.
   * @returns the sources that begin.
   */
  replace(definitions: Definitions, topology: Topology, { added, changed, removed }: Redefinition): readonly LiveSource[] {
    const begun = new Set([...added, ...changed])
    // What may fail comes first.
    const sources = definitions.sources.filter(({ name }) => begun.has(name)).map(source => this.#newSource(source))
    for (const name of [...removed, ...changed]) this.#end(name)
    for (const { position } of this.named(removed)) this.#retire(position)
    this.#feeds = this.#define(definitions, topology, begun)
    for (const source of sources) this.#sources.set(source.definition.name, source)
    for (const feed of definitions.feeds) if (begun.has(feed.name)) this.#derived.set(feed.name, this.#newDerived(feed))
    return sources
  }

  async close(): Promise<void> {
    for (const { pipeline } of this.#derived.values()) pipeline.close()
    await Promise.all([...[...this.#sources.values()].map(source => source.close()), ...this.#closing])
  }

  #end(name: string): void {
    this.#derived.get(name)?.pipeline.close()
    this.#derived.delete(name)
    const source = this.#sources.get(name)
    if (source === undefined) return
    this.#sources.delete(name)
    const closing = source
      .close()
      .catch((error: unknown) => this.#options.log.error({ source: name, err: error }, `source '${name}' could not be closed`))
      .finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #retire({ epoch, version }: Position): void {
    const last = this.#retired
    this.#retired = { epoch: epoch > last.epoch ? epoch : last.epoch, version: Math.max(version, last.version) }
  }

  #define({ sources, feeds }: Definitions, topology: Topology, begun: ReadonlySet<string>): ReadonlyMap<string, Feed> {
    const { clock, random } = this.#options
    const definitions = new Map([...sources, ...feeds].map(definition => [definition.name, definition]))
    const defined = new Map<string, Feed>()
    for (const name of topology.order) {
      const definition = definitions.get(name)
      if (definition === undefined) continue
      const options = this.#feedOptions(definition, defined, topology.sources.get(name) ?? new Set())
      const former = this.#feeds.get(name)
      if (begun.has(name)) former?.redefine(options, clock.now(), random)
      else former?.adjust(options)
      defined.set(name, former ?? new Feed(options, clock.now(), random, this.#retired))
    }
    return defined
  }

  #feedOptions(definition: SourceDefinition | FeedDefinition, feeds: ReadonlyMap<string, Feed>, sources: ReadonlySet<string>): FeedOptions {
    const { name, description, order, fingerprint, hints = noHints } = definition
    const lingers = isSource(definition) ? [definition.lingerMs] : definition.inputs.map(input => feeds.get(input)?.options.lingerMs ?? 0)
    return {
      name,
      public: definition.public,
      fingerprint,
      hints,
      lingerMs: Math.max(0, ...lingers),
      sources,
      storeLimits: this.#options.storeLimits,
      ...(description === undefined ? {} : { description }),
      ...(order === undefined ? {} : { order }),
    }
  }

  #newSource(definition: SourceDefinition): LiveSource {
    const { name } = definition
    const { clock, log } = this.#options
    return new LiveSource(definition, clock, log, {
      answered: (sample, isNews) => this.#events.answered(name, sample, isNews),
      judged: () => this.#events.judged(name),
    })
  }

  #newDerived(definition: FeedDefinition): Derived {
    const { name } = definition
    const inputs = this.named(definition.inputs)
    const feed = this.#feeds.get(name)
    if (feed !== undefined) {
      feed.inputs = definition.inputs
      feed.steps = definition.steps ?? []
    }
    const pipeline = new Pipeline((...given) => definition.pipeline(...given), inputs.length, {
      late: sample => this.#events.late(name, sample),
      failed: error => this.#events.failed(name, error),
    })
    return { inputs, from: new Set(definition.from ?? definition.inputs), pipeline }
  }
}
