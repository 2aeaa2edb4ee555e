import { newPool, type Pool } from './price.ts'

/** The pool from which all adaptive sources of one budget pay. */
export class SharedPool {
  pool: Pool = newPool(1)
  #members = 0

  join(): void {
    this.#members++
    this.#resize()
  }

  leave(): void {
    this.#members--
    this.#resize()
  }

  #resize(): void {
    this.pool = { ...this.pool, sources: Math.max(1, this.#members) }
  }
}
