import type { Cancel, Clock } from '../lib/clock.ts'
import { TokenBucket } from '../lib/token-bucket.ts'

/**
 * A gate for sources that somebody begins to read: so many a second may ask for the first time, the others wait in the
 * order they came. Readers who all return at once wake every source, and an origin must not feel that.
 */
export class FirstPolls {
  readonly #clock: Clock
  readonly #bucket: TokenBucket
  readonly #waiting = new Set<{ readonly enter: () => void }>()
  readonly #held: () => void
  #timer: Cancel | undefined

  /** `held` is told of each that has to wait. */
  constructor(perSecond: number, clock: Clock, held: () => void = () => undefined) {
    this.#clock = clock
    this.#held = held
    this.#bucket = new TokenBucket(perSecond, perSecond, clock)
  }

  /** Calls `enter` at once where the second has room, else later, unless cancelled before. */
  admit(enter: () => void): Cancel {
    const waiter = { enter }
    this.#waiting.add(waiter)
    if (this.#timer === undefined) this.#serve()
    if (this.#waiting.has(waiter)) this.#held()
    return () => void this.#waiting.delete(waiter)
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      if (!this.#bucket.take()) {
        this.#timer = this.#clock.after(Math.ceil(this.#bucket.waitMs), () => {
          this.#timer = undefined
          this.#serve()
        })
        return
      }
      this.#waiting.delete(waiter)
      waiter.enter()
    }
  }
}
