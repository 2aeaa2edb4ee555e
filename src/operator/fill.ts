import type { Clock } from '../lib/clock.ts'
import { madeOf } from '../model/late.ts'
import { cellOf, copyOf, setCell, type Cell, type Row } from '../model/row.ts'
import type { Sample, Table } from '../model/table.ts'
import { DueQueue } from './due-queue.ts'
import type { InTurns, StepMemory } from './memories.ts'
import { grownColumns, Output, visitTouched } from './output.ts'
import { presentIn, type PastTable } from './past-table.ts'
import { mostSavedRows, readFilled, type SavedFilled } from './saved-rows.ts'
import { stage, type Operator } from './stage.ts'
import { SteadyTime } from './steady-time.ts'

export interface Fill {
  /** By column what stands for null: `last`, the last cell of the row that was not null, or a cell. */
  readonly columns: ReadonlyMap<string, 'last' | number | boolean>
  /** How old `last` may be, in ms; without it: as old as the row. */
  readonly maxAgeMs?: number
}

/** The last cell of a column that was not null. */
interface Known {
  readonly cell: Cell
  /** The instant of the last sample that had it; undefined: it still is. */
  readonly until: number | undefined
}

interface Filled {
  readonly row: Row
  /** By column. */
  readonly known: ReadonlyMap<string, Known>
}

class FillStage {
  readonly #fill: Fill
  readonly #output = new Output()
  readonly #rows = new Map<string, Filled>()
  /** When a cell of a row gets too old, by row. */
  readonly #old = new DueQueue()
  readonly #time: SteadyTime
  #before = 0
  #key: string | undefined
  /** Of a run before, until there is a table. */
  #left: SavedFilled | undefined

  constructor(fill: Fill, time: SteadyTime, memory: StepMemory | undefined) {
    this.#fill = fill
    this.#time = time
    this.#left = readFilled(memory?.take())
    memory?.keep(inTurns => this.#save(inTurns))
  }

  next(input: Sample, now: number): Sample {
    const { key, columns, order, kind } = input.table
    const names = [...this.#fill.columns.keys()].filter(name => name !== key)
    const anew = this.#output.begin(input, { key, columns: grownColumns(columns, names), order, kind })
    if (anew) {
      this.#rows.clear()
      this.#old.clear()
    }
    const left = this.#left?.key === key ? this.#left : undefined
    this.#left = undefined
    this.#key = key
    if (left !== undefined) this.#resume(left)
    visitTouched(input, this.#rows, anew, (name, row) => this.#take(name, row, key, now))
    for (let { first } = this.#old; first !== undefined && first.at < now; { first } = this.#old) {
      const filled = this.#rows.get(first.key)
      if (filled !== undefined) this.#show(first.key, filled, key, now)
    }
    this.#before = now
    return this.#output.sample(input)
  }

  /** Goes on with what cells were in a run before. Where the wall clock was set back since, they get old from now on. */
  #resume({ steppedMs, rows }: SavedFilled): void {
    const instant = (at: number): number => Math.min(at + steppedMs, this.#time.now())
    for (const { key, known } of rows) {
      const cells = known.map(([name, cell, until]) => [name, { cell, until: instant(until) }] as const)
      this.#rows.set(key, { row: {}, known: new Map(cells) })
    }
  }

  #save(inTurns: InTurns): unknown {
    if (this.#key === undefined) return this.#left
    const saved = ([key, { known }]: readonly [string, Filled]): SavedFilled['rows'][number] => {
      return { key, known: [...known].map(([name, { cell, until }]) => [name, cell, until ?? this.#before] as const) }
    }
    return { key: this.#key, steppedMs: this.#time.stepped, rows: inTurns(madeOf(this.#firstKnown(), saved)) }
  }

  *#firstKnown(): Generator<readonly [string, Filled]> {
    let more = mostSavedRows
    for (const each of this.#rows) if (each[1].known.size > 0 && more-- > 0) yield each
  }

  #take(key: string, row: Row | undefined, keyColumn: string, now: number): void {
    const before = this.#rows.get(key)
    if (row === undefined) {
      this.#rows.delete(key)
      this.#old.delete(key)
      this.#output.remove(key)
      return
    }
    if (before?.row === row) return
    const known = new Map<string, Known>()
    for (const [name, by] of this.#fill.columns) {
      if (by !== 'last') continue
      const cell = cellOf(row, name)
      const held = before?.known.get(name)
      if (cell !== null) known.set(name, { cell, until: undefined })
      else if (held !== undefined) known.set(name, { cell: held.cell, until: held.until ?? this.#before })
    }
    const filled = { row, known }
    this.#rows.set(key, filled)
    this.#show(key, filled, keyColumn, now)
  }

  #show(key: string, { row, known }: Filled, keyColumn: string, now: number): void {
    const { columns, maxAgeMs = Infinity } = this.#fill
    let filled: Record<string, Cell> | undefined
    let oldAt = Infinity
    for (const [name, by] of columns) {
      if (name === keyColumn || cellOf(row, name) !== null) continue
      const { cell, until } = known.get(name) ?? { cell: null, until: undefined }
      const isOld = until !== undefined && now - until > maxAgeMs
      if (until !== undefined && !isOld) oldAt = Math.min(oldAt, until + maxAgeMs)
      filled ??= copyOf(row)
      setCell(filled, name, by === 'last' ? (isOld ? null : cell) : by)
    }
    if (oldAt === Infinity) this.#old.delete(key)
    else this.#old.set(key, oldAt)
    this.#output.put(key, filled ?? row)
  }
}

/** Cells where there were none; a row that leaves takes what it was with it. Ages are those of samples: while none comes, nothing ages. */
export function fill(options: Fill, clock: Clock, memory?: StepMemory): Operator {
  return stage(() => {
    const time = new SteadyTime(clock)
    const state = new FillStage(options, time, memory)
    return input => state.next(input, time.reach(time.of(input)))
  }, memory)
}

/** The definition of `fill` (L10). */
export function naiveFill(inputs: readonly PastTable[], { columns, maxAgeMs = Infinity }: Fill): Table {
  const last = inputs.at(-1)
  if (last === undefined) throw new RangeError('there is no sample')
  const { table, time: now } = last
  const rows = [...table.rows].map(([key, row]) => {
    const cells: Record<string, Cell> = { ...row }
    for (const [name, by] of columns) {
      if (name === table.key || cellOf(row, name) !== null) continue
      const known = presentIn(inputs, key).findLast(past => cellOf(past.row, name) !== null)
      const isYoung = known !== undefined && now - known.time <= maxAgeMs
      setCell(cells, name, by === 'last' ? (isYoung ? cellOf(known.row, name) : null) : by)
    }
    return [key, cells] as const
  })
  const names = [...columns.keys()].filter(name => name !== table.key)
  return { ...table, columns: grownColumns(table.columns, names), rows: new Map(rows) }
}
