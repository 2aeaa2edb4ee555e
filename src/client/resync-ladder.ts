import { backoffDelay } from '../lib/backoff.ts'
import type { Random } from '../lib/random.ts'

export type ResyncReason = 'gap' | 'checksum' | 'apply'

/** `tell`: the mismatch is a repeated one, of which the user hears. */
export type ResyncStep = { readonly kind: 'resync'; readonly delayMs: number; readonly tell: boolean } | { readonly kind: 'giveUp' }

const mostTries = 5
const repeatMs = 60_000

/** Paces the resyncs of one address: the first at once, then with back-off, never more than 5 at one position. */
export class ResyncLadder {
  readonly #random: Random
  #place = ''
  #tries = 0
  #mismatches = 0
  #mismatchedAt = Number.NEGATIVE_INFINITY

  constructor(random: Random) {
    this.#random = random
  }

  /** @param place the position held, as text; `nowMs` is monotonic */
  next(reason: ResyncReason, place: string, nowMs: number): ResyncStep {
    this.#tries = place === this.#place ? this.#tries + 1 : 1
    this.#place = place
    if (reason === 'checksum') this.#countMismatch(nowMs)
    if (this.#tries > mostTries) return { kind: 'giveUp' }
    const tell = reason === 'checksum' && this.#mismatches > 1
    const failures = Math.max(this.#tries, tell ? this.#mismatches : 1) - 1
    return { kind: 'resync', tell, delayMs: failures === 0 ? 0 : backoffDelay(failures, { baseMs: 500, capMs: 30_000 }, this.#random) }
  }

  #countMismatch(nowMs: number): void {
    this.#mismatches = nowMs - this.#mismatchedAt < repeatMs ? this.#mismatches + 1 : 1
    this.#mismatchedAt = nowMs
  }
}
