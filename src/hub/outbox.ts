import { encodeMessage } from '../protocol/codec.ts'
import type { View } from './view.ts'
import type { Subscription } from './subscription.ts'

/** Where the frames of one connection go. */
export interface Sink {
  send(frame: Buffer): void
  /** Everything sent until `uncork` leaves in one write. */
  cork(): void
  uncork(): void
  /** Whether the reader is behind: what is held then goes out as one net message later. */
  readonly isFull: boolean
}

/** Counts what goes out, by feed. */
export interface Meter {
  sent(view: View, bytes: number): void
}

/**
 * What one connection is owed: per address a position that is compared with the view's, never a queue.
 * A full sink holds data; when it drains each address is brought up to date by one net message.
 */
export class Outbox {
  readonly #sink: Sink
  readonly #meter: Meter
  readonly #subscriptions = new Map<string, Subscription>()
  /** In address order; made anew when a subscription comes or goes. */
  #sorted: readonly Subscription[] | undefined
  #held = false

  constructor(sink: Sink, meter: Meter) {
    this.#sink = sink
    this.#meter = meter
  }

  get size(): number {
    return this.#subscriptions.size
  }
  /** Data waits for the sink to drain. */
  get isHeld(): boolean {
    return this.#held
  }

  get(address: string): Subscription | undefined {
    return this.#subscriptions.get(address)
  }

  add(subscription: Subscription): void {
    this.#subscriptions.set(subscription.view.address, subscription)
    this.#sorted = undefined
  }

  /** What was owed for the address is owed no more. */
  remove(address: string): void {
    this.#subscriptions.delete(address)
    this.#sorted = undefined
  }

  clear(): void {
    this.#subscriptions.clear()
    this.#sorted = undefined
  }

  subscriptions(): readonly Subscription[] {
    this.#sorted ??= [...this.#subscriptions.values()].sort((a, b) => (a.view.address < b.view.address ? -1 : 1))
    return this.#sorted
  }

  /** An answer or other control message: it passes the hold. */
  send(frame: Buffer): void {
    this.#sink.send(frame)
  }

  /** A message of an address; counted. */
  write(subscription: Subscription, frame: Buffer): void {
    this.#sink.send(frame)
    this.#meter.sent(subscription.view, frame.byteLength)
  }

  /** A status: while data is held only the last one of an address is kept. */
  writeStatus(subscription: Subscription, frame: Buffer): void {
    if (this.#held) subscription.owesStatus = true
    else this.write(subscription, frame)
  }

  /**
   * Writes all that is due, in address order, as one flush: `tick` opens it where it is two messages or more.
   * `checks` are the views whose checksum goes to those whom this flush brings to the view's version.
   */
  flush(tick: number, checks: ReadonlyMap<View, Buffer>): void {
    if (this.#sink.isFull) {
      this.#held = true
      return
    }
    const due = this.subscriptions().filter(subscription => subscription.isDue)
    if (due.length === 0) return
    this.#sink.cork()
    if (due.length > 1) this.#sink.send(encodeMessage({ type: 'tick', tick, throttle: 0, messages: due.length }))
    for (const subscription of due) this.bring(subscription)
    for (const { view } of due) {
      const check = checks.get(view)
      if (check !== undefined) this.#sink.send(check)
    }
    this.#sink.uncork()
  }

  /** Brings a subscription to its view's version by one message. */
  bring(subscription: Subscription): void {
    const { view } = subscription
    this.write(subscription, view.frames.next(subscription.position))
    subscription.position = view.position
  }

  /** The sink has drained: what was held goes out. `status` makes the current one of a view. */
  drained(tick: number, status: (view: View) => Buffer): void {
    if (!this.#held || this.#sink.isFull) return
    this.#held = false
    this.flush(tick, new Map())
    for (const subscription of this.subscriptions()) {
      if (!subscription.owesStatus) continue
      subscription.owesStatus = false
      this.write(subscription, status(subscription.view))
    }
  }
}
