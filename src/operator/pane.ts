import type { Cell } from '../model/row.ts'
import { startAggregate, type Accumulator, type Aggregate } from './aggregate.ts'

interface Pane {
  readonly number: number
  readonly accumulators: readonly Accumulator[]
}

/** What one row gave to the panes of a window, summed up by pane. */
export class Panes {
  readonly #aggregates: readonly Aggregate[]
  #panes: Pane[] = []

  constructor(aggregates: readonly Aggregate[]) {
    this.#aggregates = aggregates
  }

  get isEmpty(): boolean {
    return this.#panes.length === 0
  }

  /** The values of the aggregates in one sample, or in several that had the same. */
  add(number: number, cells: readonly Cell[], times = 1): void {
    const at = this.#panes.findLastIndex(pane => pane.number <= number)
    let pane = this.#panes[at]
    if (pane?.number !== number) {
      pane = { number, accumulators: start(this.#aggregates) }
      this.#panes.splice(at + 1, 0, pane)
    }
    for (let i = 0; i < cells.length; i++) pane.accumulators[i]?.add(cells[i] ?? null, times)
  }

  dropBefore(number: number): void {
    const kept = this.#panes.findIndex(pane => pane.number >= number)
    if (kept !== 0) this.#panes = kept === -1 ? [] : this.#panes.slice(kept)
  }

  /** The panes up to one as one; undefined where there is none. */
  merged(last: number): readonly Accumulator[] | undefined {
    let merged: readonly Accumulator[] | undefined
    for (const { number, accumulators } of this.#panes) {
      if (number > last) break
      merged ??= start(this.#aggregates)
      for (let i = 0; i < merged.length; i++) {
        const other = accumulators[i]
        if (other !== undefined) merged[i]?.merge(other)
      }
    }
    return merged
  }
}

export function start(aggregates: readonly Aggregate[]): readonly Accumulator[] {
  return aggregates.map(({ name, q }) => startAggregate(name, q))
}
