import type { Hints } from '../../src/source/schedule/observation.ts'
import type { Draws } from './draws.ts'
import { startAt, type Source } from './source.ts'

/** One answer of a simulated source. */
export interface Answer {
  /** The newest tick in it: its count. */
  readonly tick: number
  /** The count of changes in it. */
  readonly changes: number
  readonly hints: Hints
}

/** What answers in place of a source: the source itself, or the cache before it. */
export class Upstream {
  readonly #source: Source
  readonly #draws: Draws
  /** Changes up to each tick. */
  readonly #changes: Uint32Array
  /** When the data changed, ms since the start. */
  readonly changedAt: readonly number[]
  #fetchedAt: number | undefined
  #othersMs = 0

  constructor(source: Source, draws: Draws) {
    this.#source = source
    this.#draws = draws
    this.#changes = new Uint32Array(source.ticks.length + 1)
    for (let i = 0; i < source.ticks.length; i++) this.#changes[i + 1] = (this.#changes[i] ?? 0) + (source.live[i] === true ? 1 : 0)
    this.changedAt = source.ticks.filter((_, i) => source.live[i] === true)
  }

  /** Its answer to a request that arrives at an instant, ms since the start. */
  answer(at: number): Answer {
    const { ticks, hints } = this.#source
    const madeAt = this.#madeAt(at)
    const tick = countUntil(ticks, madeAt)
    const changes = this.#changes[tick] ?? 0
    const dateAt = wholeSecond(startAt + madeAt)
    const lastModifiedAt = this.#lastModified(tick, changes, dateAt)
    return {
      tick,
      changes,
      hints: {
        dateAt,
        ...(hints.maxAgeMs === undefined ? {} : { maxAgeMs: hints.maxAgeMs }),
        ...(hints.tellsAge === true ? { ageMs: wholeSecond(at - madeAt) } : {}),
        ...(lastModifiedAt === undefined ? {} : { lastModifiedAt }),
      },
    }
  }

  /** When the answer to a request was made: a cache keeps it, until it has expired and somebody asks. */
  #madeAt(at: number): number {
    const { cache } = this.#source
    if (cache === undefined) return at
    const { ttlMs, othersMs } = cache
    const renew = (instant: number): number => {
      this.#othersMs = this.#draws.exponential(othersMs)
      return instant
    }
    let fetchedAt = this.#fetchedAt ?? renew(-this.#draws.uniform() * ttlMs)
    while (fetchedAt + ttlMs + this.#othersMs <= at) fetchedAt = renew(fetchedAt + ttlMs + this.#othersMs)
    if (at >= fetchedAt + ttlMs) fetchedAt = renew(at)
    this.#fetchedAt = fetchedAt
    return fetchedAt
  }

  #lastModified(tick: number, changes: number, dateAt: number): number | undefined {
    const { ticks, hints } = this.#source
    if (hints.lastModified === undefined) return undefined
    if (hints.lastModified === 'now') return dateAt
    const at = hints.showsTicks === true ? ticks[tick - 1] : this.changedAt[changes - 1]
    if (at === undefined) return undefined
    const lagMs = hints.lastModified === 'lagged' ? (hints.lagMs ?? 0) * (0.9 + 0.2 * ((changes * 0.618034) % 1)) : 0
    return wholeSecond(startAt + at - lagMs)
  }
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

/** How many of the ascending instants are not after `at`. */
function countUntil(instants: readonly number[], at: number): number {
  let [low, high] = [0, instants.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((instants[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low
}
