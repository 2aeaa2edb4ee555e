import type { Random } from '../lib/random.ts'
import type { Freshness } from '../model/freshness.ts'
import { newEpoch, type Position } from '../model/position.ts'
import type { LeftOff } from '../model/saved.ts'
import { defaultStoreLimits, Store, type StoreLimits } from '../model/store.ts'
import { letsGo, type Sample } from '../model/table.ts'
import type { OrderTerm } from '../model/order.ts'
import type { FeedDefinition, SourceDefinition } from './definition.ts'
import { saysTheSame, triesAnew, type Judgement } from './freshness.ts'

export interface FeedOptions {
  readonly name: string
  readonly description?: string
  readonly public: boolean
  /** Of its definition. */
  readonly fingerprint: string
  readonly order?: readonly OrderTerm[]
  readonly lingerMs: number
  readonly storeLimits: StoreLimits
}

export function feedOptions(
  definition: SourceDefinition | FeedDefinition,
  lingerMs: number,
  storeLimits = defaultStoreLimits,
): FeedOptions {
  const { name, description, order, fingerprint } = definition
  return {
    name,
    public: definition.public,
    fingerprint,
    lingerMs,
    storeLimits,
    ...(description === undefined ? {} : { description }),
    ...(order === undefined ? {} : { order }),
  }
}

/** A named live table; the unit of subscription. Only the graph calls `accept` and `judge`. */
export class Feed {
  readonly options: FeedOptions
  #epoch: string
  /** The one counter of the feed: its views draw from it too, and a new epoch goes on from it. */
  #version = 0
  #store: Store
  #sample: Sample | undefined
  #freshness: Freshness
  #changedIn = { tick: 0, at: 0 }
  #left: LeftOff | undefined
  /** A run before may have shown later tables than this one, and no poll has proved it since. */
  isBehind = false

  constructor(options: FeedOptions, now: number, random: Random) {
    this.options = options
    this.#epoch = newEpoch(now, random)
    this.#store = new Store(options.storeLimits)
    this.#freshness = { state: 'waiting', since: now }
  }

  get name(): string {
    return this.options.name
  }
  get epoch(): string {
    return this.#epoch
  }
  get position(): Position {
    return { epoch: this.#epoch, version: this.#version }
  }
  get store(): Store {
    return this.#store
  }
  get freshness(): Freshness {
    return this.#freshness
  }
  /** The last sample; its table is the pipeline's own and is to be read at once. Undefined: no data yet. */
  get sample(): Sample | undefined {
    return this.#sample
  }
  /** The tick in which its table last changed, and when that was, ms since 1970. */
  get changedIn(): { readonly tick: number; readonly at: number } {
    return this.#changedIn
  }
  get hasData(): boolean {
    return this.#sample !== undefined
  }

  /** Its first table goes on at the position where a run before left off, if it is the one that was there; else it only counts on. */
  resume(left: LeftOff): void {
    this.#left = left
  }

  /**
   * Takes what its pipeline or poll brought; returns the sample as it stands, and whether the table changed.
   * @throws what makes the sample no table that can be kept; the feed has no data then, and begins anew with the next.
   */
  accept(incoming: Sample, now: number, monotonicMs: number, random: Random): { readonly sample: Sample; readonly changed: boolean } {
    const order = this.options.order
    const ordered = order === undefined ? incoming : { ...incoming, table: { ...incoming.table, order } }
    if (!this.#continues(ordered)) this.#begin(now, random)
    // An empty store is given everything: what changed since a sample it never took would be a part only.
    const sample: Sample = this.#store.version === 0 ? { ...ordered, changes: 'all' } : ordered
    try {
      const version = this.#left?.version ?? this.#version + 1
      const changed = this.#store.commit(version, sample, monotonicMs)
      if (changed) {
        this.#version = version
        this.#goOn(now, random)
        this.#changedIn = { tick: sample.tick, at: now }
      }
      this.#sample = sample
      return { sample, changed }
    } catch (error) {
      // What was half taken over is no table that ever was.
      this.#sample = undefined
      this.#begin(now, random)
      throw error
    }
  }

  /** Says how far the data can be believed; returns whether readers have to be told at once. */
  judge(judgement: Judgement, now: number): boolean {
    const before = this.#freshness
    const same = saysTheSame(before, judgement)
    this.#freshness = { ...judgement, since: same ? before.since : now }
    return !same || triesAnew(before, judgement)
  }

  #continues({ table, changes }: Sample): boolean {
    if (this.#store.version === 0) return true
    return this.#store.key === table.key && !(changes === 'all' && letsGo(this.#store.columns, table.columns))
  }

  #goOn(now: number, random: Random): void {
    const left = this.#left
    if (left === undefined) return
    this.#left = undefined
    const isSame = this.#store.count === left.count && this.#store.sum === left.sum
    this.#epoch = isSame ? left.epoch : newEpoch(now, random, left.epoch)
  }

  /** Another key column makes other rows of the same ones, and columns only grow: continuity is lost. */
  #begin(now: number, random: Random): void {
    this.#epoch = newEpoch(now, random, this.#epoch)
    this.#store = new Store(this.options.storeLimits)
  }
}
