import type { Degradation, Table } from '../model/table.ts'
import type { Incoming } from './unify.ts'

/** Rows that come and go: one leaves once it was gone from so many answers in a row. */
export class FlappingRows {
  readonly #removeAfter: number
  readonly #maxRows: number
  /** In how many answers in a row each of the rows that are kept was gone. */
  #gone = new Map<string, number>()

  constructor(removeAfter: number, maxRows: number) {
    this.#removeAfter = removeAfter
    this.#maxRows = maxRows
  }

  /** Puts the rows of the last table that may come back into the next one, as far as there is room; tells of them where there are any. */
  keep(before: Table | undefined, { key, rows }: Incoming): Degradation | undefined {
    const gone = new Map<string, number>()
    if (this.#removeAfter > 1 && before?.key === key)
      for (const [name, row] of before.rows) {
        if (rows.has(name)) continue
        const times = (this.#gone.get(name) ?? 0) + 1
        if (times >= this.#removeAfter || rows.size >= this.#maxRows) continue
        gone.set(name, times)
        rows.set(name, row)
      }
    this.#gone = gone
    if (gone.size === 0) return undefined
    const [what, are] = gone.size === 1 ? ['1 row', 'is'] : [`${gone.size} rows`, 'are']
    return { cause: 'rows', reason: `removeAfter: ${this.#removeAfter}: ${what} ${are} gone from the answer and kept for now` }
  }
}
