import type { Clock } from '../lib/clock.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { MillraceError } from '../model/errors.ts'
import type { View } from './view.ts'
import type { ViewPace } from './view-pace.ts'

/** So many seconds' worth may be taken at once: a page that opens builds all of its views together. */
const burstSeconds = 10
/** What is shared by so many that each has less of it than this, in ms, is not worth counting. */
const leastPartMs = 0.01
/** What takes less, in ms, found what there was already. */
const leastPlanMs = 0.1

/**
 * Counts what views take: together, for their share of the loop, and against whoever asks for them. An expression goes over
 * every row once at first, and over those that change later, which limits on its size do not bound; time is what the other
 * readers lose. Who took too much is given no further view.
 */
export class ViewTime {
  readonly #perSecondMs: number | undefined
  readonly #pace: ViewPace
  readonly #clock: Clock
  readonly #buckets = new WeakMap<object, TokenBucket>()

  /** `perSecondMs` undefined: nothing is counted against anybody. */
  constructor(perSecondMs: number | undefined, pace: ViewPace, clock: Clock) {
    this.#perSecondMs = perSecondMs
    this.#pace = pace
    this.#clock = clock
  }

  /** Reads a query, which may have to be compiled. Throws what `read` throws. */
  plan<T>(read: () => T): T {
    const began = this.#clock.monotonic()
    try {
      return read()
    } finally {
      const ms = this.#clock.monotonic() - began
      if (ms >= leastPlanMs) this.#pace.spent(ms)
    }
  }

  /**
   * Builds a view for `who`.
   * @throws MillraceError `rate_limited` where what was built before took too long; what `build` throws.
   */
  charge<T>(who: object, build: () => T): T {
    const value = this.#perSecondMs ?? 0
    const bucket = this.#bucketOf(who)
    if (bucket !== undefined && bucket.waitMs > 0)
      throw new MillraceError(
        'rate_limited',
        `the views asked for took more than ${value} ms a second; try again in ${Math.ceil(bucket.waitMs / 1000)} s`,
        [{ limit: 'viewTimePerSecond', value }],
      )
    const began = this.#clock.monotonic()
    try {
      return build()
    } finally {
      const ms = this.#clock.monotonic() - began
      this.#pace.spent(ms)
      bucket?.use(ms)
    }
  }

  /** What keeping a view up to date and telling it took, in ms, counts against all who follow it, in equal parts. */
  share({ isBase, readers }: Pick<View, 'isBase' | 'readers'>, ms: number): void {
    if (isBase) return
    this.#pace.spent(ms)
    const part = ms / readers.size
    if (part >= leastPartMs) for (const { line } of readers) this.#bucketOf(line)?.use(part)
  }

  #bucketOf(who: object): TokenBucket | undefined {
    const perSecondMs = this.#perSecondMs
    if (perSecondMs === undefined) return undefined
    let bucket = this.#buckets.get(who)
    if (bucket === undefined) this.#buckets.set(who, (bucket = new TokenBucket(perSecondMs, perSecondMs * burstSeconds, this.#clock)))
    return bucket
  }
}
