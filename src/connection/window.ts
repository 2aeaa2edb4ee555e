import type { Clock } from '../lib/clock.ts'

export interface WindowLimits {
  /** Bytes that may go out unacknowledged before data is held; default 64 KiB. */
  readonly sendWindowBytes: number
  /** Bytes after which an acknowledgement is asked for; default 32 KiB. */
  readonly ackAfterBytes: number
}

/** The slowest line on which a large snapshot arrives: 128 kbit/s. */
const slowestBytesPerMs = 16

/**
 * How far a reader has read, proved by its answers to pings: what the kernel took in proves nothing, since it takes 6 to
 * 8 MB from a reader that stalls (protocol.md section 6). One ping is outstanding at a time; an answer to it acknowledges
 * what was written before it.
 */
export class Window {
  /** ms (monotonic), whole. */
  readonly began: number
  readonly #limits: WindowLimits
  readonly #clock: Clock
  /** Bytes since the connection began. */
  #written = 0
  #acknowledged = 0
  /** Of the outstanding ping: what had been written before it, and when it was sent, ms (monotonic). */
  #outstanding: { readonly written: number; readonly sentAt: number } | undefined
  #pings = 0

  constructor(limits: WindowLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.began = Math.round(clock.monotonic())
  }

  /** Bytes since the connection began. */
  get written(): number {
    return this.#written
  }

  /** Whether the reader is behind. */
  get isFull(): boolean {
    return this.#written - this.#acknowledged >= this.#limits.sendWindowBytes
  }

  get isPinging(): boolean {
    return this.#outstanding !== undefined
  }

  /**
   * Whether the outstanding ping should have been answered by now: `patienceMs` after it was sent, and later where so much
   * stands before it that a slow line takes long to carry it. A large snapshot must not begin anew for ever.
   */
  isOverdue(patienceMs: number): boolean {
    if (this.#outstanding === undefined) return false
    const { written, sentAt } = this.#outstanding
    const before = Math.max(0, written - this.#acknowledged - this.#limits.sendWindowBytes)
    return this.#clock.monotonic() - sentAt >= patienceMs + before / slowestBytesPerMs
  }

  isOutstanding(number: number): boolean {
    return this.#outstanding !== undefined && number === this.#pings
  }

  /** Counts what was written; returns whether a ping is due. */
  wrote(bytes: number): boolean {
    this.#written += bytes
    return this.#outstanding === undefined && this.#isMuch
  }

  /** A ping leaves; returns its number. */
  ping(): number {
    this.#outstanding = { written: this.#written, sentAt: this.#clock.monotonic() }
    return ++this.#pings
  }

  /** Only the outstanding ping can be answered: unasked pongs prove nothing. Returns whether another ping is due at once. */
  pong(number: number): boolean {
    if (this.#outstanding === undefined || !this.isOutstanding(number)) return false
    this.#acknowledged = this.#outstanding.written
    this.#outstanding = undefined
    return this.#isMuch
  }

  get #isMuch(): boolean {
    const { sendWindowBytes, ackAfterBytes } = this.#limits
    return this.#written - this.#acknowledged >= Math.min(ackAfterBytes, sendWindowBytes)
  }
}
