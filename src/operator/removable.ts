import type { Cell } from '../model/row.ts'
import { startAggregate, type Accumulator } from './accumulator.ts'
import type { Aggregate } from './aggregate.ts'

/** An aggregate that cells are added to and taken back from. */
export interface Removable extends Pick<Accumulator, 'add' | 'remove' | 'result'> {
  /** Its result cannot be trusted after all that was taken back: it is to be computed anew. */
  readonly isWorn?: boolean
}

/** How many numbers are remembered behind the least or greatest one. */
const spares = 8

/** The least or greatest number with those next to it, so that taking one back seldom needs all the others; where there is none, text. */
class SpareExtreme implements Removable {
  readonly #sign: 1 | -1
  /** The numbers that come first, the first one first. */
  readonly #first: number[] = []
  /** No number is left out of `#first`. */
  #isAll = true
  readonly #texts: Accumulator

  constructor(name: 'min' | 'max') {
    this.#sign = name === 'max' ? 1 : -1
    this.#texts = startAggregate(name)
  }

  add(cell: Cell): void {
    if (typeof cell === 'string') this.#texts.add(cell)
    if (typeof cell !== 'number') return
    let place = this.#first.length
    while (place > 0 && (cell - (this.#first[place - 1] ?? 0)) * this.#sign > 0) place--
    if (place === this.#first.length && !this.#isAll) return
    this.#first.splice(place, 0, cell)
    if (this.#first.length <= spares) return
    this.#first.pop()
    this.#isAll = false
  }

  remove(cell: Cell): boolean {
    if (typeof cell === 'string') return this.#texts.remove(cell)
    if (typeof cell !== 'number') return true
    const place = this.#first.indexOf(cell)
    if (place < 0) return !this.#isAll
    this.#first.splice(place, 1)
    return this.#isAll || this.#first.length > 0
  }

  result(): Cell {
    return this.#first[0] ?? this.#texts.result()
  }
}

/** So many times as large as a sum may a number have been that was part of it: beyond, what others lost beside that one comes into sight. */
const furthest = 2 ** 53

/** A sum, or average, that knows when too much of it was lost beside numbers that were taken back since. */
class SafeSum implements Removable {
  readonly #sum: Accumulator
  /** Of all numbers so far. */
  #greatest = 0

  constructor(name: 'sum' | 'avg') {
    this.#sum = startAggregate(name)
  }

  get isWorn(): boolean {
    const left = this.#sum.result()
    return typeof left === 'number' && this.#greatest > furthest * Math.abs(left)
  }

  add(cell: Cell): void {
    if (typeof cell === 'number') this.#greatest = Math.max(this.#greatest, Math.abs(cell))
    this.#sum.add(cell)
  }

  remove(cell: Cell): boolean {
    return this.#sum.remove(cell)
  }

  result(): Cell {
    return this.#sum.result()
  }
}

/** Begins an aggregate whose cells may be taken back. */
export function startRemovable({ name, q }: Aggregate): Removable {
  if (name === 'min' || name === 'max') return new SpareExtreme(name)
  return name === 'sum' || name === 'avg' ? new SafeSum(name) : startAggregate(name, q)
}
