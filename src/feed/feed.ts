import type { Random } from '../lib/random.ts'
import type { Freshness } from '../model/freshness.ts'
import type { Hints } from '../model/hint.ts'
import { newEpoch, type Position } from '../model/position.ts'
import type { LeftOff } from '../model/saved.ts'
import { Store, type StoreLimits } from '../model/store.ts'
import { letsGo, type Sample } from '../model/table.ts'
import type { OrderTerm } from '../model/order.ts'
import type { InstanceOf, Template } from './definition.ts'
import { saysTheSame, triesAnew, type Judgement } from './freshness.ts'
import type { StepProbe } from './step-probe.ts'

export interface FeedOptions {
  readonly name: string
  readonly description?: string
  readonly hints: Hints
  readonly public: boolean
  /** Of its definition. */
  readonly fingerprint: string
  readonly order?: readonly OrderTerm[]
  readonly lingerMs: number
  /** What it is computed from in the end; of a source itself. */
  readonly sources: ReadonlySet<string>
  readonly storeLimits: StoreLimits
  /** Readers fill in params of it. */
  readonly template?: Template
  /** It is that of a set of params. */
  readonly instanceOf?: InstanceOf
}

const nowhere: Position = { epoch: '', version: 0 }

/** A named live table; the unit of subscription. Only the graph calls what changes it. */
export class Feed {
  #options: FeedOptions
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
  /** What it is computed from, and who watches the steps that lead to it; none of a source. */
  inputs: readonly string[] = []
  steps: readonly StepProbe[] = []

  /** `after`: the last position that a reader of a feed of this name may hold; epoch and version go on from it. */
  constructor(options: FeedOptions, now: number, random: Random, after: Position = nowhere) {
    this.#options = options
    this.#epoch = newEpoch(now, random, after.epoch)
    this.#version = after.version
    this.#store = new Store(options.storeLimits)
    this.#freshness = { state: 'waiting', since: now }
  }

  get options(): FeedOptions {
    return this.#options
  }
  get name(): string {
    return this.#options.name
  }
  /** The name that it is followed and granted by: of the source whose params it is for, else its own. */
  get family(): string {
    return this.#options.instanceOf?.name ?? this.#options.name
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
    const { order } = this.#options
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
    this.#freshness = { since: same ? before.since : now, ...judgement }
    return !same || triesAnew(before, judgement)
  }

  /** Described or listed otherwise; the table goes on. */
  adjust(options: FeedOptions): void {
    this.#options = options
  }

  /** It is another table from now on, without data yet: a new epoch. */
  redefine(options: FeedOptions, now: number, random: Random): void {
    const left = this.#left
    this.#options = options
    this.#sample = undefined
    this.isBehind = false
    // Where a run before left off was a table of the former definition; a reader may hold it.
    this.#left = undefined
    this.#version = Math.max(this.#version, left?.version ?? 0)
    this.#begin(now, random, left?.epoch)
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
  #begin(now: number, random: Random, after = ''): void {
    this.#epoch = newEpoch(now, random, after > this.#epoch ? after : this.#epoch)
    this.#store = new Store(this.#options.storeLimits)
  }
}
