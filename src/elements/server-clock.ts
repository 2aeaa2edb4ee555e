import type { Millrace } from '../client/face.ts'
import type { Clock } from '../lib/clock.ts'

/** What is known of the server as a whole. */
export interface ServerTime {
  readonly connected: boolean
  /** The server's wall clock, as near as can be known. */
  now(): number
  /**
   * A message has come that the server published at `at`, ms since 1970 by its own clock; `isLive`: only just, as a delta is,
   * where a snapshot may be of long ago.
   */
  note(at: number, isLive: boolean): void
}

/** Of so many ms the least travelled message counts: clocks drift. */
const windowMs = 15_000
/** No live message travels so long: the server's clock was set back. */
const setBackMs = 10_000

/**
 * The clock of the server, found from the times its messages bear. It goes on by this machine's steady time, so that it does not
 * jump with the wall clock; only that clock, however, knows how long a machine has slept, and is heeded until the next message.
 */
export class ServerClock implements ServerTime {
  readonly #millrace: Millrace
  readonly #clock: Clock
  /** The server's clock less this machine's steady time, in ms: the most seen, as each message also travelled. */
  #offsetMs: number | undefined
  /** The most seen of live messages in the window that began at `#windowFrom`, by steady time. */
  #seenMs = Number.NEGATIVE_INFINITY
  #windowFrom = 0
  /** This machine's wall clock less the server's, when the last live message came. */
  #wallAheadMs: number | undefined

  constructor(millrace: Millrace, clock: Clock) {
    this.#millrace = millrace
    this.#clock = clock
    millrace.onState(({ phase }) => {
      // Another server, or the same one after its clock was set: measure anew.
      if (phase === 'open') this.#forget()
    })
  }

  get connected(): boolean {
    return this.#millrace.state.phase === 'open'
  }

  now(): number {
    const wall = this.#clock.now()
    if (this.#offsetMs === undefined) return wall
    const steady = this.#clock.monotonic() + this.#offsetMs
    return this.#wallAheadMs === undefined ? steady : Math.max(steady, wall - this.#wallAheadMs)
  }

  note(at: number, isLive: boolean): void {
    const steady = this.#clock.monotonic()
    const offsetMs = at - steady
    if (isLive && this.#offsetMs !== undefined && offsetMs < this.#offsetMs - setBackMs) this.#forget()
    this.#offsetMs = Math.max(this.#offsetMs ?? offsetMs, offsetMs)
    if (!isLive) return
    if (this.#seenMs === Number.NEGATIVE_INFINITY) this.#windowFrom = steady
    this.#seenMs = Math.max(this.#seenMs, offsetMs)
    if (steady - this.#windowFrom >= windowMs) {
      this.#offsetMs = this.#seenMs
      this.#seenMs = Number.NEGATIVE_INFINITY
    }
    this.#wallAheadMs = this.#clock.now() - (steady + this.#offsetMs)
  }

  #forget(): void {
    this.#offsetMs = undefined
    this.#wallAheadMs = undefined
    this.#seenMs = Number.NEGATIVE_INFINITY
  }
}
