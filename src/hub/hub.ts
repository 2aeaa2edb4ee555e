import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import type { Feed } from '../feed/feed.ts'
import type { Graph } from '../feed/graph.ts'
import type { GraphListener, Redefined, Tick } from '../feed/graph-listener.ts'
import { MillraceError } from '../model/errors.ts'
import type { Sample } from '../model/table.ts'
import { encodeMessage } from '../protocol/codec.ts'
import type { ExplainedMessage, ExplainMessage, FeedDescriptor, Query } from '../protocol/messages.ts'
import { Answers, type SubscribeRequest } from './answer.ts'
import { describeFeed } from './descriptor.ts'
import { explained } from './explained.ts'
import { Figures } from './figures.ts'
import { Flushes } from './flushes.ts'
import { defaultHubLimits, type HubLimits } from './limits.ts'
import { Outbox, type Sink } from './outbox.ts'
import type { Overload } from './overload.ts'
import type { Asker, Grants } from './principal.ts'
import { readQuery } from './query.ts'
import type { Snapshot } from './snapshots.ts'
import { Subscription } from './subscription.ts'
import { throttleOf, type Throttle } from './throttle.ts'
import type { View, ViewEvents } from './view.ts'
import { failureFrame } from './view-frame.ts'
import { Views, type PlannedView } from './views.ts'
import { ViewTime } from './view-time.ts'
import { Waking } from './waking.ts'

/** Least ms between two deltas of an address while load is shed. */
const sheddingThrottle = 1000

/** A proof that nothing else told is told this seldom at most. */
const leastStatusMs = 5000

export interface HubOptions {
  readonly graph: Graph
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits?: HubLimits
  /** Default: no load is shed. */
  readonly overload?: Overload
  /** UTF-16 units of a snapshot that are encoded in one turn of the loop; default 1 Mi. */
  readonly snapshotPartLength?: number
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
  readonly #flushes: Flushes
  /** One function for all connections. */
  readonly #due: (outbox: Outbox, throttle: Throttle) => void
  readonly #answers: Answers
  readonly #viewTime: ViewTime
  readonly #overload: Overload | undefined
  /** Views that somebody waits for, of which it was told how far they can be believed. */
  readonly #judged = new Set<View>()
  readonly #waking: Waking

  constructor(options: HubOptions) {
    this.#graph = options.graph
    this.#clock = options.clock
    this.#random = options.random
    this.#log = options.log
    this.#limits = options.limits ?? defaultHubLimits
    const { clock, snapshotPartLength } = options
    const events: ViewEvents = {
      failed: (view, error) => this.#fail(view, error),
      encoded: view => this.figures.of(view.feed.name).encodes++,
    }
    this.#views = new Views(options.graph, this.#limits, { clock, events, snapshotPartLength })
    this.#flushes = new Flushes(
      options.clock,
      (outbox, throttle) => outbox.flush(this.#graph.tick, throttle),
      spentMs => this.#graph.pace.spent(spentMs),
      () => (options.overload?.sheds('longer throttles') === true ? sheddingThrottle : 0),
    )
    this.#due = (outbox, throttle) => this.#flushes.add(outbox, throttle)
    this.#answers = new Answers(options.clock)
    this.#overload = options.overload
    this.#waking = new Waking(options.clock)
    this.#viewTime = new ViewTime(this.#limits.viewTimePerSecondMs, options.clock)
    options.graph.listen(this)
  }

  /** How many views there are, the feeds that are read included. */
  get viewCount(): number {
    return this.#views.size
  }

  connect(sink: Sink): Outbox {
    return new Outbox(sink, this.#due)
  }

  disconnect(outbox: Outbox): void {
    const all = outbox.subscriptions()
    outbox.clear()
    for (const subscription of all) this.#end(subscription)
  }

  /** The sink of an outbox has room again. */
  drained(outbox: Outbox): void {
    outbox.drained(this.#graph.tick)
  }

  /** The feeds a reader may follow; `own`: the server's own as well. */
  list(own: boolean, grants: Grants): FeedDescriptor[] {
    return this.#views
      .seen(grants)
      .filter(feed => own || !feed.name.startsWith('$'))
      .map(describeFeed)
  }

  /**
   * Subscribes, and answers by `subscribed` and what follows from it. `admit` may refuse a further address by throwing.
   * @throws MillraceError `not_found`, `bad_query`, `too_many`, `rate_limited`.
   */
  subscribe(outbox: Outbox, request: SubscribeRequest, admit: (isView: boolean) => void): void {
    const planned = this.#views.plan(readQuery(request.feed, request, this.#limits), outbox.grants)
    const held = this.#held(outbox, request.feed, planned)
    const throttle = throttleOf(request.throttle ?? 0)
    if (held !== undefined) {
      this.#answers.again(held, request.id, throttle)
      return this.#flushes.run()
    }
    admit(planned.plan.address !== planned.feed.name)
    const view = this.#acquire(planned, outbox)
    const figures = this.figures.of(view.feed.name)
    const subscription = new Subscription(view, outbox, throttle, figures)
    outbox.add(subscription)
    view.readers.add(subscription)
    figures.readers++
    this.#answers.subscribe(subscription, request)
  }

  /** @throws MillraceError `not_found`. */
  unsubscribe(outbox: Outbox, feed: string): string {
    const subscription = this.#find(outbox, feed)
    outbox.remove(subscription.view.address)
    this.#end(subscription)
    return subscription.view.address
  }

  /** The grants of an outbox are others now: what it follows beyond them ends, and it is told why. */
  withdraw(outbox: Outbox, code: 'unauthorized' | 'forbidden'): void {
    for (const subscription of outbox.subscriptions()) {
      const { address, feed } = subscription.view
      if (outbox.grants.covers(feed.name)) continue
      outbox.remove(address)
      this.#end(subscription)
      outbox.send(encodeMessage({ type: 'unsubscribed', feed: address, code }))
    }
  }

  /** @throws MillraceError `not_found`. */
  resync(outbox: Outbox, feed: string): void {
    const subscription = this.#find(outbox, feed)
    this.#answers.resync(subscription, () => outbox.get(subscription.view.address) === subscription)
  }

  /**
   * The view of a request once it has data, for `get` and HTTP. Whoever asks is a reader until the linger ends.
   * @throws MillraceError `not_found`, `bad_query`, `too_many`, `rate_limited`, and `unavailable` after 5 s without data.
   */
  async get(feed: string, query: Query, asker: Asker): Promise<View> {
    const view = this.#acquire(this.#views.plan(readQuery(feed, query, this.#limits), asker.grants), asker)
    try {
      if (view.position.version === 0) await this.#answers.firstData(view)
      // The feed may be no more by now.
      this.#views.feed(view.feed.name, asker.grants)
      return view
    } finally {
      this.#views.release(view)
    }
  }

  /** The table of a request as one message. Throws as `get` does. */
  async snapshot(feed: string, query: Query, asker: Asker): Promise<Snapshot> {
    const view = await this.get(feed, query, asker)
    return view.frames.whole()
  }

  /** Why a row is as it is. @throws MillraceError `not_found`. */
  explain(message: ExplainMessage, grants: Grants): ExplainedMessage {
    return explained(this.#graph, this.#views.feed(message.feed, grants), message, grants)
  }

  tick(tick: Tick): void {
    const mono = this.#clock.monotonic()
    for (const [feed, sample] of tick.changed) for (const view of this.#views.of(feed)) this.#take(view, sample, tick, mono)
    this.#flushes.run()
  }

  freshness(feed: Feed, told: boolean): void {
    const mono = this.#clock.monotonic()
    const least = Math.max(leastStatusMs, feed.freshness.every ?? 0)
    for (const view of this.#views.of(feed)) {
      this.#countProof(view)
      if (view.waiting.size > 0) this.#judged.add(view)
      if (!told && mono - view.saidAt < least) continue
      view.saidAt = mono
      for (const reader of view.readers) reader.freshened()
    }
  }

  settled(): void {
    // Who waits for first data is woken by it; others wait for a proof of what there is.
    for (const view of this.#judged) if (view.position.version > 0) this.#waking.wake(view)
    this.#judged.clear()
    this.#flushes.run()
  }

  /** Readers of feeds that are no more for them are told; those of feeds that begin anew get a snapshot once there is data. */
  redefined({ changed, removed, adjusted }: Redefined): void {
    const hidden = [...changed, ...adjusted].filter(feed => !feed.options.public)
    for (const feed of [...removed, ...hidden]) {
      for (const view of this.#views.of(feed)) this.figures.of(feed.name).readers -= view.readers.size
      this.#views.dismiss(feed)
    }
    for (const feed of changed) for (const view of this.#views.of(feed)) view.begin()
  }

  close(): void {
    this.#flushes.close()
    this.#views.close()
  }

  #acquire(planned: PlannedView, asker: Asker): View {
    const { feed, plan } = planned
    const known = this.#views.get(plan.address)
    if (plan.address === feed.name || known?.isBehind === false) return this.#views.acquire(planned)
    if (known === undefined && this.#overload?.sheds('no new views') === true) throw this.#overload.refusal()
    return this.#viewTime.charge(asker, () => this.#views.acquire(planned))
  }

  /** What is held of a planned view, by any of the names that it was told under. */
  #held(outbox: Outbox, spelling: string, planned: PlannedView): Subscription | undefined {
    // The name that was told before the key was known stays a name of what is held.
    const told = spelling.includes('?') ? outbox.get(spelling) : undefined
    return told ?? outbox.get(planned.plan.address) ?? outbox.subscriptions().find(({ view }) => this.#views.isThat(view, planned))
  }

  #take(view: View, sample: Sample, { tick, at }: Tick, mono: number): void {
    if (view.mayMiss) return view.miss()
    const began = this.#clock.monotonic()
    const changed = view.take(sample, tick, at, mono)
    if (!view.isBase) this.#viewTime.share(view.readers, this.#clock.monotonic() - began)
    if (changed) this.#changed(view, mono)
  }

  #countProof(view: View): void {
    const proof = view.feed.freshness.validatedAt ?? 0
    if (proof === view.countedProof) return
    view.countedProof = proof
    this.figures.polled(view)
  }

  #changed(view: View, mono: number): void {
    view.saidAt = mono
    view.checkRound = Math.floor((mono - view.builtAt) / this.#limits.checkEveryMs)
    this.#waking.wake(view)
    for (const reader of view.readers) reader.changed()
  }

  /** A subscription by any spelling of its address; the one that `subscribed` told is found without reading it. */
  #find(outbox: Outbox, feed: string): Subscription {
    const exact = outbox.get(feed)
    if (exact !== undefined) return exact
    const planned = this.#views.plan(readQuery(feed, {}, this.#limits), outbox.grants)
    const subscription = this.#held(outbox, feed, planned)
    if (subscription === undefined) throw new MillraceError('not_found', `not subscribed to '${planned.plan.address}'`)
    return subscription
  }

  #end(subscription: Subscription): void {
    const { view } = subscription
    subscription.end()
    view.readers.delete(subscription)
    this.figures.of(view.feed.name).readers--
    this.#views.release(view)
  }

  #fail(view: View, error: unknown): void {
    const id = randomText(this.#random, 8)
    this.#log.error({ view: view.address, id, err: error }, `view '${view.address}' failed (${id})`)
    const frame = failureFrame(view.address, id)
    for (const reader of view.readers) reader.write(frame)
  }
}
