import type { Cell } from '../model/row.ts'
import { startAggregate, type Accumulator, type Aggregate } from './aggregate.ts'
import type { SavedPane } from './saved-window.ts'

interface Pane {
  readonly number: number
  readonly accumulators: readonly Accumulator[]
  /** As it was kept last; undefined: something was added since. Most panes of a window never change again. */
  saved: SavedPane | undefined
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
      pane = { number, accumulators: start(this.#aggregates), saved: undefined }
      this.#panes.splice(at + 1, 0, pane)
    }
    pane.saved = undefined
    for (let i = 0; i < cells.length; i++) pane.accumulators[i]?.add(cells[i] ?? null, times)
  }

  save(): readonly SavedPane[] {
    return this.#panes.map(pane => (pane.saved ??= [pane.number, pane.accumulators.map(accumulator => accumulator.save())]))
  }

  /** Takes up what `save` gave, while it is empty. @returns false where that is of other aggregates. */
  restore(saved: readonly SavedPane[]): boolean {
    return saved.every(pane => {
      const [number, cells] = pane
      const accumulators = start(this.#aggregates)
      this.#panes.push({ number, accumulators, saved: pane })
      return cells.length === accumulators.length && accumulators.every((accumulator, i) => accumulator.restore(cells[i] ?? []))
    })
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
