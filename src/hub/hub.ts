import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'
import type { Feed } from '../feed/feed.ts'
import type { Graph } from '../feed/graph.ts'
import type { GraphListener, Redefined, Tick } from '../feed/graph-listener.ts'
import type { Freshness } from '../model/freshness.ts'
import { encodeMessage } from '../protocol/codec.ts'
import type { ExplainedMessage, ExplainMessage, FeedDescriptor, Query } from '../protocol/messages.ts'
import { Answers, type SubscribeRequest } from './answer.ts'
import { describeFeed } from './descriptor.ts'
import { explained } from './explained.ts'
import { Figures } from './figures.ts'
import { Flushes } from './flushes.ts'
import { defaultHubLimits, type HubLimits } from './limits.ts'
import type { HubOptions } from './hub-options.ts'
import { Lookup } from './lookup.ts'
import { Outbox, type Sink } from './outbox.ts'
import type { Asker, Grants } from './principal.ts'
import type { Snapshot } from './snapshots.ts'
import { Subscription } from './subscription.ts'
import { throttleOf, type Throttle } from './throttle.ts'
import type { View, ViewEvents } from './view.ts'
import { isQuery } from './query.ts'
import { failureFrame } from './view-frame.ts'
import { Views } from './views.ts'
import { Upkeep } from './upkeep.ts'
import { ViewPace } from './view-pace.ts'
import { ViewTime } from './view-time.ts'
import { Waking } from './waking.ts'

/** Least ms between two deltas of an address while load is shed. */
const sheddingThrottle = 1000

/** A proof that nothing else told is told this seldom at most. */
const leastStatusMs = 5000

/** One to many: every table is computed and encoded once, whatever the number of its readers. */
export class Hub implements GraphListener {
  readonly figures = new Figures()
  /** What of the loop's time views may take. */
  readonly viewPace: ViewPace
  readonly upkeep: Upkeep
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
  readonly #lookup: Lookup
  /** Views that somebody waits for, of which it was told how far they can be believed. */
  readonly #judged = new Set<View>()
  readonly #waking: Waking

  constructor(options: HubOptions) {
    const { graph, clock, random, log, limits = defaultHubLimits, overload, paramSets, snapshotPartLength, viewTickMs } = options
    this.#graph = graph
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.#limits = limits
    this.viewPace = new ViewPace(clock)
    const time = new ViewTime(limits.viewTimePerSecondMs, this.viewPace, clock)
    const failed = (view: View, error: unknown): void => this.#fail(view, error)
    const events: ViewEvents = {
      failed,
      encoded: view => this.figures.of(view.feed.family).encodes++,
      worked: (view, ms) => time.share(view, ms),
    }
    this.#views = new Views(graph, limits, { clock, events, snapshotPartLength, paramSets })
    this.#flushes = new Flushes(
      clock,
      (outbox, throttle) => outbox.flush(graph.tick, throttle),
      spentMs => graph.pace.spent(spentMs),
      () => (overload?.sheds('longer throttles') === true ? sheddingThrottle : 0),
    )
    this.#due = (outbox, throttle) => this.#flushes.add(outbox, throttle)
    this.#answers = new Answers(clock)
    this.#waking = new Waking(clock)
    const changed = (view: View, mono: number): void => this.#changed(view, mono)
    const caughtUp = (view: View, isChanged: boolean): void => this.#caughtUp(view, isChanged)
    const flush = (): void => this.#flushes.run()
    const broughtUp = (view: View): void => {
      this.#caughtUp(view, true)
      flush()
    }
    this.#lookup = new Lookup({ views: this.#views, time, limits, overload, broughtUp })
    this.upkeep = new Upkeep({ clock, pace: this.viewPace, time, tickMs: viewTickMs, changed, caughtUp, flush, failed })
    graph.listen(this)
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
    const planned = this.#lookup.plan(request.feed, request, outbox.grants)
    const held = this.#lookup.held(outbox, request.feed, planned)
    const throttle = throttleOf(request.throttle ?? 0)
    if (held !== undefined) {
      this.#answers.again(held, request.id, throttle)
      return this.#flushes.run()
    }
    admit(planned.plan.address !== planned.feed.family)
    const view = this.#lookup.acquire(planned, outbox)
    const figures = this.figures.of(view.feed.family)
    const subscription = new Subscription(view, outbox, throttle, figures)
    outbox.add(subscription)
    view.readers.add(subscription)
    figures.readers++
    this.#answers.subscribe(subscription, request)
  }

  /** @throws MillraceError `not_found`. */
  unsubscribe(outbox: Outbox, feed: string): string {
    const subscription = this.#lookup.find(outbox, feed)
    outbox.remove(subscription.view.address)
    this.#end(subscription)
    return subscription.view.address
  }

  /** The grants of an outbox are others now: what it follows beyond them ends, and it is told why. */
  withdraw(outbox: Outbox, code: 'unauthorized' | 'forbidden'): void {
    for (const subscription of outbox.subscriptions()) {
      const { address, feed } = subscription.view
      if (outbox.grants.covers(feed.family)) continue
      outbox.remove(address)
      this.#end(subscription)
      outbox.send(encodeMessage({ type: 'unsubscribed', feed: address, code }))
    }
  }

  /** @throws MillraceError `not_found`. */
  resync(outbox: Outbox, feed: string): void {
    const subscription = this.#lookup.find(outbox, feed)
    this.#answers.resync(subscription, () => outbox.get(subscription.view.address) === subscription)
  }

  /**
   * The view of a request once it has data, for `get` and HTTP. Whoever asks is a reader until the linger ends.
   * @throws MillraceError `not_found`, `bad_query`, `too_many`, `rate_limited`, and `unavailable` after 5 s without data.
   */
  async get(feed: string, query: Query, asker: Asker): Promise<View> {
    if (this.#mustWait(feed, query)) await this.viewPace.turn(asker.account)
    const view = this.#lookup.acquire(this.#lookup.plan(feed, query, asker.grants), asker)
    try {
      if (view.position.version === 0) await this.#answers.firstData(view)
      // The feed may be no more by now.
      this.#views.feed(view.feed.family, asker.grants)
      return view
    } finally {
      this.#views.release(view)
    }
  }

  /** How far a feed can be believed; who asks is a reader until the linger ends. @throws MillraceError `not_found`, `bad_query`. */
  async freshnessOf(feed: string, asker: Asker): Promise<Freshness> {
    if (this.#mustWait(feed)) await this.viewPace.turn(asker.account)
    const view = this.#lookup.acquire(this.#lookup.plan(feed, {}, asker.grants), asker)
    this.#views.release(view)
    return view.feed.freshness
  }

  /** The table of a request as one message. Throws as `get` does. */
  async snapshot(feed: string, query: Query, asker: Asker): Promise<Snapshot> {
    const view = await this.get(feed, query, asker)
    return view.frames.whole()
  }

  /** Why a row is as it is. @throws MillraceError `not_found`, `unavailable`. */
  explain(message: ExplainMessage, grants: Grants): ExplainedMessage {
    return explained(this.#graph, this.#views.feed(message.feed, grants), message, grants)
  }

  tick(tick: Tick): void {
    const mono = this.#clock.monotonic()
    this.upkeep.begin()
    for (const [feed, sample] of tick.changed) for (const view of this.#views.of(feed)) this.upkeep.take(view, sample, tick, mono)
    this.#flushes.run()
  }

  freshness(feed: Feed, told: boolean): void {
    const mono = this.#clock.monotonic()
    const least = Math.max(leastStatusMs, feed.freshness.every ?? 0)
    for (const view of this.#views.of(feed)) {
      this.#countProof(view)
      // That the feed is believed further is not said of what this view shows: it is told once that is caught up with.
      if (view.isBehind && !(told && isBad(feed.freshness))) continue
      if (view.waiting.size > 0) this.#judged.add(view)
      if (!told && mono - view.saidAt < least) continue
      this.#freshened(view, mono)
    }
  }

  settled(): void {
    // Who waits for first data is woken by it; others wait for a proof of what there is.
    for (const view of this.#judged) if (view.position.version > 0) this.#waking.wake(view)
    if (this.#judged.size > 0) this.#judged.clear()
    this.#flushes.run()
  }

  /** Readers of feeds that are no more for them are told; those of feeds that begin anew get a snapshot once there is data. */
  redefined({ changed, removed, adjusted }: Redefined): void {
    const hidden = [...changed, ...adjusted].filter(feed => !feed.options.public)
    for (const feed of [...removed, ...hidden]) {
      for (const view of this.#views.of(feed)) this.figures.of(feed.family).readers -= view.readers.size
      this.#views.dismiss(feed)
    }
    for (const feed of changed) for (const view of this.#views.of(feed)) view.begin()
  }

  close(): void {
    this.viewPace.close()
    this.#flushes.close()
    this.#views.close()
  }

  #mustWait(feed: string, query: Query = {}): boolean {
    return this.viewPace.isOut && isQuery(feed, query)
  }

  #freshened(view: View, mono: number): void {
    view.saidAt = mono
    for (const reader of view.readers) reader.freshened()
  }

  /** It was behind its feed: its readers are told what is new, and how far to believe it. */
  #caughtUp(view: View, changed: boolean): void {
    const mono = this.#clock.monotonic()
    if (changed) this.#changed(view, mono)
    else if (view.position.version > 0) this.#waking.wake(view)
    // Data that come tell that they are fresh, where nothing else is said of them.
    if (!changed || view.isOtherwise || isBad(view.freshness)) this.#freshened(view, mono)
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

  #end(subscription: Subscription): void {
    const { view } = subscription
    subscription.end()
    view.readers.delete(subscription)
    this.figures.of(view.feed.family).readers--
    this.#views.release(view)
  }

  #fail(view: View, error: unknown): void {
    const id = randomText(this.#random, 8)
    this.#log.error({ view: view.address, id, err: error }, `view '${view.address}' failed (${id})`)
    const frame = failureFrame(view.address, id)
    for (const reader of view.readers) reader.write(frame)
  }
}

function isBad({ state }: Freshness): boolean {
  return state !== 'fresh' && state !== 'degraded'
}
