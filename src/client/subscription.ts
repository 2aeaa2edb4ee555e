import type { Cancel, Clock } from '../lib/clock.ts'
import { backoffDelay } from '../lib/backoff.ts'
import type { Random } from '../lib/random.ts'
import { MillraceError } from '../model/errors.ts'
import type { Row } from '../model/row.ts'
import type {
  CheckMessage,
  ClientMessage,
  DeltaMessage,
  ErrorMessage,
  RequestId,
  SnapshotMessage,
  StatusMessage,
  SubscribedMessage,
  SubscribeMessage,
} from '../protocol/messages.ts'
import type { FeedFreshness, FeedStats } from './face.ts'
import type { RowChanges } from './live-table.ts'
import { NetChanges } from './net-changes.ts'
import { Replica, type Verdict } from './replica.ts'
import { ResyncLadder, type ResyncReason } from './resync-ladder.ts'
import { isRetryable, toError } from './server-message.ts'
import { ViewFreshness } from './view-freshness.ts'

/** How a subscription reaches its server. */
export interface Wire {
  readonly clock: Clock
  readonly random: Random
  nextId(): number
  send(message: ClientMessage): void
}

/** Whoever reads a subscription: one feed object. */
export interface Reader {
  shown(update: { readonly type: 'snapshot' | 'delta'; readonly changes: RowChanges }): void
  freshened(freshness: FeedFreshness): void
  /** @param isFinal it does not go on by itself */
  failed(error: MillraceError, isFinal: boolean): void
  /** Its address turned out to be that of another subscription, which it reads from now on. */
  moved(to: Subscription): void
}

export type SubscribeRequest = Omit<SubscribeMessage, 'type' | 'id' | 'since'>

/** A feed that is not there may come back with a reload of the server's config: it is asked for again so seldom, in ms. */
const absentMs = 30_000

/** Resumes from one position that led to no answer before it is given up. */
const mostResumes = 5

/** What this client follows under one address: asks for it, keeps it in step, shows it to its readers. */
export class Subscription {
  #request: SubscribeRequest
  /** Each with the throttle it asked for, ms. */
  readonly #readers = new Map<Reader, number>()
  readonly #wire: Wire
  readonly #replica = new Replica()
  readonly #ladder: ResyncLadder
  readonly #freshness: ViewFreshness
  readonly #net = new NetChanges()
  #rows: readonly Row[] | undefined
  /** The id of the last `subscribe`, until it is answered. */
  #asked: RequestId | undefined
  #offered = false
  #resumes = 0
  #refusals = 0
  #resyncId: RequestId | undefined
  /** Its readers were told that it is not there. */
  #isAbsent = false
  #accepting = false
  #timer: Cancel | undefined
  #stats: FeedStats = { bytes: 0, messages: 0, snapshots: 0, deltas: 0, resyncs: 0 }
  /** The throttle that the server was last asked for, ms. */
  #toldMs = 0

  constructor(request: SubscribeRequest, wire: Wire) {
    this.#request = request
    this.#wire = wire
    this.#ladder = new ResyncLadder(wire.random)
    this.#freshness = new ViewFreshness(wire.clock, freshness => this.#tell(reader => reader.freshened(freshness)))
  }

  get request(): SubscribeRequest {
    return this.#request
  }
  get isRead(): boolean {
    return this.#readers.size > 0
  }
  get table() {
    return this.#replica.table
  }
  /** Empty until the server told it. */
  get address(): string {
    return this.table.feed
  }
  /** What readers were last shown. */
  get rows(): readonly Row[] | undefined {
    return this.#rows
  }
  get freshness(): FeedFreshness {
    return this.#freshness.current
  }
  get stats(): FeedStats {
    return this.#stats
  }
  /** The id of a `subscribe` that waits for its answer. */
  get asked(): RequestId | undefined {
    return this.#asked
  }
  /** The server holds it on this connection. */
  get isAccepting(): boolean {
    return this.#accepting
  }
  /** Changed within a flush that is not whole yet. */
  get isAhead(): boolean {
    return this.#net.pending
  }

  ask(): void {
    this.#accepting = false
    this.#replica.suspend()
    this.#stopTimer()
    this.#asked = this.#wire.nextId()
    this.#offered = this.table.version > 0 && this.#resumes < mostResumes
    if (this.#offered) this.#resumes++
    const since = this.#offered ? { since: this.table.since } : {}
    this.#toldMs = this.request.throttle ?? 0
    this.#wire.send({ type: 'subscribe', id: this.#asked, ...this.request, ...since })
  }

  /** @param throttleMs what the reader asks for: whoever wants news most often is to have them */
  add(reader: Reader, throttleMs: number): void {
    this.#readers.set(reader, throttleMs)
    this.#isAbsent = false
    this.#settleThrottle()
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader)
    this.#settleThrottle()
  }

  /** Another subscription turned out to be to this address: the server has taken its throttle, and its readers read this one. */
  adopt(other: Subscription): void {
    this.#toldMs = other.#toldMs
    for (const [reader, throttleMs] of other.#readers) this.#readers.set(reader, throttleMs)
    this.#settleThrottle()
    for (const reader of other.#readers.keys()) reader.moved(this)
    other.#readers.clear()
  }

  #settleThrottle(): void {
    if (!this.isRead) return
    const leastMs = Math.min(...this.#readers.values())
    if (leastMs !== (this.#request.throttle ?? 0)) this.#request = { ...this.#request, throttle: leastMs }
    if (!this.#accepting || leastMs === this.#toldMs) return
    this.#toldMs = leastMs
    this.#wire.send({ type: 'subscribe', id: this.#wire.nextId(), feed: this.address, throttle: leastMs })
  }

  answered(message: SubscribedMessage): void {
    this.#asked = undefined
    this.#accepting = true
    this.#resumes = 0
    this.#refusals = 0
    this.#isAbsent = false
    this.#freshness.subscribed()
    this.#settleThrottle()
    this.#follow(this.#replica.subscribed(message, this.#offered))
  }

  /** An error that names one of its messages, or its address. */
  refused(message: ErrorMessage): void {
    const error = toError(message)
    const ofSubscribe = message.id !== undefined && message.id === this.#asked
    const ofResync = message.id !== undefined && message.id === this.#resyncId
    const isFinal = ofSubscribe && !isRetryable(message)
    const isKnown = isFinal && this.#isAbsent
    if (ofSubscribe) this.#unanswered(error, !isFinal)
    else if (ofResync && message.code === 'not_found') this.ask()
    else if (ofResync) this.#resync('gap')
    // That it is not there is said once, however often it is asked for.
    if (!isKnown) this.fail(error, isFinal)
  }

  #unanswered(error: MillraceError, retry: boolean): void {
    this.#asked = undefined
    this.#freshness.lost(error.message)
    if (!retry) return this.#awaitReturn(error)
    const delayMs = backoffDelay(++this.#refusals, { baseMs: 500, capMs: 30_000 }, this.#wire.random)
    this.#timer = this.#wire.clock.after(delayMs, () => this.ask())
  }

  /** Spread, as all readers of a feed learn at once that it has gone. */
  #awaitReturn({ code }: MillraceError): void {
    this.#isAbsent = code === 'not_found' || code === 'forbidden'
    if (this.#isAbsent) this.#timer = this.#wire.clock.after(absentMs * (0.5 + this.#wire.random()), () => this.ask())
  }

  /** The server ended it; for want of a token only until there is another, or the connection is closed for good. */
  ended(error: MillraceError): void {
    this.#suspend()
    this.#freshness.lost(error.message)
    this.#awaitReturn(error)
    this.fail(error, error.code !== 'unauthorized')
  }

  fail(error: MillraceError, isFinal = false): void {
    this.#tell(reader => reader.failed(error, isFinal))
  }

  /** The connection is gone; what is held stays. */
  lost(reason: string): void {
    this.#suspend()
    this.#freshness.lost(reason)
  }

  #suspend(): void {
    this.#asked = undefined
    this.#accepting = false
    this.#replica.suspend()
    this.#stopTimer()
  }

  #stopTimer(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#resyncId = undefined
  }

  take(message: SnapshotMessage | DeltaMessage, bytes: number): void {
    this.#count(message.type, bytes)
    const { columns } = this.table
    const verdict = this.#replica.take(message)
    this.#follow(verdict)
    if (verdict.kind !== 'changed') return
    if (message.type === 'snapshot') this.#stopTimer()
    this.#freshness.inStep()
    const isNews = verdict.changes.size > 0 || this.table.columns.length !== columns.length || this.#rows === undefined
    if (isNews) this.#net.add(verdict.type, verdict.changes, this.table.rows)
  }

  #count(type: 'snapshot' | 'delta', bytes: number): void {
    const { stats } = this
    const counted = type === 'snapshot' ? { snapshots: stats.snapshots + 1 } : { deltas: stats.deltas + 1 }
    this.#stats = { ...stats, bytes: stats.bytes + bytes, messages: stats.messages + 1, ...counted }
  }

  check(message: CheckMessage): void {
    this.#follow(this.#replica.check(message))
  }

  status(message: StatusMessage): void {
    this.#freshness.status(message)
  }

  /** @param type of the message that could not be read */
  unreadable(type: string): void {
    this.#follow(this.#replica.unreadable(type))
  }

  /** A flush is whole: what it changed is what readers see from now on. @returns tells them, once all of the flush is seen */
  reveal(): () => void {
    const update = this.#net.take()
    this.#rows = this.table.ordered()
    return () => this.#tell(reader => reader.shown(update))
  }

  #tell(tell: (reader: Reader) => void): void {
    for (const reader of this.#readers.keys()) tell(reader)
  }

  #follow(verdict: Verdict): void {
    if (verdict.kind === 'resync') this.#resync(verdict.reason)
  }

  #resync(reason: ResyncReason): void {
    const { epoch, version } = this.table
    const step = this.#ladder.next(reason, `${epoch}:${version}`, this.#wire.clock.monotonic())
    this.#stopTimer()
    if (step.kind === 'giveUp') return this.#outOfStep('could not be brought in step with the server in 5 tries', true)
    if (step.tell) this.#outOfStep('differs from the server again, within a minute of a first time', true)
    else if (step.delayMs > 0) this.#outOfStep('is brought in step with the server', false)
    if (step.delayMs === 0) this.#sendResync(reason)
    else this.#timer = this.#wire.clock.after(step.delayMs, () => this.#sendResync(reason))
  }

  #outOfStep(what: string, tell: boolean): void {
    this.#freshness.outOfStep(`'${this.address}' ${what}`)
    if (tell) this.fail(new MillraceError('internal', `'${this.address}' ${what}`))
  }

  #sendResync(reason: ResyncReason): void {
    this.#resyncId = this.#wire.nextId()
    this.#stats = { ...this.#stats, resyncs: this.#stats.resyncs + 1 }
    this.#wire.send({ type: 'resync', id: this.#resyncId, feed: this.address, reason })
  }
}
