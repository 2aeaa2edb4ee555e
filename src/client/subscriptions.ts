import { MillraceError } from '../model/errors.ts'
import type {
  CheckMessage,
  DeltaMessage,
  ErrorMessage,
  SnapshotMessage,
  StatusMessage,
  SubscribedMessage,
  UnsubscribedMessage,
} from '../protocol/messages.ts'
import { Flush } from './flush.ts'
import { Subscription, type Reader, type SubscribeRequest, type Wire } from './subscription.ts'

/** Everything that is about subscriptions; the rest of a server's messages is no business of theirs. */
export type SubscriptionMessage =
  | SubscribedMessage
  | UnsubscribedMessage
  | SnapshotMessage
  | DeltaMessage
  | StatusMessage
  | CheckMessage
  | ErrorMessage

/** One text for equal requests; members that are left out and `undefined` ones are the same. */
export function requestKey(request: SubscribeRequest): string {
  const { feed, where, fields, order, limit, params, throttle } = request
  const named = Object.entries(params ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([feed, where ?? null, fields ?? null, order ?? null, limit ?? null, named, throttle ?? null])
}

/** The feed of an address. */
function nameOf(address: string): string {
  return address.split('?', 1)[0] ?? ''
}

/**
 * All subscriptions of one client: which request is served by which, and which address is whose. Two spellings of one
 * address are one subscription of the server's, so of ours too.
 */
export class Subscriptions {
  readonly #wire: Wire & { readonly isOpen: boolean }
  readonly #byKey = new Map<string, Subscription>()
  readonly #byAddress = new Map<string, Subscription>()
  readonly #flush = new Flush()
  readonly #ahead = new Set<Subscription>()
  /** Ids of messages whose refusal is no news to anybody. */
  readonly #unheeded = new Set<unknown>()

  constructor(wire: Wire & { readonly isOpen: boolean }) {
    this.#wire = wire
  }

  /** @param former what the reader read last time: where nobody reads the same now, its rows are gone on from */
  join(reader: Reader, request: SubscribeRequest, former: Subscription | undefined): Subscription {
    const key = requestKey(request)
    const subscription = this.#byKey.get(key) ?? this.#revived(former) ?? new Subscription(request, this.#wire)
    this.#byKey.set(key, subscription)
    if (subscription.address !== '' && !this.#byAddress.has(subscription.address)) this.#byAddress.set(subscription.address, subscription)
    subscription.add(reader, request.throttle ?? 0)
    if (this.#wire.isOpen && !subscription.isAccepting && subscription.asked === undefined) subscription.ask()
    return subscription
  }

  #revived(former: Subscription | undefined): Subscription | undefined {
    return former !== undefined && !former.isRead && !this.#all().has(former) ? former : undefined
  }

  leave(reader: Reader, subscription: Subscription): void {
    subscription.remove(reader)
    this.#release(subscription)
  }

  welcomed(): void {
    for (const subscription of this.#all()) subscription.ask()
  }

  /** The rights are others now: what the server ended or refused may be there again. */
  renewed(): void {
    for (const subscription of this.#all()) if (!subscription.isAccepting) subscription.ask()
  }

  lost(reason: string): void {
    this.cutFlush()
    this.#unheeded.clear()
    for (const subscription of this.#all()) {
      subscription.lost(reason)
      this.#release(subscription)
    }
  }

  openFlush(messages: number): void {
    this.cutFlush()
    this.#flush.open(messages)
  }

  cutFlush(): void {
    this.#flush.cut()
    this.#show()
  }

  /** @param bytes the length of the frame; asked for where it is counted */
  take(message: SubscriptionMessage, bytes: () => number): void {
    switch (message.type) {
      case 'snapshot':
      case 'delta':
        return this.#takeData(message, bytes)
      case 'subscribed':
        return this.#subscribed(message)
      case 'unsubscribed':
        return this.#unsubscribed(message)
      case 'status':
        return this.#byAddress.get(message.feed)?.status(message)
      case 'check':
        return this.#accepting(message.feed)?.check(message)
      case 'error':
        return this.#refused(message)
    }
  }

  unreadable(feed: string, type: string): void {
    this.#accepting(feed)?.unreadable(type)
    if (type !== 'check') this.#counted()
  }

  #all(): Set<Subscription> {
    return new Set(this.#byKey.values())
  }

  #accepting(feed: string): Subscription | undefined {
    const subscription = this.#byAddress.get(feed)
    return subscription?.isAccepting === true ? subscription : undefined
  }

  #takeData(message: SnapshotMessage | DeltaMessage, bytes: () => number): void {
    const subscription = this.#accepting(message.feed)
    if (subscription !== undefined) {
      subscription.take(message, bytes())
      if (subscription.isAhead) this.#ahead.add(subscription)
    }
    this.#counted()
  }

  #counted(): void {
    this.#flush.count()
    if (!this.#flush.isOpen) this.#show()
  }

  #show(): void {
    const ahead = [...this.#ahead]
    this.#ahead.clear()
    for (const tell of ahead.map(subscription => subscription.reveal())) tell()
  }

  #subscribed(message: SubscribedMessage): void {
    const subscription = this.#asking(message.id)
    const holder = this.#accepting(message.feed)
    if (subscription === undefined) {
      this.#unheeded.delete(message.id)
      // Of the socket's own address, or asked for before all readers left: nobody wants it.
      if (holder === undefined && !this.#isAskedFor(nameOf(message.feed))) this.#unsubscribe(message.feed)
      return
    }
    if (holder === undefined) {
      if (this.#byAddress.get(subscription.address) === subscription) this.#byAddress.delete(subscription.address)
      this.#byAddress.set(message.feed, subscription)
      subscription.answered(message)
    } else this.#merge(subscription, holder)
    this.#releaseUnread()
  }

  #asking(id: unknown): Subscription | undefined {
    if (id === undefined) return undefined
    for (const subscription of this.#byKey.values()) if (subscription.asked === id) return subscription
    return undefined
  }

  #merge(subscription: Subscription, holder: Subscription): void {
    for (const [key, of] of this.#byKey) if (of === subscription) this.#byKey.set(key, holder)
    holder.adopt(subscription)
    // Last: its end is no business of those who read on.
    subscription.lost('nobody subscribes')
  }

  #unsubscribed({ id, feed, code }: UnsubscribedMessage): void {
    if (id !== undefined && this.#unheeded.delete(id)) return
    this.#accepting(feed)?.ended(new MillraceError(code ?? 'unavailable', `the server ended '${feed}'`))
  }

  #refused(message: ErrorMessage): void {
    if (message.id !== undefined && this.#unheeded.delete(message.id)) return
    const asking = this.#asking(message.id)
    const subscription = asking ?? (message.feed === undefined ? undefined : this.#byAddress.get(message.feed))
    subscription?.refused(message)
    if (asking !== undefined) this.#releaseUnread()
  }

  /** Whether an error is about one of these. */
  owns({ id, feed }: ErrorMessage): boolean {
    return this.#asking(id) !== undefined || this.#unheeded.has(id) || (feed !== undefined && this.#byAddress.has(feed))
  }

  #releaseUnread(): void {
    for (const subscription of this.#all()) this.#release(subscription)
  }

  /** Lets go of what nobody reads; not while an answer is to come that may turn out to be of the same address. */
  #release(subscription: Subscription): void {
    if (subscription.isRead || this.#mayBeWanted(subscription)) return
    for (const [key, of] of this.#byKey) if (of === subscription) this.#byKey.delete(key)
    if (this.#byAddress.get(subscription.address) === subscription) {
      this.#byAddress.delete(subscription.address)
      if (subscription.asked !== undefined) this.#unheeded.add(subscription.asked)
      if (subscription.isAccepting || subscription.asked !== undefined) this.#unsubscribe(subscription.address)
    }
    subscription.lost('nobody subscribes')
  }

  #mayBeWanted(subscription: Subscription): boolean {
    if (!this.#wire.isOpen) return false
    if (subscription.asked !== undefined && subscription.address === '') return true
    return this.#isAskedFor(nameOf(subscription.request.feed), subscription)
  }

  /** Whether an answer is to come for some view of a feed. */
  #isAskedFor(name: string, except?: Subscription): boolean {
    for (const other of this.#all()) if (other !== except && other.asked !== undefined && nameOf(other.request.feed) === name) return true
    return false
  }

  #unsubscribe(feed: string): void {
    const id = this.#wire.nextId()
    this.#unheeded.add(id)
    this.#wire.send({ type: 'unsubscribe', id, feed })
  }
}
