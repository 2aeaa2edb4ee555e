import { parseCall } from '../expression/call.ts'
import type { ExpressionOptions } from '../expression/expression.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { didYouMean } from '../lib/suggest.ts'
import type { Cell } from '../model/row.ts'
import { NeumaierSum } from './neumaier.ts'
import type { Value } from './row-function.ts'

/** What is made of many cells. All but `count` are null where no cell counts. */
export type AggregateName = 'count' | 'sum' | 'avg' | 'min' | 'max'

/** One aggregate over the rows of a group; without `value` it counts the rows. */
export interface Aggregate {
  readonly name: AggregateName
  readonly value?: Value
}

interface Accumulator {
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

/** The aggregate of cells. */
export function aggregate(name: AggregateName, cells: Iterable<Cell>): Cell {
  const accumulator = accumulators[name]()
  for (const cell of cells) accumulator.add(cell)
  return accumulator.result()
}

function isAggregateName(name: string): name is AggregateName {
  return Object.hasOwn(accumulators, name)
}

/**
 * Reads `sum(num_bikes_available)`: one call of an aggregate; its first argument is a CEL expression over the row.
 * @throws ExpressionError
 */
export function parseAggregate(text: string, options: ExpressionOptions): Aggregate {
  const names = Object.keys(accumulators)
  const { name, nameRange, range, args } = parseCall(text, `one aggregate of an expression, such as sum(x): ${names.join(', ')}`)
  if (!isAggregateName(name)) {
    const hint = didYouMean(name, names) || `: ${names.join(', ')}`
    throw new ExpressionError(`there is no aggregate '${name}'${hint}`, nameRange)
  }
  const [argument, surplus] = args
  if (surplus !== undefined) throw new ExpressionError(`${name} takes one argument`, surplus.range)
  if (argument !== undefined) return { name, value: argument.compile(options) }
  if (name !== 'count') throw new ExpressionError(`${name}() needs an expression over the row: ${name}(x)`, range)
  return { name }
}
