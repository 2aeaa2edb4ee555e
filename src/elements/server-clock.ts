import type { Millrace } from '../client/face.ts'
import type { Clock } from '../lib/clock.ts'

/** What is known of the server as a whole. */
export interface ServerTime {
  readonly connected: boolean
  /** The server's wall clock, as near as can be known. */
  now(): number
  /** A message has come that the server published at `at`, ms since 1970 by its own clock. */
  note(at: number): void
}

/** The clock of the server, found from the times its messages bear. */
export class ServerClock implements ServerTime {
  readonly #millrace: Millrace
  readonly #clock: Clock
  /** How far this machine's clock is ahead of the server's, in ms: the least seen, as each message also travelled. */
  #aheadMs: number | undefined

  constructor(millrace: Millrace, clock: Clock) {
    this.#millrace = millrace
    this.#clock = clock
    millrace.onState(({ phase }) => {
      // Another server, or the same one after its clock was set: measure anew.
      if (phase === 'open') this.#aheadMs = undefined
    })
  }

  get connected(): boolean {
    return this.#millrace.state.phase === 'open'
  }

  now(): number {
    return this.#clock.now() - (this.#aheadMs ?? 0)
  }

  note(at: number): void {
    const aheadMs = this.#clock.now() - at
    this.#aheadMs = Math.min(this.#aheadMs ?? aheadMs, aheadMs)
  }
}
