import type { Clock } from '../lib/clock.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { MillraceError } from '../model/errors.ts'

/** So many seconds' worth may be taken at once: a page that opens builds all of its views together. */
const burstSeconds = 10

/**
 * Counts against whoever asks for views what building them takes. An expression goes over every row once then, which
 * limits on its size do not bound; time is what the other readers lose.
 */
export class ViewTime {
  readonly #perSecondMs: number | undefined
  readonly #clock: Clock
  readonly #buckets = new WeakMap<object, TokenBucket>()

  /** `perSecondMs` undefined: nothing is counted. */
  constructor(perSecondMs: number | undefined, clock: Clock) {
    this.#perSecondMs = perSecondMs
    this.#clock = clock
  }

  /**
   * Builds a view for `who`.
   * @throws MillraceError `rate_limited` where what was built before took too long; what `build` throws.
   */
  charge<T>(who: object, build: () => T): T {
    const value = this.#perSecondMs
    if (value === undefined) return build()
    let bucket = this.#buckets.get(who)
    if (bucket === undefined) this.#buckets.set(who, (bucket = new TokenBucket(value, value * burstSeconds, this.#clock)))
    if (bucket.waitMs > 0)
      throw new MillraceError(
        'rate_limited',
        `building views took more than ${value} ms a second; try again in ${Math.ceil(bucket.waitMs / 1000)} s`,
        [{ limit: 'viewTimePerSecond', value }],
      )
    const began = this.#clock.monotonic()
    try {
      return build()
    } finally {
      bucket.use(this.#clock.monotonic() - began)
    }
  }
}
