import type { Feed } from '../feed/feed.ts'
import type { Graph } from '../feed/graph.ts'
import type { Tick } from '../feed/graph-listener.ts'
import type { Clock } from '../lib/clock.ts'
import { fingerprint } from '../lib/fingerprint.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { SavedPart } from '../model/saved.ts'
import { Alertmanager } from './alertmanager.ts'
import { Courier, type SinkDeps } from './courier.ts'
import { logOutlet } from './log-sink.ts'
import { Mutes } from './mutes.ts'
import { isUp, outagesOf, type Outage } from './outage.ts'
import type { SinkOptions } from './sink.options.ts'
import type { SinkFigures, WayOut } from './way-out.ts'
import { webhookOutlet } from './webhook.ts'

/** A feed, and who is told of it. */
export interface FeedSinks {
  readonly name: string
  readonly sinks: readonly SinkOptions[]
}

interface Open {
  readonly wayOut: WayOut
  outages: ReadonlyMap<string, Outage>
}

/**
 * All that is told to somebody but readers. Feeds that name the same receiver in the same words share one way out, which is told of
 * an outage once.
 */
export class Sinks {
  readonly #graph: Graph
  readonly #deps: SinkDeps
  readonly #mutes: Mutes
  /** By what they are. */
  readonly #open = new Map<string, Open>()
  /** The ways out of a feed. */
  #byFeed: ReadonlyMap<string, readonly WayOut[]> = new Map()
  readonly #closing = new Set<Promise<void>>()
  #isJudged = false
  readonly #stopListening: () => void

  constructor(graph: Graph, deps: { readonly clock: Clock; readonly random: Random; readonly log: Logger }) {
    this.#graph = graph
    this.#mutes = new Mutes(deps.clock, name => this.#unmuted(name))
    this.#deps = { ...deps, isMuted: name => this.#mutes.until(name) !== undefined }
    this.#stopListening = graph.listen({
      tick: tick => this.#tick(tick),
      freshness: (_feed, told) => void (this.#isJudged ||= told),
      settled: () => this.#settled(),
    })
  }

  /** From now on these are told, and no others; who is told as before does not notice. */
  replace(feeds: readonly FeedSinks[]): void {
    const wanted = new Map<string, { readonly options: SinkOptions; readonly feeds: Feed[] }>()
    for (const { name, sinks } of feeds) {
      const feed = this.#graph.feed(name)
      for (const options of sinks) {
        const id = fingerprint(options)
        const entry = wanted.get(id) ?? { options, feeds: [] }
        wanted.set(id, entry)
        if (feed !== undefined && !entry.feeds.includes(feed)) entry.feeds.push(feed)
      }
    }
    for (const [id, { wayOut }] of this.#open) if (!wanted.has(id)) this.#end(id, wayOut)
    for (const [id, { options, feeds: followed }] of wanted) {
      const open = this.#open.get(id) ?? { wayOut: this.#create(options), outages: new Map() }
      this.#open.set(id, open)
      open.wayOut.follow(followed)
    }
    this.#byFeed = new Map(
      feeds.map(({ name, sinks }) => [name, [...new Set(sinks.map(fingerprint))].flatMap(id => this.#open.get(id)?.wayOut ?? [])]),
    )
    this.#judge()
  }

  /** What survives a restart. */
  get parts(): readonly SavedPart[] {
    return [this.#mutes, { section: 'told', save: () => this.#save(), restore: saved => this.#restore(saved) }]
  }

  /** `until`: ms since 1970; what has passed ends it. @returns whether there is a feed of that name. */
  mute(feed: string, until: number): boolean {
    if (this.#graph.feed(feed) === undefined || feed.startsWith('$')) return false
    this.#mutes.set(feed, until)
    this.#judge()
    return true
  }

  /** ms since 1970; undefined: it is not muted. */
  mutedUntil(feed: string): number | undefined {
    return this.#mutes.until(feed)
  }

  /** What each feed's ways out have come to; feeds may share one. */
  told(): { readonly feed: string; readonly figures: SinkFigures }[] {
    return [...this.#byFeed].flatMap(([feed, waysOut]) => waysOut.map(({ figures }) => ({ feed, figures })))
  }

  figures(): SinkFigures[] {
    return [...this.#open.values()].map(({ wayOut }) => wayOut.figures)
  }

  /** Tells once more what waits, and gives up after `withinMs`. */
  async close(withinMs: number): Promise<void> {
    this.#stopListening()
    this.#mutes.close()
    await Promise.all([...[...this.#open.values()].map(({ wayOut }) => wayOut.close(withinMs)), ...this.#closing])
  }

  /** What each was told, by what it is. */
  #save(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#open].map(([id, { wayOut }]) => [id, wayOut.save?.()]))
  }

  #restore(saved: unknown): void {
    if (typeof saved !== 'object' || saved === null) return
    const told = new Map<string, unknown>(Object.entries(saved))
    for (const [id, open] of this.#open) open.outages = open.wayOut.restore?.(told.get(id)) ?? open.outages
  }

  #create(options: SinkOptions): WayOut {
    if (options.kind === 'alertmanager') return new Alertmanager(options.options, this.#deps)
    return new Courier(options.kind === 'log' ? logOutlet(this.#deps.log) : webhookOutlet(options.options, this.#deps.clock), this.#deps)
  }

  /** Whoever is no longer told is told what waits, first. */
  #end(id: string, wayOut: WayOut): void {
    this.#open.delete(id)
    const closing = wayOut.close(10_000).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #tick({ changed }: Tick): void {
    for (const feed of changed.keys()) for (const wayOut of this.#byFeed.get(feed.name) ?? []) wayOut.touch(feed)
  }

  #settled(): void {
    if (!this.#isJudged) return
    this.#isJudged = false
    this.#judge()
  }

  /** What is down, and what nobody knows of yet whether it is up again. */
  #judge(): void {
    for (const open of this.#open.values()) {
      const now = outagesOf(this.#graph, open.wayOut.feeds)
      const still = [...open.outages].filter(([name]) => !now.has(name) && !isUp(this.#graph, name))
      open.outages = new Map([...still, ...now])
      open.wayOut.outages(open.outages)
    }
  }

  #unmuted(name: string): void {
    const feed = this.#graph.feed(name)
    if (feed !== undefined) for (const wayOut of this.#byFeed.get(name) ?? []) wayOut.touch(feed)
    this.#judge()
  }
}
