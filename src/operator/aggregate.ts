import { parseAggregateCall, type AggregateCall } from '../expression/call.ts'
import type { ExpressionOptions } from '../expression/expression.ts'
import type { Cell } from '../model/row.ts'
import { NeumaierSum } from './neumaier.ts'
import { aggregateNames, type AggregateName } from './group.options.ts'
import type { Value } from './row-function.ts'

/** One aggregate over the rows of a group; without `value` it counts the rows. */
export interface Aggregate {
  readonly name: AggregateName
  readonly value?: Value
}

/** An aggregate under way. */
export interface Accumulator {
  add(cell: Cell): void
  result(): Cell
}

/** Rows in which the cell is neither null nor false, so that `count(x > 3)` counts what it says. */
class Count implements Accumulator {
  #count = 0

  add(cell: Cell): void {
    if (cell !== null && cell !== false) this.#count += 1
  }
  result(): Cell {
    return this.#count
  }
}

class Sum implements Accumulator {
  readonly #sum = new NeumaierSum()
  #count = 0

  add(cell: Cell): void {
    if (typeof cell !== 'number') return
    this.#sum.add(cell)
    this.#count += 1
  }
  result(): Cell {
    return this.#count === 0 ? null : finite(this.#sum.value)
  }
  average(): Cell {
    return this.#count === 0 ? null : finite(this.#sum.value / this.#count)
  }
}

/** The least or greatest number or, where there is none, text. */
class Extreme implements Accumulator {
  readonly #sign: 1 | -1
  #number: number | undefined
  #text: string | undefined

  constructor(sign: 1 | -1) {
    this.#sign = sign
  }
  add(cell: Cell): void {
    if (typeof cell === 'number') {
      if (this.#number === undefined || (cell - this.#number) * this.#sign > 0) this.#number = cell
    } else if (typeof cell === 'string') {
      if (this.#text === undefined || (this.#sign === 1 ? cell > this.#text : cell < this.#text)) this.#text = cell
    }
  }
  result(): Cell {
    return this.#number ?? this.#text ?? null
  }
}

function finite(value: number): Cell {
  return Number.isFinite(value) ? value : null
}

const accumulators: Readonly<Record<AggregateName, () => Accumulator>> = {
  count: () => new Count(),
  sum: () => new Sum(),
  avg: () => {
    const sum = new Sum()
    return { add: cell => sum.add(cell), result: () => sum.average() }
  },
  min: () => new Extreme(-1),
  max: () => new Extreme(1),
}

/** Begins an aggregate: every row's cell is added. All but `count` are null where no cell counts. */
export function startAggregate(name: AggregateName): Accumulator {
  return accumulators[name]()
}

/**
 * Reads `sum(num_bikes_available)`: one call of an aggregate, whose argument is a CEL expression over the row.
 * @throws ExpressionError
 */
export function parseAggregate(text: string, options: ExpressionOptions): AggregateCall<AggregateName> {
  return parseAggregateCall(text, aggregateNames, options)
}
