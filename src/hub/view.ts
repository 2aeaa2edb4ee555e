import { map, type Observable } from 'rxjs'
import type { Feed } from '../feed/feed.ts'
import { saysTheSame } from '../feed/freshness.ts'
import type { Clock } from '../lib/clock.ts'
import { Pipeline } from '../feed/pipeline.ts'
import type { Freshness } from '../model/freshness.ts'
import type { OrderTerm } from '../model/order.ts'
import type { Position } from '../model/position.ts'
import { Store } from '../model/store.ts'
import { StoreRows } from '../model/store-rows.ts'
import type { Sample } from '../model/table.ts'
import { pickFields } from '../operator/fields.ts'
import { top } from '../operator/top.ts'
import { where } from '../operator/where.ts'
import { Frames } from './frames.ts'
import type { ViewPlan } from './query.ts'
import type { Asker } from './principal.ts'
import { checkFrame, statusFrame } from './view-frame.ts'

export interface ViewEvents {
  failed(view: View, error: unknown): void
  /** A frame was encoded. */
  encoded(view: View): void
  /** So many ms went into encoding one, or a part of it. */
  worked(view: View, ms: number): void
}

export interface ViewDeps {
  readonly clock: Clock
  readonly events: ViewEvents
  /** UTF-16 units of a snapshot that are encoded in one turn of the loop; default 1 Mi. */
  readonly snapshotPartLength?: number | undefined
}

/** Who follows a view. */
export interface ViewReader {
  /** The connection that it is part of. */
  readonly line: Asker
  /** The view went on to another version. */
  changed(): void
  /** How far the data can be believed changed, or was proved anew. */
  freshened(): void
  write(frame: Buffer): void
  /** The server ends it: the feed is no more for readers. */
  dismiss(): void
}

const nowhere: Position = { epoch: '', version: 0 }

/** What a view holds that does not share the feed's store. */
interface Own {
  store: Store
  epoch: string
  pipeline: Pipeline
}

function pipelineOf(plan: ViewPlan, inherited: () => readonly OrderTerm[]): (input: Observable<Sample>) => Observable<Sample> {
  return input => {
    const filtered = plan.where === undefined ? input : input.pipe(where(plan.where))
    const limited = plan.limit === undefined ? filtered : filtered.pipe(top({ by: plan.order ?? inherited(), limit: plan.limit }))
    const picked = plan.fields === undefined ? limited : limited.pipe(pickFields(plan.fields))
    const { order } = plan
    return order === undefined ? picked : picked.pipe(map(sample => ({ ...sample, table: { ...sample.table, order } })))
  }
}

/**
 * A feed with where, fields, order, limit. Equal views are one object: one pipeline, one state, one frame.
 * Its version is the feed's at which its own table last changed, or at which it was built; numbers are skipped, so
 * that a view that is dropped and built again cannot reuse one.
 */
export class View {
  readonly address: string
  readonly feed: Feed
  readonly frames: Frames
  readonly readers = new Set<ViewReader>()
  /** Rises once per `checkEvery`, as its table changes: each reader is told one checksum for it. */
  checkRound = 0
  /** When readers were last told how far the data can be believed, ms (monotonic). */
  saidAt = Number.NEGATIVE_INFINITY
  /** The proof that fan-out was last counted for, ms since 1970. */
  countedProof = 0
  /** ms (monotonic). */
  readonly builtAt: number
  /** Readers that wait for an answer, a `get` or an HTTP request. */
  waiting = new Set<() => void>()
  readonly plan: ViewPlan
  #position: Position = { epoch: '', version: 0 }
  #status: { readonly of: Freshness; readonly frame: Buffer } | undefined
  #check: { readonly at: Position; readonly frame: Buffer } | undefined
  /** What taking over what its feed brought took the last time, in ms. */
  takeMs = 0
  /** Its feed went on without it: it has not seen what changed, and is believed as far as it was then. */
  #behind: Freshness | undefined
  /** Where its feed stood when it last took anything. */
  #taken: Position = nowhere
  readonly #events: ViewEvents
  /** Undefined where the view shows every row and column: it shares the feed's store. */
  readonly #own: Own | undefined

  constructor(feed: Feed, plan: ViewPlan, { clock, events, snapshotPartLength }: ViewDeps) {
    const monotonicMs = clock.monotonic()
    this.feed = feed
    this.address = plan.address
    this.builtAt = monotonicMs
    this.plan = plan
    this.#events = events
    const narrows = plan.where !== undefined || plan.fields !== undefined || plan.limit !== undefined
    this.#own = narrows ? { store: new Store(feed.store.limits), epoch: feed.position.epoch, pipeline: this.#newPipeline() } : undefined
    const { address, order } = plan
    const encoded = (): void => events.encoded(this)
    const worked = (ms: number): void => events.worked(this, ms)
    this.frames = new Frames(this.store, feed.position.epoch, { address, clock, order, encoded, worked, snapshotPartLength })
    if (feed.hasData) this.#takeStored(monotonicMs)
  }

  get store(): Store {
    return this.#own === undefined ? this.feed.store : this.#own.store
  }
  /** One object for all readers who stand there. */
  get position(): Position {
    const epoch = this.#own?.epoch ?? this.feed.epoch
    const { version } = this.store
    if (this.#position.version !== version || this.#position.epoch !== epoch) this.#position = { epoch, version }
    return this.#position
  }
  get isBase(): boolean {
    return this.address === this.feed.name
  }

  /** It only lingers: nobody reads it, nor waits for it, so that what it shows need not be computed. */
  get mayMiss(): boolean {
    return this.#own !== undefined && this.readers.size === 0 && this.waiting.size === 0
  }
  /** What keeping it up to date, and telling so, is likely to take, in ms. */
  get likelyMs(): number {
    return this.takeMs + this.frames.deltaMs
  }
  /** Its table is not the feed's own: it takes time to compute. */
  get isOwn(): boolean {
    return this.#own !== undefined
  }
  /** Its feed went on without it: it only lingered, or was put off. */
  get isBehind(): boolean {
    return this.#behind !== undefined
  }

  /** While it is behind no further than what it shows was proved; what went wrong since is no less true of it. */
  get freshness(): Freshness {
    const { freshness } = this.feed
    if (this.#behind === undefined) return freshness
    if (freshness.state === 'fresh' || freshness.state === 'degraded') return this.#behind
    const { validatedAt: _, asOf: __, ...judged } = freshness
    const { validatedAt, asOf } = this.#behind
    return { ...judged, ...(validatedAt === undefined ? {} : { validatedAt }), ...(asOf === undefined ? {} : { asOf }) }
  }

  /** Whether readers were last told another state, cause or reason. */
  get isOtherwise(): boolean {
    return this.#status === undefined || !saysTheSame(this.#status.of, this.freshness)
  }

  /** How far its data can be believed, as a message; encoded once for all who are told. */
  get status(): Buffer {
    const { freshness } = this
    if (this.#status?.of !== freshness) this.#status = { of: freshness, frame: statusFrame(this.address, freshness) }
    return this.#status.frame
  }
  /** What a reader at its position must hold, as a message; encoded once for all who are told. */
  get check(): Buffer {
    const { position, store } = this
    if (this.#check?.at !== position) this.#check = { at: position, frame: checkFrame(this.address, store) }
    return this.#check.frame
  }

  /** The feed went on, and this view does not for now. Called before the feed is said to be believed further for it. */
  miss(): void {
    const { freshness } = this.feed
    // What shows nothing yet is not to be believed, however fresh its feed is.
    this.#behind ??= this.position.version === 0 ? { state: 'waiting', since: freshness.since } : freshness
  }

  /** Takes over what was missed; returns whether the view's own table changed. */
  catchUp(monotonicMs: number): boolean {
    return this.isBehind && this.feed.hasData && this.#takeStored(monotonicMs)
  }

  /** Takes the feed's sample of a tick over; returns whether the view's own table changed. */
  take(incoming: Sample, tick: number, at: number, monotonicMs: number): boolean {
    const changed = this.#own === undefined || this.#takeOwn(this.isBehind ? this.#stored() : incoming, monotonicMs)
    this.#behind = undefined
    this.#taken = this.feed.position
    if (changed) this.frames.advance(this.store, this.position.epoch, tick, at)
    return changed
  }

  /** The feed begins anew: there is no data until it has some. */
  begin(): void {
    this.#behind = undefined
    if (this.#own !== undefined) this.#begin(this.#own)
  }

  /** The feed is no more for readers: those who follow it are told, and who waits for its data waits no longer. */
  dismiss(): void {
    for (const reader of this.readers) reader.dismiss()
    this.readers.clear()
    for (const wake of this.waiting) wake()
  }

  close(): void {
    this.#own?.pipeline.close()
  }

  #takeStored(monotonicMs: number): boolean {
    const { tick, at } = this.feed.changedIn
    return this.take(this.#stored(), tick, at, monotonicMs)
  }

  /** The feed's table as its readers have it, with what changed since this view last took anything: that of its sample may be further. */
  #stored(): Sample {
    const { store, position, sample, changedIn } = this.feed
    const { key, columns, order, kind } = store
    const keys = position.epoch === this.#taken.epoch ? store.keysSince(this.#taken.version) : undefined
    return {
      table: { key, columns, rows: new StoreRows(store), order, kind },
      changes: keys === undefined ? 'all' : new Map(keys.map(changed => [changed, undefined])),
      tick: changedIn.tick,
      time: sample?.time ?? 0,
    }
  }

  #takeOwn(sample: Sample, monotonicMs: number): boolean {
    const own = this.#own
    if (own === undefined) return true
    const { epoch, version } = this.feed.position
    const begins = own.epoch !== epoch
    if (begins) this.#begin(own)
    const emitted = own.pipeline.push([sample], [sample])
    return emitted === undefined ? begins : own.store.commit(version, emitted, monotonicMs)
  }

  #begin(own: Own): void {
    own.pipeline.close()
    own.pipeline = this.#newPipeline()
    own.store = new Store(this.feed.store.limits)
    own.epoch = this.feed.epoch
  }

  #newPipeline(): Pipeline {
    const build = pipelineOf(this.plan, () => this.feed.store.order)
    const failed = (error: unknown): void => this.#events.failed(this, error)
    return new Pipeline(([input]) => build(input as Observable<Sample>), 1, {
      late: () => failed(new Error('a view has no timers')),
      failed,
    })
  }
}
