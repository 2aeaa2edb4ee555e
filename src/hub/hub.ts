import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import type { Feed } from '../feed/feed.ts'
import type { Graph, GraphListener, Tick } from '../feed/graph.ts'
import { MillraceError } from '../model/errors.ts'
import type { Since } from '../model/position.ts'
import { encodeMessage } from '../protocol/codec.ts'
import type { FeedDescriptor, Query, RequestId } from '../protocol/messages.ts'
import { describeFeed } from './descriptor.ts'
import { Figures } from './figures.ts'
import { Flush } from './flush.ts'
import { Outbox, type Sink } from './outbox.ts'
import { defaultQueryLimits, readQuery } from './query.ts'
import { standingOf, toldPosition, type Standing } from './resume.ts'
import { Subscription } from './subscription.ts'
import type { View } from './view.ts'
import { Views, type ViewLimits } from './views.ts'

export interface HubLimits extends ViewLimits {
  /** Between two checksums sent to all readers of a feed that changed, in ms; default 60 s. */
  readonly checkEveryMs: number
}

export const defaultHubLimits: HubLimits = { ...defaultQueryLimits, maxViewsPerFeed: 1000, checkEveryMs: 60_000 }

/** How long `get` waits for first data, and a `since` from ahead for its version. */
const patienceMs = 5000
/** Answers that one connection may be owed at a time. */
const mostOwed = 16
/** At most one resync a second and address is answered; a further one later, not never. */
const resyncEveryMs = 1000
/** A proof that nothing else told is told this seldom at most. */
const leastStatusMs = 5000

export interface HubOptions {
  readonly graph: Graph
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits?: HubLimits
}

export interface SubscribeRequest extends Query {
  readonly id?: RequestId
  readonly feed: string
  readonly since?: Since
}

/** One to many: every table is computed and encoded once, whatever the number of its readers. */
export class Hub implements GraphListener {
  readonly figures = new Figures()
  readonly #graph: Graph
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Logger
  readonly #limits: HubLimits
  readonly #views: Views
  readonly #flush: Flush
  readonly #checks = new Map<View, Buffer>()

  constructor(options: HubOptions) {
    this.#graph = options.graph
    this.#clock = options.clock
    this.#random = options.random
    this.#log = options.log
    this.#limits = options.limits ?? defaultHubLimits
    this.#views = new Views(options.graph, options.clock, this.#limits, {
      failed: (view, error) => this.#fail(view, error),
      encoded: view => this.figures.of(view.feed.name).encodes++,
    })
    this.#flush = new Flush(
      options.clock,
      outbox => outbox.flush(this.#graph.tick, this.#checks),
      spentMs => this.#graph.pace.spent(spentMs),
    )
    options.graph.listen(this)
  }

  /** How many views there are, the feeds that are read included. */
  get viewCount(): number {
    return this.#views.size
  }

  connect(sink: Sink): Outbox {
    return new Outbox(sink, this.figures)
  }

  disconnect(outbox: Outbox): void {
    this.#flush.remove(outbox)
    for (const subscription of outbox.subscriptions()) this.#end(subscription)
    outbox.clear()
  }

  /** The sink of an outbox has room again. */
  drained(outbox: Outbox): void {
    outbox.drained(this.#graph.tick, view => statusFrame(view))
  }

  /** The feeds a reader may follow; `own`: the server's own as well. */
  list(own: boolean): FeedDescriptor[] {
    return [...this.#graph.feeds()].filter(feed => feed.options.public && (own || !feed.name.startsWith('$'))).map(describeFeed)
  }

  /**
   * Subscribes, and answers by `subscribed` and what follows from it. `admit` may refuse a further address by throwing.
   * @throws MillraceError `not_found`, `bad_query`, `too_many`, `rate_limited`.
   */
  subscribe(outbox: Outbox, request: SubscribeRequest, admit: (isView: boolean) => void): void {
    const query = readQuery(request.feed, request, this.#limits)
    const address = this.#views.address(query)
    const held = outbox.get(address)
    if (held !== undefined) return this.#again(held, request.id)
    admit(address !== query.feed)
    const view = this.#views.acquire(query)
    const subscription = new Subscription(view, outbox)
    outbox.add(subscription)
    view.subscriptions.add(subscription)
    this.figures.of(view.feed.name).readers++
    this.#answer(subscription, request)
  }

  /** @throws MillraceError `not_found`. */
  unsubscribe(outbox: Outbox, feed: string): string {
    const subscription = this.#find(outbox, feed)
    outbox.remove(subscription.view.address)
    this.#end(subscription)
    return subscription.view.address
  }

  /** @throws MillraceError `not_found`. */
  resync(outbox: Outbox, feed: string): void {
    const subscription = this.#find(outbox, feed)
    if (subscription.pending || subscription.resyncOwed || subscription.view.position.version === 0) return
    const waitMs = subscription.resyncedAt + resyncEveryMs - this.#clock.monotonic()
    if (waitMs <= 0) return this.#resync(subscription)
    subscription.resyncOwed = true
    this.#clock.after(waitMs, () => {
      subscription.resyncOwed = false
      if (outbox.get(subscription.view.address) === subscription) this.#resync(subscription)
    })
  }

  /**
   * The view of a request once it has data, for `get` and HTTP. Whoever asks is a reader until the linger ends.
   * @throws MillraceError `not_found`, `bad_query`, `too_many`, and `unavailable` after 5 s without data.
   */
  async get(feed: string, query: Query): Promise<View> {
    const view = this.#views.acquire(readQuery(feed, query, this.#limits))
    try {
      if (view.position.version === 0) await this.#firstData(view)
      return view
    } finally {
      this.#views.release(view)
    }
  }

  tick({ tick, at, changed }: Tick): void {
    const mono = this.#clock.monotonic()
    for (const [feed, sample] of changed) {
      for (const view of this.#views.of(feed)) if (view.take(sample, tick, at, mono)) this.#changed(view, mono)
    }
    this.#flush.run()
  }

  freshness(feed: Feed, told: boolean): void {
    const mono = this.#clock.monotonic()
    const least = Math.max(leastStatusMs, feed.freshness.every ?? 0)
    for (const view of this.#views.of(feed)) {
      this.#countProof(view)
      if (!told && mono - view.saidAt < least) continue
      view.saidAt = mono
      if (view.subscriptions.size === 0) continue
      const frame = statusFrame(view)
      for (const subscription of view.subscriptions) subscription.outbox.writeStatus(subscription, frame)
    }
  }

  close(): void {
    this.#views.close()
  }

  #countProof(view: View): void {
    const proof = view.feed.freshness.validatedAt ?? 0
    if (proof === view.countedProof) return
    view.countedProof = proof
    this.figures.polled(view)
  }

  #changed(view: View, mono: number): void {
    view.saidAt = mono
    this.#checks.delete(view)
    if (mono - view.checkedAt >= this.#limits.checkEveryMs) {
      view.checkedAt = mono
      this.#checks.set(view, checkFrame(view))
    }
    for (const wake of view.waiting) wake()
    for (const subscription of view.subscriptions) this.#flush.add(subscription.outbox)
  }

  /** A subscription by any spelling of its address; the one that `subscribed` told is found without reading it. */
  #find(outbox: Outbox, feed: string): Subscription {
    const exact = outbox.get(feed)
    if (exact !== undefined) return exact
    const address = this.#views.address(readQuery(feed, {}, this.#limits))
    const subscription = outbox.get(address)
    if (subscription === undefined) throw new MillraceError('not_found', `not subscribed to '${address}'`)
    return subscription
  }

  /** A further `subscribe` to an address that is held changes nothing but for its throttle. */
  #again(held: Subscription, id: RequestId | undefined): void {
    if (!held.pending) return this.#tell(held, id, true, held.position)
    if (held.alsoAsked.length >= mostOwed)
      throw new MillraceError('rate_limited', `'${held.view.address}' has no data yet, and was asked for ${mostOwed} times`)
    if (id !== undefined) held.alsoAsked.push(id)
  }

  #end(subscription: Subscription): void {
    const { view } = subscription
    subscription.stopWaiting?.()
    view.subscriptions.delete(subscription)
    this.figures.of(view.feed.name).readers--
    this.#views.release(view)
  }

  #answer(subscription: Subscription, request: SubscribeRequest): void {
    const { view } = subscription
    const { since } = request
    if (since === undefined) return this.#settle(subscription, request, 'elsewhere')
    const standing = standingOf(view, since)
    if (standing !== 'waiting' && standing !== 'ahead') return this.#settle(subscription, request, standing)
    subscription.outbox.write(subscription, statusFrame(view))
    this.#waitFor(subscription, { ...request, since }, standing === 'ahead' ? patienceMs : undefined)
  }

  /** Answers once the view changes: for the first time, or up to the version asked for. */
  #waitFor(subscription: Subscription, request: SubscribeRequest & { readonly since: Since }, patience: number | undefined): void {
    const { view } = subscription
    const settle = (giveUp: boolean): void => {
      const standing = standingOf(view, request.since)
      if (!giveUp && (standing === 'waiting' || standing === 'ahead')) return
      subscription.stopWaiting?.()
      this.#settle(subscription, request, standing === 'ahead' ? 'elsewhere' : standing)
    }
    const wake = (): void => settle(false)
    const cancel = patience === undefined ? undefined : this.#clock.after(patience, () => settle(true))
    view.waiting.add(wake)
    subscription.stopWaiting = () => {
      view.waiting.delete(wake)
      cancel?.()
      subscription.stopWaiting = undefined
    }
  }

  #settle(subscription: Subscription, request: SubscribeRequest, standing: Standing): void {
    const { view, outbox } = subscription
    const told = toldPosition(view, standing, request.since)
    const resumed = standing === 'same' || standing === 'behind'
    subscription.pending = false
    subscription.position = resumed ? told : { epoch: view.position.epoch, version: 0 }
    this.#tell(subscription, request.id, resumed, told)
    for (const id of subscription.alsoAsked.splice(0)) this.#tell(subscription, id, resumed, told)
    if (subscription.isDue) outbox.bring(subscription)
    if (resumed) outbox.send(checkFrame(view))
    outbox.write(subscription, statusFrame(view))
  }

  #tell(subscription: Subscription, id: RequestId | undefined, resumed: boolean, position: { epoch: string; version: number }): void {
    const { epoch, version } = position
    const feed = subscription.view.address
    subscription.outbox.send(
      encodeMessage({ type: 'subscribed', ...(id === undefined ? {} : { id }), feed, epoch, version, resumed, throttle: 0 }),
    )
  }

  #resync(subscription: Subscription): void {
    const { view } = subscription
    subscription.resyncedAt = this.#clock.monotonic()
    subscription.position = { epoch: view.position.epoch, version: 0 }
    subscription.outbox.bring(subscription)
  }

  #firstData(view: View): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        view.waiting.delete(wake)
        cancel()
        resolve()
      }
      const cancel = this.#clock.after(patienceMs, () => {
        view.waiting.delete(wake)
        const { state, reason } = view.feed.freshness
        reject(
          new MillraceError(
            'unavailable',
            `feed '${view.feed.name}' has no data yet (${state}${reason === undefined ? '' : `: ${reason}`})`,
          ),
        )
      })
      view.waiting.add(wake)
    })
  }

  #fail(view: View, error: unknown): void {
    const id = randomText(this.#random, 8)
    this.#log.error({ view: view.address, id, err: error }, `view '${view.address}' failed (${id})`)
    for (const subscription of view.subscriptions) {
      const message = `the view failed; the server's log has it under ${id}`
      subscription.outbox.send(encodeMessage({ type: 'error', feed: view.address, code: 'internal', message, retry: true }))
    }
  }
}

function statusFrame(view: View): Buffer {
  return encodeMessage({ type: 'status', feed: view.address, ...view.feed.freshness })
}

function checkFrame(view: View): Buffer {
  const { version, count, sum } = view.store
  return encodeMessage({ type: 'check', feed: view.address, version, count, sum })
}
