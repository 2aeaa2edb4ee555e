import type { Cell } from '../model/row.ts'
import { startAggregate, type Accumulator } from './accumulator.ts'
import type { Aggregate } from './aggregate.ts'
import type { SavedPane } from './saved-window.ts'

interface Pane {
  readonly number: number
  /** What was added first, and how many times; most panes are given no more. */
  readonly cells: readonly Cell[]
  readonly times: number
  /** All that was added, once that is more. */
  accumulators: readonly Accumulator[] | undefined
}

/** What one row gave to the panes of a window, summed up by pane. */
export class Panes {
  readonly #aggregates: readonly Aggregate[]
  readonly #panes: Pane[] = []

  constructor(aggregates: readonly Aggregate[]) {
    this.#aggregates = aggregates
  }

  get isEmpty(): boolean {
    return this.#panes.length === 0
  }

  /** The values of the aggregates in one sample, or in several that had the same. */
  add(number: number, cells: readonly Cell[], times = 1): void {
    // Mostly to the last pane, or to one after it.
    let at = this.#panes.length - 1
    while ((this.#panes[at]?.number ?? number) > number) at--
    const pane = this.#panes[at]
    if (pane?.number !== number) {
      this.#panes.splice(at + 1, 0, { number, cells, times, accumulators: undefined })
      return
    }
    addTo(this.#accumulatorsOf(pane), cells, times)
  }

  save(): readonly SavedPane[] {
    return this.#panes.map(pane => [pane.number, this.#summed(pane).map(accumulator => accumulator.save())])
  }

  /** Takes up what `save` gave, while it is empty. @returns false where that is of other aggregates. */
  restore(saved: readonly SavedPane[]): boolean {
    return saved.every(([number, states]) => {
      const accumulators = start(this.#aggregates)
      this.#panes.push({ number, cells: [], times: 0, accumulators })
      return states.length === accumulators.length && accumulators.every((accumulator, i) => accumulator.restore(states[i] ?? []))
    })
  }

  dropBefore(number: number): void {
    while ((this.#panes[0]?.number ?? number) < number) this.#panes.shift()
  }

  /** Adds the panes up to one to accumulators, the oldest first. @returns whether there were any. */
  mergeInto(sums: readonly Accumulator[], last: number): boolean {
    let isAny = false
    for (const { number, cells, times, accumulators } of this.#panes) {
      if (number > last) break
      isAny = true
      if (accumulators === undefined) addTo(sums, cells, times)
      else for (let i = 0; i < sums.length; i++) mergeTo(sums[i], accumulators[i])
    }
    return isAny
  }

  #accumulatorsOf(pane: Pane): readonly Accumulator[] {
    return (pane.accumulators ??= this.#summed(pane))
  }

  /** What was added to a pane, which goes on holding no more than it does. */
  #summed({ accumulators, cells, times }: Pane): readonly Accumulator[] {
    if (accumulators !== undefined) return accumulators
    const sums = start(this.#aggregates)
    addTo(sums, cells, times)
    return sums
  }
}

function addTo(sums: readonly Accumulator[], cells: readonly Cell[], times: number): void {
  for (let i = 0; i < sums.length; i++) sums[i]?.add(cells[i] ?? null, times)
}

function mergeTo(sum: Accumulator | undefined, other: Accumulator | undefined): void {
  if (other !== undefined) sum?.merge(other)
}

export function start(aggregates: readonly Aggregate[]): readonly Accumulator[] {
  return aggregates.map(({ name, q }) => startAggregate(name, q))
}
