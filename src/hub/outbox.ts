import type { Line, Subscription } from './subscription.ts'
import type { Grants } from './principal.ts'
import type { Throttle } from './throttle.ts'
import { tickFrame } from './view-frame.ts'

/** Where the frames of one connection go. */
export interface Sink {
  send(frame: Buffer): void
  /** Several frames in one write. */
  sendAll(frames: readonly Buffer[]): void
  /** Whether the reader is behind: what is held then goes out as one net message later. */
  readonly isFull: boolean
  /** What there is for the reader now. */
  readonly grants: Grants
  /** Whose the reader is, by token or address. */
  readonly account: string
}

const nobody: readonly Subscription[] = []
const none: readonly Buffer[] = []

/**
 * What one connection is owed: per address a position that is compared with the view's, never a queue.
 * A full sink holds data; when it drains each address is brought up to date by one net message.
 */
export class Outbox implements Line {
  /** A bit for each flush that it waits for. */
  queued = 0
  readonly #sink: Sink
  readonly #due: (outbox: Outbox, throttle: Throttle) => void
  /** In address order. A list, of which most connections need one place: a Map would take more than all else of an outbox. */
  #subscriptions: readonly Subscription[] = nobody
  #viewCount = 0
  #held = false
  /** Classes whose instant passed while the sink was full. */
  #missed: Set<Throttle> | undefined
  /** Some subscription's answer had no room, or no turn. */
  #owesAnswers = false
  /** The one that waits for a large snapshot. */
  #awaiting: Subscription | undefined

  /** `due` is called when a subscription has something to be written. */
  constructor(sink: Sink, due: (outbox: Outbox, throttle: Throttle) => void) {
    this.#sink = sink
    this.#due = due
  }

  /** Addresses followed. */
  get size(): number {
    return this.#subscriptions.length
  }
  /** Those of them that are more than a feed's name. */
  get viewCount(): number {
    return this.#viewCount
  }
  get isHeld(): boolean {
    return this.#held
  }
  get grants(): Grants {
    return this.#sink.grants
  }
  get account(): string {
    return this.#sink.account
  }

  get(address: string): Subscription | undefined {
    const found = this.#subscriptions[this.#placeOf(address)]
    return found?.view.address === address ? found : undefined
  }

  /** One whose address is not followed yet. */
  add(subscription: Subscription): void {
    const { view } = subscription
    this.#subscriptions = this.#subscriptions.toSpliced(this.#placeOf(view.address), 0, subscription)
    if (!view.isBase) this.#viewCount++
  }

  /** What was owed for the address is owed no more. */
  remove(address: string): void {
    const subscription = this.get(address)
    if (subscription === undefined) return
    this.#subscriptions = this.#subscriptions.toSpliced(this.#placeOf(address), 1)
    if (!subscription.view.isBase) this.#viewCount--
  }

  clear(): void {
    this.queued = 0
    this.#subscriptions = nobody
    this.#viewCount = 0
    this.#owesAnswers = false
    this.#awaiting = undefined
  }

  subscriptions(): readonly Subscription[] {
    return this.#subscriptions
  }

  /** Where an address stands, or would stand. */
  #placeOf(address: string): number {
    let [low, high] = [0, this.#subscriptions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#subscriptions[middle]?.view.address ?? '') < address) low = middle + 1
      else high = middle
    }
    return low
  }

  due(throttle: Throttle): void {
    this.#due(this, throttle)
  }

  /** An answer or other control message: it passes the hold. */
  send(frame: Buffer): void {
    this.#sink.send(frame)
  }

  bring(subscription: Subscription): void {
    if (!this.#sink.isFull) return subscription.bring()
    this.#held = true
    this.#owe(subscription)
  }

  mayWait(subscription: Subscription): boolean {
    if (this.#awaiting === undefined) this.#awaiting = subscription
    if (this.#awaiting === subscription) return true
    this.#owe(subscription)
    return false
  }

  waited(subscription: Subscription): void {
    if (this.#awaiting !== subscription) return
    this.#awaiting = undefined
    this.#answer()
    this.#held ||= this.#owesAnswers
  }

  #owe(subscription: Subscription): void {
    subscription.owesAnswer = true
    this.#owesAnswers = true
  }

  /** Writes what is owed as answers, and then all that is due in a class, where there is room. */
  flush(tick: number, throttle: Throttle): void {
    this.#answer()
    if (!this.#sink.isFull) return this.#write(tick, throttle)
    this.#held = true
    if (throttle > 0) this.#missed = (this.#missed ?? new Set()).add(throttle)
  }

  /** Answers go first: what changes all the time could fill a slow line each time, and they would never come. */
  #answer(): void {
    if (!this.#owesAnswers || this.#sink.isFull) return
    this.#owesAnswers = false
    for (const subscription of this.#subscriptions) {
      if (!subscription.owesAnswer) continue
      if (this.#sink.isFull) {
        this.#owesAnswers = true
        return
      }
      subscription.owesAnswer = false
      if (subscription.isDue) subscription.bring()
    }
  }

  /**
   * Writes all that is due in a class, in address order, as one flush: `tick` opens it where it is two messages or more.
   * A checksum goes to those whom this flush brings to the view's version. Status goes with class 0: behind new data, or
   * the old would be believed in its place, but ahead of first data. What is behind its feed comes apart: the tables of a
   * flush are of one tick.
   */
  #write(tick: number, throttle: Throttle): void {
    const all = this.#subscriptions
    const [only] = all
    // Mostly a connection follows one address, and nothing is made for it alone.
    if (all.length === 1 && only !== undefined && !only.owesMore) {
      if (only.throttle === throttle && only.isDue) only.bring()
      return
    }
    const frames: Buffer[] = []
    // Mostly there is nothing but data.
    let [before, apart, after] = [none, none, none]
    for (const subscription of all) {
      const status = throttle === 0 ? subscription.takeStatus() : undefined
      if (status !== undefined && subscription.position.version === 0) before = [...before, status]
      else if (status !== undefined) after = [...after, status]
      if (subscription.throttle !== throttle || !subscription.isDue) continue
      const frame = subscription.take()
      if (frame === undefined) continue
      if (subscription.view.isBehind) apart = [...apart, frame]
      else frames.push(frame)
      const check = subscription.takeCheck()
      if (check !== undefined) after = [...after, check]
    }
    if (frames.length > 1) frames.unshift(tickFrame(tick, throttle, frames.length))
    const written = before.length + apart.length + after.length === 0 ? frames : [...before, ...frames, ...apart, ...after]
    if (written.length > 0) this.#sink.sendAll(written)
  }

  /**
   * The sink has room again: what was held goes out, one message for each address. So does a class that missed its
   * instant: were it to wait for the next one, feeds without throttle could fill a slow line each time, and it would
   * never be sent anything.
   */
  drained(tick: number): void {
    if (!this.#held || this.#sink.isFull) return
    this.#answer()
    if (this.#sink.isFull) return
    this.#held = false
    const missed = this.#missed
    this.#missed = undefined
    for (const throttle of missed ?? []) this.#write(tick, throttle)
    this.#write(tick, 0)
    for (const subscription of this.#subscriptions) {
      const { throttle, isDue } = subscription
      if (throttle > 0 && isDue && missed?.has(throttle) !== true) this.due(throttle)
    }
  }
}
