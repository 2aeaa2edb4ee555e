import type { Purpose } from '../source/taps.ts'

/** What is asked of a recording. */
export interface Asked {
  readonly source: string
  readonly purpose: Purpose
  readonly method: string
  /** Without secrets. */
  readonly url: string
  /** It says who asks. */
  readonly authorized: boolean
  /** Ms since the beginning of the recording. */
  readonly at: number
  /** What the answer may be 304 to. */
  readonly ifNoneMatch?: string | undefined
  readonly ifModifiedSince?: string | undefined
}

/** An answer that is kept: as much of it as tells it from others. */
export interface Kept {
  readonly at: number
  /** Its record. */
  readonly record: number
  readonly status: number | undefined
  readonly etag: string | undefined
  readonly modified: string | undefined
}

const notModified = 304

/** The answers to one request, in the order of time. */
export class Timeline {
  readonly #kept: Kept[] = []
  #isSorted = true

  get size(): number {
    return this.#kept.length
  }

  add(kept: Kept): void {
    this.#isSorted &&= kept.at >= (this.#kept.at(-1)?.at ?? 0)
    this.#kept.push(kept)
  }

  /**
   * The nearest in time. What confirms a body is for who holds that body: anybody else gets the body that it confirmed.
   * Undefined: there is none.
   */
  find({ at, ifNoneMatch, ifModifiedSince }: Pick<Asked, 'at' | 'ifNoneMatch' | 'ifModifiedSince'>): Kept | undefined {
    const place = this.#nearest(at)
    const nearest = this.#kept[place]
    if (nearest?.status !== notModified) return nearest
    const confirmed = this.#wholeBefore(place)
    const holds =
      ifNoneMatch === undefined ? ifModifiedSince !== undefined && ifModifiedSince === confirmed?.modified : ifNoneMatch === confirmed?.etag
    return holds ? nearest : confirmed
  }

  /** The last whole answer before a place, or the first one after it. */
  #wholeBefore(place: number): Kept | undefined {
    for (let before = place - 1; before >= 0; before--) if (this.#kept[before]?.status === 200) return this.#kept[before]
    return this.#kept.find(({ status }) => status === 200)
  }

  /** Of two that are as near the earlier one. */
  #nearest(at: number): number {
    // They stand in the file in the order in which they ended.
    if (!this.#isSorted) this.#kept.sort((a, b) => a.at - b.at)
    this.#isSorted = true
    let [low, high] = [0, this.#kept.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#kept[middle]?.at ?? 0) < at) low = middle + 1
      else high = middle
    }
    const [before, after] = [this.#kept[low - 1], this.#kept[low]]
    if (before === undefined) return low
    return after === undefined || at - before.at <= after.at - at ? low - 1 : low
  }
}
