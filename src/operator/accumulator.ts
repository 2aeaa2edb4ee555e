import { canonicalJson } from '../model/checksum.ts'
import type { Cell } from '../model/row.ts'
import type { AggregateName } from './group.options.ts'
import { NeumaierSum } from './neumaier.ts'
import { Quantile } from './quantile.ts'

/** An aggregate under way. */
export interface Accumulator {
  /** A cell that counts so many times; default 1. */
  add(cell: Cell, times?: number): void
  /** Takes a cell back that was added; false where that needs all the others: then they are to be added anew. */
  remove(cell: Cell): boolean
  /** Takes over what another one of the same aggregate was given; its cells come after those of this one. */
  merge(other: Accumulator): void
  result(): Cell
  /** Begins anew. */
  clear(): void
  /** What it has come to, as plain JSON; what is not finite is null there. */
  save(): readonly Cell[]
  /** Takes up what `save` gave, while it is new. @returns false where that is something else. */
  restore(saved: readonly Cell[]): boolean
}

/** Rows in which the cell is neither null nor false, so that `count(x > 3)` counts what it says. */
class Count implements Accumulator {
  #count = 0

  add(cell: Cell, times = 1): void {
    if (cell !== null && cell !== false) this.#count += times
  }
  remove(cell: Cell): boolean {
    if (cell !== null && cell !== false) this.#count--
    return true
  }
  merge(other: Count): void {
    this.#count += other.#count
  }
  result(): Cell {
    return this.#count
  }
  clear(): void {
    this.#count = 0
  }
  save(): readonly Cell[] {
    return [this.#count]
  }
  restore([count]: readonly Cell[]): boolean {
    if (!isCount(count)) return false
    this.#count = count
    return true
  }
}

class Sum implements Accumulator {
  readonly #sum = new NeumaierSum()
  readonly #isAverage: boolean
  #count = 0

  constructor(isAverage: boolean) {
    this.#isAverage = isAverage
  }
  add(cell: Cell, times = 1): void {
    if (typeof cell !== 'number') return
    this.#sum.add(cell * times)
    this.#count += times
  }
  remove(cell: Cell): boolean {
    if (typeof cell !== 'number') return true
    this.#sum.add(-cell)
    this.#count--
    if (this.#count === 0) this.#sum.clear()
    return Number.isFinite(this.#sum.value)
  }
  merge(other: Sum): void {
    this.#sum.merge(other.#sum)
    this.#count += other.#count
  }
  result(): Cell {
    return this.#count === 0 ? null : finite(this.#isAverage ? this.#sum.value / this.#count : this.#sum.value)
  }
  clear(): void {
    this.#sum.clear()
    this.#count = 0
  }
  save(): readonly Cell[] {
    const [sum, lost] = this.#sum.parts
    return [this.#count, sum, lost]
  }
  restore([count, sum, lost]: readonly Cell[]): boolean {
    if (!isCount(count) || !isPart(sum) || !isPart(lost)) return false
    this.#count = count
    this.#sum.parts = [sum ?? Number.NaN, lost ?? Number.NaN]
    return true
  }
}

/** The standard deviation of the numbers themselves, not of a population they were drawn from. Source: Welford 1962, Chan 1979. */
class Deviation implements Accumulator {
  #count = 0
  #mean = 0
  #squares = 0

  add(cell: Cell, times = 1): void {
    if (typeof cell === 'number') this.#take(times, cell, 0)
  }
  remove(cell: Cell): boolean {
    return typeof cell !== 'number'
  }
  merge(other: Deviation): void {
    if (other.#count > 0) this.#take(other.#count, other.#mean, other.#squares)
  }
  result(): Cell {
    return this.#count === 0 ? null : finite(Math.sqrt(Math.max(0, this.#squares) / this.#count))
  }
  clear(): void {
    this.#count = this.#mean = this.#squares = 0
  }
  save(): readonly Cell[] {
    return [this.#count, this.#mean, this.#squares]
  }
  restore([count, mean, squares]: readonly Cell[]): boolean {
    if (!isCount(count) || !isPart(mean) || !isPart(squares)) return false
    this.#count = count
    this.#mean = mean ?? Number.NaN
    this.#squares = squares ?? Number.NaN
    return true
  }
  #take(count: number, mean: number, squares: number): void {
    const all = this.#count + count
    const delta = mean - this.#mean
    this.#squares += squares + delta * delta * ((this.#count / all) * count)
    this.#mean = this.#count === 0 ? mean : this.#mean + delta * (count / all)
    this.#count = all
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
  remove(cell: Cell): boolean {
    return cell !== this.#number && cell !== this.#text
  }
  merge(other: Extreme): void {
    this.add(other.#number ?? null)
    this.add(other.#text ?? null)
  }
  result(): Cell {
    return this.#number ?? this.#text ?? null
  }
  clear(): void {
    this.#number = this.#text = undefined
  }
  save(): readonly Cell[] {
    return [this.#number ?? null, this.#text ?? null]
  }
  restore(saved: readonly Cell[]): boolean {
    for (const cell of saved) this.add(cell)
    return saved.length === 2
  }
}

/** The first or the last cell that is not null. */
class End implements Accumulator {
  readonly #isLast: boolean
  #cell: Cell = null

  constructor(isLast: boolean) {
    this.#isLast = isLast
  }
  add(cell: Cell): void {
    if (cell !== null && (this.#isLast || this.#cell === null)) this.#cell = cell
  }
  remove(cell: Cell): boolean {
    return cell === null
  }
  merge(other: End): void {
    this.add(other.#cell)
  }
  result(): Cell {
    return this.#cell
  }
  clear(): void {
    this.#cell = null
  }
  save(): readonly Cell[] {
    return [this.#cell]
  }
  restore(saved: readonly Cell[]): boolean {
    this.#cell = saved[0] ?? null
    return saved.length === 1
  }
}

/** How many different cells there are, null left out; 42 and "42" are two. */
class Distinct implements Accumulator {
  readonly #cells = new Set<Cell>()
  readonly #nested = new Set<string>()

  add(cell: Cell): void {
    if (typeof cell === 'object') {
      if (cell !== null) this.#nested.add(canonicalJson(cell))
    } else this.#cells.add(cell)
  }
  remove(cell: Cell): boolean {
    return cell === null
  }
  merge(other: Distinct): void {
    for (const cell of other.#cells) this.#cells.add(cell)
    for (const text of other.#nested) this.#nested.add(text)
  }
  result(): Cell {
    return this.#cells.size + this.#nested.size
  }
  clear(): void {
    this.#cells.clear()
    this.#nested.clear()
  }
  save(): readonly Cell[] {
    return [[...this.#cells], [...this.#nested]]
  }
  restore([cells, nested]: readonly Cell[]): boolean {
    if (!Array.isArray(cells) || !Array.isArray(nested)) return false
    for (const cell of cells as readonly Cell[]) this.#cells.add(cell)
    for (const text of nested) this.#nested.add(String(text))
    return true
  }
}

function isCount(count: Cell | undefined): count is number {
  return typeof count === 'number' && Number.isFinite(count)
}

/** A number as JSON has it: what is not finite is null. */
function isPart(part: Cell | undefined): part is number | null {
  return part === null || typeof part === 'number'
}

function finite(value: number): Cell {
  return Number.isFinite(value) ? value : null
}

const accumulators: Readonly<Record<AggregateName, (q: number) => Accumulator>> = {
  count: () => new Count(),
  sum: () => new Sum(false),
  avg: () => new Sum(true),
  min: () => new Extreme(-1),
  max: () => new Extreme(1),
  stddev: () => new Deviation(),
  first: () => new End(false),
  last: () => new End(true),
  distinct: () => new Distinct(),
  quantile: q => new Quantile(q),
  p50: () => new Quantile(0.5),
  p90: () => new Quantile(0.9),
  p95: () => new Quantile(0.95),
  p99: () => new Quantile(0.99),
  p999: () => new Quantile(0.999),
}

/** Begins an aggregate: every row's cell is added. All but `count` and `distinct` are null where no cell counts. */
export function startAggregate(name: AggregateName, q = 0.5): Accumulator {
  return accumulators[name](q)
}
