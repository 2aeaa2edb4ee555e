import type { Clock } from '../lib/clock.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { MillraceError } from '../model/errors.ts'

/** So many seconds' worth may be taken at once: a page that opens builds all of its views together. */
const burstSeconds = 10
/** What is shared by so many that each has less of it than this, in ms, is not worth counting. */
const leastPartMs = 0.01

/**
 * Counts against whoever asks for views what building them takes, and what keeping them up to date does. An expression goes
 * over every row once at first, and over those that change later, which limits on its size do not bound; time is what the
 * other readers lose. Who took too much is given no further view.
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
    const bucket = this.#bucketOf(who, value)
    if (bucket.waitMs > 0)
      throw new MillraceError(
        'rate_limited',
        `the views asked for took more than ${value} ms a second; try again in ${Math.ceil(bucket.waitMs / 1000)} s`,
        [{ limit: 'viewTimePerSecond', value }],
      )
    const began = this.#clock.monotonic()
    try {
      return build()
    } finally {
      bucket.use(this.#clock.monotonic() - began)
    }
  }

  /** What keeping a view up to date took, in ms, counts against all who follow it, in equal parts. */
  share(readers: ReadonlySet<{ readonly line: object }>, ms: number): void {
    const value = this.#perSecondMs
    const part = ms / readers.size
    if (value === undefined || part < leastPartMs) return
    for (const { line } of readers) this.#bucketOf(line, value).use(part)
  }

  #bucketOf(who: object, perSecondMs: number): TokenBucket {
    let bucket = this.#buckets.get(who)
    if (bucket === undefined) this.#buckets.set(who, (bucket = new TokenBucket(perSecondMs, perSecondMs * burstSeconds, this.#clock)))
    return bucket
  }
}
