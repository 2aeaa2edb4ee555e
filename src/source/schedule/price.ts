/**
 * The requests that a group of sources may still spend; plain, kept by whoever knows the group.
 *
 * Law: requests accrue at the rate the operator asked for and each poll spends one, so what was spent can exceed what
 * was accrued by no more than the pool's depth: the price rises until nobody buys.
 */
export interface Pool {
  /** Requests accrued and not spent; negative: spent ahead. */
  readonly unspent: number
  /** How many sources spend it. */
  readonly sources: number
  /** The share of the sources' own rates that accrues: 1 unless a budget, or an origin that answered 429, allows less. */
  readonly share: number
  /** What `share` recovers to. */
  readonly fullShare: number
  /** When an origin last had it cut, ms since 1970; 0: never. */
  readonly cutAt: number
}

/** All that one source pays from. */
export interface Pools {
  readonly own: Pool
  /** Shared with the other sources of its budget, or of its origin. */
  readonly budget?: Pool
}

/**
 * So many unspent requests of one source divide the price by e: few enough that a budget is kept within hours, so many
 * that a burst of changes does not make itself dear.
 */
const requestsPerFold = 150
/** The most folds a pool holds or owes. */
const depthInFolds = 4.2
const leastPrice = 1 / 16
const mostPrice = 64

/** What an origin that answers 429 takes from the share, at most once in `cutEveryMs`, and the least it leaves of it. */
const cutFactor = 0.75
const leastShare = 0.1
const cutEveryMs = 60_000
/** A cut share grows back by so much of itself in so long, for each source. */
const recovery = 0.05
const recoveryMs = 600_000

/** The same of all sources of a pool: what they spend more or less than on average adds up as its root, where they are independent. */
function foldOf(sources: number): number {
  return requestsPerFold * Math.sqrt(sources)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}

/** A full share of 1 is the rate that the sources ask for themselves. */
export function newPool(sources = 1, fullShare = 1): Pool {
  return { unspent: 0, sources, share: fullShare, fullShare, cutAt: 0 }
}

/**
 * The pool after one more poll of a source that asks once per `averageMs`. The time since its last poll earns, `pace`
 * times the average: a source that spends more at this hour of the day is given more. The first poll is free.
 */
export function spend(pool: Pool, sinceLastMs: number | undefined, averageMs: number, pace: number): Pool {
  if (sinceLastMs === undefined) return pool
  const depth = depthInFolds * foldOf(pool.sources)
  const earned = (Math.max(0, sinceLastMs) / averageMs) * pool.share * pace
  const regrown = 1 + (recovery * Math.max(0, sinceLastMs)) / (recoveryMs * pool.sources)
  return {
    unspent: clamp(pool.unspent + earned - 1, -depth, depth),
    sources: pool.sources,
    share: Math.min(pool.fullShare, pool.share * regrown),
    fullShare: pool.fullShare,
    cutAt: pool.cutAt,
  }
}

/** `spend` from both. */
export function spendAll({ own, budget }: Pools, sinceLastMs: number | undefined, averageMs: number, pace: number): Pools {
  const spent = spend(own, sinceLastMs, averageMs, pace)
  return budget === undefined ? { own: spent } : { own: spent, budget: spend(budget, sinceLastMs, averageMs, pace) }
}

/** The pool after a 429 at `at`: its origin bears less than the operator thought. */
export function cut(pool: Pool, at: number): Pool {
  if (at < pool.cutAt + cutEveryMs) return pool
  return { ...pool, share: Math.max(leastShare * pool.fullShare, cutFactor * pool.share), cutAt: at }
}

function priceIn({ unspent, sources }: Pool): number {
  return clamp(Math.exp(-unspent / foldOf(sources)), leastPrice, mostPrice)
}

/** What a request costs: exp(-unspent / (150 x sqrt(sources))), from 1/16 to 64; the dearer pool counts. 1 is on budget. */
export function priceOf({ own, budget }: Pools): number {
  return budget === undefined ? priceIn(own) : Math.max(priceIn(own), priceIn(budget))
}

/**
 * The gap that is worth the price where nothing is known of when: average x sqrt(price / weight). For a source whose
 * changes come at any time the mean delay is half the gap and the cost price / gap; this gap makes the sum least.
 * No longer than the average while the pool is not overdrawn, so that no weight makes others wait for nothing.
 */
export function baseGapMs(averageMs: number, price: number, weight: number): number {
  const worth = price / weight
  return averageMs * Math.sqrt(price <= 1 ? Math.min(1, worth) : worth)
}
