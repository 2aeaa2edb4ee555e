import { DDSketch } from '@datadog/sketches-js'
import type { Cell } from '../model/row.ts'

/** Up to so many different places quantiles are exact, beyond them within `quantileError` of a value that is there. */
const maxExact = 4096
export const quantileError = 0.01

interface Weighted {
  readonly value: number
  readonly times: number
}

/** Linear interpolation between the two nearest ranks (type 7 of Hyndman and Fan 1996), as spreadsheets and NumPy do. */
function interpolated(values: readonly Weighted[], q: number): Cell {
  const sorted = [...values].sort((a, b) => a.value - b.value)
  const place = (sorted.reduce((sum, { times }) => sum + times, 0) - 1) * q
  const low = Math.floor(place)
  let passed = 0
  let below: number | undefined
  for (const { value, times } of sorted) {
    passed += times
    if (passed <= low) continue
    below ??= value
    if (passed > low + 1 || place === low) return between(below, value, place - low)
  }
  return below ?? null
}

function between(low: number, high: number, part: number): number {
  const gap = high - low
  return Number.isFinite(gap) ? low + part * gap : low * (1 - part) + high * part
}

/** A number for each bin of a sketch, which falls into that bin again. */
function binsOf({ mapping, store, negativeStore, zeroCount }: DDSketch): readonly Weighted[] {
  const bins = (sign: 1 | -1, { bins: weights, offset }: DDSketch['store']): Weighted[] =>
    weights.flatMap((times, i) => (times > 0 ? [{ value: sign * mapping.value(i + offset), times }] : []))
  return [...bins(-1, negativeStore), ...(zeroCount > 0 ? [{ value: 0, times: zeroCount }] : []), ...bins(1, store)]
}

/** A quantile of numbers: exact while there are few, then a DDSketch, whose size depends on their range alone. */
export class Quantile {
  readonly #q: number
  #values: Weighted[] = []
  #sketch: DDSketch | undefined

  constructor(q: number) {
    this.#q = q
  }

  add(cell: Cell, times = 1): void {
    if (typeof cell !== 'number' || !Number.isFinite(cell)) return
    if (this.#sketch !== undefined) this.#sketch.accept(cell, times)
    else this.#values.push({ value: cell, times })
    if (this.#values.length > maxExact) this.#sum()
  }

  remove(cell: Cell): boolean {
    return typeof cell !== 'number' || !Number.isFinite(cell)
  }

  merge(other: Quantile): void {
    // The sketch's own merge leaves out what is negative.
    if (other.#sketch !== undefined) this.#sum()
    for (const { value, times } of other.#weighted()) this.add(value, times)
  }

  result(): Cell {
    if (this.#sketch === undefined) return this.#values.length === 0 ? null : interpolated(this.#values, this.#q)
    const value = this.#sketch.getValueAtQuantile(this.#q)
    return Number.isFinite(value) ? value : null
  }

  clear(): void {
    this.#values = []
    this.#sketch = undefined
  }

  /** Whether it is a sketch, then each number and how many times it counts. */
  save(): readonly Cell[] {
    return [this.#sketch !== undefined, ...this.#weighted().flatMap(({ value, times }) => [value, times])]
  }

  restore([isSketch, ...numbers]: readonly Cell[]): boolean {
    if (typeof isSketch !== 'boolean' || numbers.length % 2 !== 0 || !numbers.every(number => Number.isFinite(number))) return false
    if (isSketch) this.#sum()
    for (let i = 0; i < numbers.length; i += 2) this.add(numbers[i] ?? null, numbers[i + 1] as number)
    return true
  }

  #weighted(): readonly Weighted[] {
    return this.#sketch === undefined ? this.#values : binsOf(this.#sketch)
  }

  #sum(): DDSketch {
    const sketch = this.#sketch ?? new DDSketch({ relativeAccuracy: quantileError })
    for (const { value, times } of this.#values) sketch.accept(value, times)
    this.#values = []
    this.#sketch = sketch
    return sketch
  }
}
