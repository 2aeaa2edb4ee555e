import type { Row } from '../model/row.ts'
import type { RowChanges } from './live-table.ts'

/** What one consumer has not seen yet, as a net effect: bounded by the table it saw and the table there is, not by time. */
export class NetChanges {
  #before = new Map<string, Row | undefined>()
  #type: 'snapshot' | 'delta' = 'delta'
  #pending = false

  /** Whether anything happened since the last `take`. */
  get pending(): boolean {
    return this.#pending
  }

  /** @param rows the table after the changes */
  add(type: 'snapshot' | 'delta', changes: RowChanges, rows: ReadonlyMap<string, Row>): void {
    this.#pending = true
    if (type === 'snapshot') this.#type = 'snapshot'
    for (const [key, before] of changes) {
      if (!this.#before.has(key)) this.#before.set(key, before)
      // Also when a row that the consumer never saw is gone again: nothing happened to it.
      if (this.#before.get(key) === rows.get(key)) this.#before.delete(key)
    }
  }

  take(): { readonly type: 'snapshot' | 'delta'; readonly changes: RowChanges } {
    const taken = { type: this.#type, changes: this.#before }
    this.#before = new Map()
    this.#type = 'delta'
    this.#pending = false
    return taken
  }
}
