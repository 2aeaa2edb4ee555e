import type { Cancel } from '../lib/clock.ts'
import { didYouMean } from '../lib/suggest.ts'
import type { Feed } from '../feed/feed.ts'
import type { InstanceOf } from '../feed/definition.ts'
import type { Graph } from '../feed/graph.ts'
import type { ParamSets } from '../feed/param-sets.ts'
import { MillraceError } from '../model/errors.ts'
import { printAddress, type Address } from '../protocol/address.ts'
import { isSeen, type Grants } from './principal.ts'
import { planView, type QueryLimits, type ViewPlan } from './query.ts'
import { View, type ViewDeps } from './view.ts'

export interface ViewLimits extends QueryLimits {
  /** Views of one feed at a time, the feed itself not counted; default 1000. */
  readonly maxViewsPerFeed: number
  /** Sets of params of one source at a time; default 1000. */
  readonly maxParamSets: number
}

/** A view that there may or may not be yet. */
export interface PlannedView {
  /** Of a set of params that there is not yet the source that declares them. */
  readonly feed: Feed
  readonly plan: ViewPlan
  /** Of params: the name of their feed, and which they are. */
  readonly set?: { readonly name: string; readonly of: InstanceOf }
}

export interface ViewsDeps extends ViewDeps {
  /** Undefined: no feed has params. */
  readonly paramSets: ParamSets | undefined
}

/** What is known of a set of params that nobody has asked for yet. */
const emptyStore = { version: 0, order: [], key: '' }

interface Held {
  readonly view: View
  readers: number
  release: (() => void) | undefined
  linger: Cancel | undefined
}

/** All views there are, by address: equal ones are one, and they go when their linger has passed without a reader. */
export class Views {
  readonly #graph: Graph
  readonly #limits: ViewLimits
  readonly #deps: ViewsDeps
  readonly #held = new Map<string, Held>()
  readonly #byFeed = new Map<Feed, Set<View>>()
  /** Feeds of params without a view, until their sets are closed. */
  readonly #unread = new Set<Feed>()

  constructor(graph: Graph, limits: ViewLimits, deps: ViewsDeps) {
    this.#graph = graph
    this.#limits = limits
    this.#deps = deps
  }

  get size(): number {
    return this.#held.size
  }

  /** The view of an address, where there is one. */
  get(address: string): View | undefined {
    return this.#held.get(address)?.view
  }

  /** The views of a feed, itself included where somebody reads it. */
  of(feed: Feed): Iterable<View> {
    return this.#byFeed.get(feed) ?? []
  }

  /** The feeds that there are for a reader. */
  seen(grants: Grants): Feed[] {
    return [...this.#graph.feeds()].filter(feed => feed.options.instanceOf === undefined && isSeen(feed, grants))
  }

  /** @throws MillraceError `not_found`, in the same words whether there is no such feed or none for this reader. */
  feed(name: string, grants: Grants): Feed {
    const feed = this.#graph.feed(name)
    if (feed !== undefined && isSeen(feed, grants)) return feed
    const names = this.seen(grants).map(known => known.name)
    throw new MillraceError('not_found', `no feed '${name.slice(0, 64)}'${didYouMean(name, names)}`)
  }

  /**
   * What a query asks for, with its canonical address; builds nothing.
   * @throws MillraceError `not_found`, `bad_query`.
   */
  plan(query: Address, grants: Grants): PlannedView {
    const feed = this.feed(query.feed, grants)
    const set = setOf(feed, query.params)
    if (set.size === 0) {
      const { params: _, ...rest } = query
      return { feed, plan: planView(feed, rest, this.#limits) }
    }
    const name = printAddress({ feed: feed.name, params: set })
    const known = this.#graph.feed(name)
    const plan = planView(known ?? { family: feed.name, store: emptyStore }, { ...query, params: set }, this.#limits)
    return { feed: known ?? feed, plan, set: { name, of: { name: feed.name, set } } }
  }

  /** Whether a view that was named before the key was known is what is planned now. */
  isThat({ feed, plan: { isEarly, query } }: View, planned: PlannedView): boolean {
    return isEarly && feed === planned.feed && planView(feed, query, this.#limits).address === planned.plan.address
  }

  /**
   * The view that is planned, built where there is none; it stays until `release` was called as often as this.
   * @throws MillraceError `too_many`.
   */
  acquire(planned: PlannedView): View {
    const { plan } = planned
    let held = this.#held.get(plan.address)
    if (held === undefined) {
      const feed = planned.set === undefined ? planned.feed : this.#open(planned.set)
      if (plan.address !== feed.name) this.#makeRoom(feed)
      const view = new View(feed, plan, this.#deps)
      held = { view, readers: 0, release: undefined, linger: undefined }
      this.#held.set(view.address, held)
      const siblings = this.#byFeed.get(feed)
      if (siblings === undefined) this.#byFeed.set(feed, new Set([view]))
      else siblings.add(view)
    }
    held.readers++
    held.linger?.()
    held.linger = undefined
    held.release ??= this.#graph.want(held.view.feed.name)
    held.view.catchUp(this.#deps.clock.monotonic())
    return held.view
  }

  release(view: View): void {
    const held = this.#held.get(view.address)
    if (held === undefined || held.view !== view || --held.readers > 0) return
    held.release?.()
    held.release = undefined
    held.linger = this.#deps.clock.after(view.feed.options.lingerMs, () => this.#drop(held))
  }

  /** A feed is no more for readers: its views end, whoever follows them. */
  dismiss(feed: Feed): void {
    for (const view of this.of(feed)) {
      view.dismiss()
      const held = this.#held.get(view.address)
      held?.release?.()
      if (held !== undefined) this.#drop(held)
    }
  }

  close(): void {
    for (const held of this.#held.values()) {
      held.linger?.()
      held.release?.()
      held.view.close()
    }
    this.#held.clear()
    this.#byFeed.clear()
  }

  /** Views that only linger make room for one that is read. */
  #makeRoom(feed: Feed): void {
    const views = [...this.of(feed)].filter(view => !view.isBase)
    if (views.length < this.#limits.maxViewsPerFeed) return
    const idle = views.map(view => this.#held.get(view.address)).find(held => held?.readers === 0)
    if (idle !== undefined) return this.#drop(idle)
    const value = this.#limits.maxViewsPerFeed
    throw new MillraceError('too_many', `feed '${feed.name}' has ${value} views, as many as it may`, [{ limit: 'maxViewsPerFeed', value }])
  }

  /** The feed of a set of params; sets that only linger make room for one that is read. */
  #open({ name, of }: NonNullable<PlannedView['set']>): Feed {
    const { paramSets } = this.#deps
    if (paramSets === undefined) throw new MillraceError('not_found', `no feed '${name.slice(0, 64)}'`)
    const { maxParamSets: value } = this.#limits
    if (this.#graph.feed(name) === undefined && paramSets.count(of.name) >= value) {
      const idle = [...this.#byFeed].find(
        ([feed, views]) => feed.options.instanceOf?.name === of.name && [...views].every(view => this.#isIdle(view)),
      )
      if (idle === undefined)
        throw new MillraceError('too_many', `feed '${of.name}' has ${value} sets of params, as many as it may`, [
          { limit: 'maxParamSets', value },
        ])
      for (const view of idle[1]) this.#drop(this.#held.get(view.address) as Held)
      paramSets.close([idle[0].name])
    }
    return paramSets.open(name, of)
  }

  #isIdle(view: View): boolean {
    return this.#held.get(view.address)?.readers === 0
  }

  #drop(held: Held): void {
    held.linger?.()
    held.view.close()
    this.#held.delete(held.view.address)
    const siblings = this.#byFeed.get(held.view.feed)
    siblings?.delete(held.view)
    if (siblings?.size !== 0) return
    const { feed } = held.view
    this.#byFeed.delete(feed)
    // Not within what may have called: the graph may be at work on it.
    if (feed.options.instanceOf === undefined) return
    if (this.#unread.size === 0) this.#deps.clock.after(0, () => this.#closeSets())
    this.#unread.add(feed)
  }

  /** All at once: each time the whole graph is looked at. */
  #closeSets(): void {
    const gone = [...this.#unread].filter(feed => !this.#byFeed.has(feed) && this.#graph.feed(feed.name) === feed)
    this.#unread.clear()
    this.#deps.paramSets?.close(gone.map(({ name }) => name))
  }
}

/** @throws MillraceError `bad_query` */
function setOf({ name, options: { template } }: Feed, params: Address['params'] = new Map()): ReadonlyMap<string, string> {
  if (template !== undefined) return template.read(params)
  if (params.size > 0) throw new MillraceError('bad_query', `feed '${name}' declares no params`)
  return params
}
