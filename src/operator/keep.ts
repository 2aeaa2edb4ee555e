import { defaultMaxPoints } from '../lib/cap.ts'
import type { Clock } from '../lib/clock.ts'
import type { Extent } from '../lib/option.ts'
import { madeOf } from '../model/late.ts'
import type { Row } from '../model/row.ts'
import type { Degradation, Sample, Table } from '../model/table.ts'
import { DueQueue } from './due-queue.ts'
import type { InTurns, StepMemory } from './memories.ts'
import { grownColumns, Output, visitTouched } from './output.ts'
import type { PastTable } from './past-table.ts'
import { mostSavedRows, readKept, type SavedKept } from './saved-rows.ts'
import { stage, type Operator } from './stage.ts'
import { SteadyTime } from './steady-time.ts'

export interface Keep {
  /** How many rows there are in all before those that left go, the oldest by first sight first; or how old they may be. */
  readonly extent: Extent
  /** Most rows held; default 1 000 000. */
  readonly maxPoints?: number
}

/** When a row was first seen, and as the how manyth. */
interface Sight {
  readonly at: number
  readonly number: number
}

class KeepStage {
  readonly #extent: Extent
  readonly #maxPoints: number
  readonly #output = new Output()
  readonly #sights = new Map<string, Sight>()
  /** Rows that left, by their number. */
  readonly #gone = new DueQueue()
  readonly #time: SteadyTime
  #count = 0
  #input: Table | undefined
  /** Of a run before, until there is a table. */
  #left: SavedKept | undefined

  constructor({ extent, maxPoints = defaultMaxPoints }: Keep, time: SteadyTime, memory: StepMemory | undefined) {
    this.#extent = extent
    this.#maxPoints = maxPoints
    this.#time = time
    this.#left = readKept(memory?.take())
    memory?.keep(inTurns => this.#save(inTurns))
  }

  next(input: Sample, now: number): Sample {
    const { key, columns, order, kind } = input.table
    const left = this.#left?.key === key ? this.#left : undefined
    this.#left = undefined
    this.#input = input.table
    const anew = this.#output.begin(input, { key, columns: grownColumns(columns, left?.columns ?? []), order, kind })
    if (anew) this.#forget()
    if (left !== undefined) this.#resume(left)
    const fresh: string[] = []
    visitTouched(input, this.#sights, anew, (name, row) => this.#take(name, row, fresh))
    for (const name of fresh.sort()) this.#sights.set(name, { at: now, number: this.#count++ })
    return this.#output.sample(input, this.#expire(now))
  }

  #forget(): void {
    this.#sights.clear()
    this.#gone.clear()
  }

  /** Goes on with the rows of a run before. Where the wall clock was set back since, they get old from now on. */
  #resume({ count, steppedMs, rows }: SavedKept): void {
    for (const { key, at, number, row } of rows) {
      this.#sights.set(key, { at: Math.min(at + steppedMs, this.#time.now()), number })
      this.#output.put(key, row)
    }
    this.#count = count
  }

  #save(inTurns: InTurns): unknown {
    if (this.#input === undefined) return this.#left
    const { key, columns } = this.#input
    return { key, columns, count: this.#count, steppedMs: this.#time.stepped, rows: inTurns(madeOf(this.#lastSights(), this.#kept)) }
  }

  *#lastSights(): Generator<readonly [string, Sight]> {
    let before = this.#sights.size - mostSavedRows
    for (const each of this.#sights) if (before-- <= 0) yield each
  }

  readonly #kept = ([key, { at, number }]: readonly [string, Sight]): SavedKept['rows'][number] => {
    return { key, at, number, row: this.#output.rows.get(key) ?? {} }
  }

  #take(key: string, row: Row | undefined, fresh: string[]): void {
    const sight = this.#sights.get(key)
    if (row === undefined) {
      if (sight !== undefined) this.#gone.set(key, sight.number)
      return
    }
    this.#gone.delete(key)
    if (sight === undefined) fresh.push(key)
    this.#output.put(key, row)
  }

  #expire(now: number): Degradation | undefined {
    const extent = this.#extent
    const isOld = (key: string): boolean =>
      extent.kind === 'time' ? (this.#sights.get(key)?.at ?? 0) <= now - extent.ms : this.#sights.size > extent.count
    for (let { first } = this.#gone; first !== undefined && isOld(first.key); { first } = this.#gone) this.#drop(first.key)
    const surplus = this.#sights.size - this.#maxPoints
    for (let { first } = this.#gone; first !== undefined && this.#sights.size > this.#maxPoints; { first } = this.#gone)
      this.#drop(first.key)
    return surplus > 0
      ? { cause: 'cardinality', reason: `maxPoints: ${this.#maxPoints} rows are held, the oldest that left are gone` }
      : undefined
  }

  #drop(key: string): void {
    this.#gone.delete(key)
    this.#sights.delete(key)
    this.#output.remove(key)
  }
}

/** Rows that left the upstream stay as they were last; a row that returns is the one it was. */
export function keep(options: Keep, clock: Clock, memory?: StepMemory): Operator {
  return stage(() => {
    const time = new SteadyTime(clock)
    const state = new KeepStage(options, time, memory)
    return input => state.next(input, time.reach(time.of(input)))
  }, memory)
}

/** The definition of `keep` without its cap (L10). */
export function naiveKeep(inputs: readonly PastTable[], extent: Extent): Table {
  let held: { readonly key: string; readonly row: Row; readonly at: number }[] = []
  for (const { table, time } of inputs) {
    const known = new Set(held.map(({ key }) => key))
    held = held.map(one => ({ ...one, row: table.rows.get(one.key) ?? one.row }))
    const fresh = [...table.rows].filter(([key]) => !known.has(key)).sort(([a], [b]) => (a < b ? -1 : 1))
    held.push(...fresh.map(([key, row]) => ({ key, row, at: time })))
    let surplus = extent.kind === 'count' ? held.length - extent.count : 0
    held = held.filter(({ key, at }) => {
      const goes = !table.rows.has(key) && (extent.kind === 'time' ? at <= time - extent.ms : surplus > 0)
      if (goes) surplus--
      return !goes
    })
  }
  const last = inputs.at(-1)
  if (last === undefined) throw new RangeError('there is no sample')
  return { ...last.table, rows: new Map(held.map(({ key, row }) => [key, row])) }
}
