import { newPool, type Pool } from './price.ts'

/** The pool from which all adaptive sources of one budget pay. */
export class SharedPool {
  pool: Pool = newPool(1)
  #members = 0
  /** Requests per ms that its sources would make together. */
  #nominal = 0
  #allowed = Number.POSITIVE_INFINITY

  /** A source that asks once per `averageMs` pays from it. */
  join(averageMs: number): void {
    this.#members++
    this.#nominal += 1 / averageMs
    this.#resize()
  }

  leave(averageMs: number): void {
    this.#members--
    this.#nominal -= 1 / averageMs
    this.#resize()
  }

  /** No more accrues than the budget's rate; undefined: any. */
  allow(perSecond: number | undefined): void {
    this.#allowed = perSecond === undefined ? Number.POSITIVE_INFINITY : perSecond / 1000
    this.#resize()
  }

  #resize(): void {
    const fullShare = this.#nominal > 0 ? Math.min(1, this.#allowed / this.#nominal) : 1
    this.pool = { ...this.pool, sources: Math.max(1, this.#members), fullShare, share: Math.min(this.pool.share, fullShare) }
  }
}
