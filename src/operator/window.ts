import type { Clock } from '../lib/clock.ts'
import { canonicalJson } from '../model/checksum.ts'
import { Late } from '../model/late.ts'
import { cellOf, rowOf, setCell, type Cell, type Row } from '../model/row.ts'
import { noChanges, type Degradation, type Sample, type Table } from '../model/table.ts'
import type { Aggregate } from './aggregate.ts'
import { DatedRows, timeOf } from './dated-rows.ts'
import type { Span, Traces } from './lineage.ts'
import type { InTurns, StepMemory } from './memories.ts'
import { Output, visitTouched } from './output.ts'
import { start } from './pane.ts'
import type { PastTable } from './past-table.ts'
import { valueOf, type Value } from './row-function.ts'
import { SampledRows, valuesOf, type WindowRows } from './sampled-rows.ts'
import { movedBy, movedCounts, movedRow, readWindow, savedParts, type SavedRow, type SavedWindow } from './saved-window.ts'
import type { Operator } from './stage.ts'
import type { SteadyTime } from './steady-time.ts'
import { timedStage, type TimedStage } from './timed-stage.ts'
import { WindowAxis } from './window-axis.ts'
import { finalColumn } from './window.options.ts'

export interface Window {
  /** How much time it holds, in ms. */
  readonly sizeMs: number
  /** A window that slides begins so often, in ms, a whole part of its size; without it each begins where the last one ends. */
  readonly slideMs?: number
  readonly columns: ReadonlyMap<string, Aggregate>
  /** When a row happened: ms since 1970 or ISO 8601. Without it a row counts in every sample. */
  readonly time?: Value
  /** How long a window that does not slide waits for rows whose time lies in it, in ms. */
  readonly latenessMs: number
  /** Further rows are left out. */
  readonly maxGroups: number
}

class WindowStage implements TimedStage {
  readonly #window: Window
  readonly #axis: WindowAxis
  readonly #rows: WindowRows
  readonly #output = new Output()
  readonly #columns: readonly string[]
  readonly #names = new Map<string, Cell>()
  /** Rows of the table beyond `maxGroups`, the oldest first. */
  readonly #leftOut = new Set<string>()
  readonly #time: SteadyTime
  #last: Sample | undefined
  /** Of a run before, until there is a table. */
  #left: SavedWindow | undefined
  /** When the last sample that counts was, ms since 1970. */
  #sampleTime = Number.NEGATIVE_INFINITY
  /** Samples until this time are of a run before, and have been counted. */
  #hasUntil = Number.NEGATIVE_INFINITY
  /** What the table was at the last sample that counts is not known row by row. */
  #isBehind = false

  constructor(window: Window, time: SteadyTime, memory: StepMemory | undefined) {
    const { sizeMs, slideMs = sizeMs, latenessMs } = window
    const lagMs = window.time !== undefined && window.slideMs === undefined ? latenessMs : 0
    const aggregates = [...window.columns.values()]
    this.#window = window
    this.#columns = [...window.columns.keys()]
    this.#time = time
    this.#axis = new WindowAxis(time, { paneMs: slideMs, paneCount: sizeMs / slideMs, lagMs })
    this.#rows =
      window.time === undefined ? new SampledRows(aggregates, this.#axis) : new DatedRows(aggregates, valueOf(window.time), this.#axis)
    this.#left = readWindow(memory?.take())
    memory?.keep(inTurns => this.#save(inTurns))
  }

  /** A window that slides moves with the samples: while none comes, it holds. */
  get due(): number | undefined {
    return this.#window.slideMs === undefined ? this.#axis.end : undefined
  }

  /** From when to when the window looks, as the wall clock calls it now; nothing before its first sample. */
  get span(): { readonly window?: Span } {
    const { span } = this.#axis
    return span === undefined ? {} : { window: span }
  }

  next(input: Sample, now: number): Sample {
    this.#last = input
    const anew = this.#output.begin(input, this.#shape(input.table))
    if (anew) this.#forget()
    this.#takeUp(input.table)
    if (Math.round(input.time) <= this.#hasUntil) return this.#showAgain(input)
    this.#sampleTime = Math.round(input.time)
    const isAnother = this.#axis.move(now)
    this.#rows.begin(now)
    visitTouched(input, this.#rows.present, anew || this.#isBehind, (key, row) => this.#set(key, row, input.table))
    this.#admit(input)
    // Each row of a window that ended is no longer final, or is gone.
    const all = this.#isBehind || (isAnother && this.#window.slideMs === undefined)
    this.#isBehind = false
    for (const key of all ? [...this.#rows.keys.keys()] : this.#rows.touched()) this.#look(key)
    return this.#output.sample(input, this.#degraded())
  }

  elapse(due: number): Sample {
    if (this.#last === undefined) throw new Error('a window ends that never began')
    this.#axis.close()
    const input: Sample = { ...this.#last, changes: noChanges, time: this.#time.wallOf(due) }
    this.#output.begin(input, this.#shape(input.table))
    for (const [key, row] of this.#output.rows) this.#output.put(key, { ...row, [finalColumn]: true })
    return this.#output.sample(input, this.#degraded())
  }

  #shape({ key }: Table) {
    return { key, columns: columnsOf(key, this.#window), order: [], kind: 'table' as const }
  }

  #forget(): void {
    this.#rows.forget()
    this.#axis.forget()
    this.#names.clear()
    this.#leftOut.clear()
  }

  /** Goes on with the window of a run before. */
  #takeUp({ key }: Table): void {
    const left = this.#left
    this.#left = undefined
    if (left?.key !== key) return
    const moved = this.#axis.resume(left.pane, left.isClosed)
    if (!this.#rows.restore(movedBy(moved, left.rows))) return this.#forget()
    for (const [row, name] of left.names) this.#names.set(row, name)
    this.#sampleTime = left.time
    this.#hasUntil = Math.min(left.time, this.#time.wallOf(this.#time.now()))
    this.#isBehind = true
  }

  /** A sample of a run before changes nothing. */
  #showAgain(input: Sample): Sample {
    for (const key of this.#rows.keys.keys()) this.#look(key)
    this.#isBehind = true
    return this.#output.sample(input, this.#degraded())
  }

  #save(inTurns: InTurns): unknown {
    const { current, shift, isClosed } = this.#axis
    if (this.#last === undefined || !Number.isFinite(current)) return this.#left
    const { last, counts, rows } = this.#rows.save()
    const names: (readonly [string, Cell])[] = []
    let isCut = false
    const named = (row: SavedRow): SavedRow => {
      names.push([row.key, this.#names.get(row.key) ?? null])
      return movedRow(shift, row)
    }
    const parts = inTurns(savedParts(rows, named, () => (isCut = true)))
    // What the rows tell comes after them.
    const whole = { last, counts: movedCounts(shift, counts), rows: parts, isCut: new Late(() => isCut) }
    const { key } = this.#last.table
    return { key, time: this.#sampleTime, pane: current + shift, isClosed, rows: whole, names: new Late(() => names) }
  }

  #set(key: string, row: Row | undefined, table: Table): void {
    this.#leftOut.delete(key)
    const { keys } = this.#rows
    if (row !== undefined && !keys.has(key) && keys.size >= this.#window.maxGroups) {
      this.#leftOut.add(key)
      return
    }
    if (row !== undefined) this.#names.set(key, cellOf(row, table.key))
    this.#rows.set(key, row)
  }

  /** Lets rows in that were left out, where others have gone. */
  #admit({ table, changes }: Sample): void {
    for (const key of this.#leftOut) {
      const row = table.rows.get(key)
      if (row === undefined || this.#rows.keys.size < this.#window.maxGroups) this.#set(key, row, table)
      else if (changes !== 'all') return
    }
  }

  #look(key: string): void {
    const cells = this.#rows.look(key)
    if (cells === undefined) this.#output.remove(key)
    else this.#output.putOnce(key, this.#row(key, cells))
    if (!this.#rows.keys.has(key) && !this.#rows.present.has(key)) this.#names.delete(key)
  }

  #row(key: string, cells: readonly Cell[]): Row {
    const row: Record<string, Cell> = {}
    for (let i = 0; i < this.#columns.length; i++) setCell(row, this.#columns[i] ?? '', cells[i] ?? null)
    if (this.#window.slideMs === undefined) row[finalColumn] = this.#axis.isClosed
    setCell(row, this.#last?.table.key ?? '', this.#names.get(key) ?? null)
    return row
  }

  #degraded(): Degradation | undefined {
    const { late } = this.#rows
    const left = this.#leftOut.size
    if (left > 0) {
      const reason = `maxGroups: windows of ${this.#window.maxGroups} rows are held, ${left === 1 ? '1 other is' : `${left} others are`} left out`
      return { cause: 'cardinality', reason }
    }
    return late === 0
      ? undefined
      : { cause: 'rows', reason: `late: ${late === 1 ? '1 row' : `${late} rows`} came after their window ended` }
  }
}

function columnsOf(key: string, { columns, slideMs }: Pick<Window, 'columns' | 'slideMs'>): readonly string[] {
  return [...new Set([key, ...columns.keys(), ...(slideMs === undefined ? [finalColumn] : [])])]
}

/**
 * Aggregates of each row over time, in windows at whole multiples of their size (or slide) since 1970 UTC: over the samples that a
 * window has of it or, with `time`, over what it was at times of its own. A row has its window as long as that holds anything of it.
 * Where windows do not slide, a column `final` says that the window has ended: it does so on time, and the next sample begins another.
 */
export function window(options: Window, clock: Clock, traces?: Traces, memory?: StepMemory): Operator {
  return timedStage(
    clock,
    time => {
      const state = new WindowStage(options, time, memory)
      traces?.(key => ({ keys: [key], ...state.span }))
      return state
    },
    memory,
  )
}

/** The definition of `window` without its cap (L10); `now` is the instant of the last sample or of what ended since. */
export function naiveWindow(inputs: readonly PastTable[], now: number, options: Omit<Window, 'maxGroups'>): Table {
  const { columns, sizeMs, slideMs = sizeMs, latenessMs, time } = options
  const last = inputs.at(-1)
  if (last === undefined) throw new RangeError('there is no sample')
  const lag = time !== undefined && options.slideMs === undefined ? latenessMs : 0
  const paneAt = (ms: number): number => Math.floor(ms / slideMs)
  const oldestAt = (ms: number): number => paneAt(ms - lag) - sizeMs / slideMs + 1
  const aggregates = [...columns.values()]
  const values = valuesOf(aggregates)
  const counted = new Map<string, { pane: number; cells: readonly Cell[]; name: Cell }[]>()
  const before = new Map<string, { row: Row; what: string }>()
  for (const past of inputs) {
    for (const key of before.keys()) if (!past.table.rows.has(key)) before.delete(key)
    for (const [key, row] of past.table.rows) {
      const cells = values.map(value => value(row, key))
      const at = time === undefined ? past.time : timeOf(valueOf(time)(row, key))
      const held = before.get(key)
      const what = canonicalJson([at ?? null, cells])
      if (time === undefined || held?.row !== row) before.set(key, { row, what })
      const pane = paneAt(Math.min(at ?? past.time, past.time))
      if (time !== undefined && (held?.row === row || held?.what === what || pane < oldestAt(past.time))) continue
      counted.set(key, [...(counted.get(key) ?? []), { pane, cells, name: cellOf(row, past.table.key) }])
    }
  }
  const isFinal = options.slideMs === undefined && now >= (paneAt(last.time - lag) + 1) * sizeMs + lag
  const rows = [...counted].flatMap(([key, samples]) => {
    const within = samples.filter(({ pane }) => pane >= oldestAt(last.time) && pane <= paneAt(last.time - lag))
    const name = samples.at(-1)?.name
    if (within.length === 0 || name === undefined) return []
    const accumulators = start(aggregates)
    for (const { cells } of within.sort((a, b) => a.pane - b.pane))
      for (const [i, each] of accumulators.entries()) each.add(cells[i] ?? null)
    const results = [...columns.keys()].map((column, i) => [column, accumulators[i]?.result() ?? null] as const)
    const final = options.slideMs === undefined ? [[finalColumn, isFinal] as const] : []
    return [[key, rowOf([...results, ...final, [last.table.key, name]])] as const]
  })
  return { key: last.table.key, columns: columnsOf(last.table.key, options), rows: new Map(rows), order: [], kind: 'table' }
}
