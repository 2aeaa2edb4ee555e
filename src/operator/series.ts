import type { Clock } from '../lib/clock.ts'
import type { Extent } from '../lib/option.ts'
import { Queue } from '../lib/queue.ts'
import { composedKey, composedKeyColumn, keyOf } from '../model/key.ts'
import { cellOf, setCell, type Cell, type Row } from '../model/row.ts'
import type { Degradation, Sample, Table } from '../model/table.ts'
import type { Traced, Traces } from './lineage.ts'
import type { StepMemory } from './memories.ts'
import { Output } from './output.ts'
import type { PastTable } from './past-table.ts'
import { mostSavedPoints, pointKey, readSeries, type Point, type SavedSeries } from './saved-series.ts'
import { valuesBeside, type NewColumns } from './select.ts'
import { timeColumn } from './series.options.ts'
import { stage, type Operator } from './stage.ts'
import { SteadyTime } from './steady-time.ts'

export interface Series {
  readonly columns: NewColumns
  /** The points of the last so many samples, or of a time. */
  readonly keep: Extent
  /** Most points held; over it the oldest go (`degraded: cardinality`). */
  readonly maxPoints: number
}

/** A table that has one row alone, a document or a total, is one series; any other has one for each row, and goes on having them. */
function isOneSeries({ key, rows }: Table): boolean {
  return key === composedKeyColumn && rows.has('') && rows.size === 1
}

/** The column that says which row a point is of. */
function rowColumn(key: string): string {
  return key === timeColumn || key === composedKeyColumn ? 'key' : key
}

function ownColumns(key: string, isOne: boolean): readonly string[] {
  return isOne ? [timeColumn] : [composedKeyColumn, timeColumn, rowColumn(key)]
}

function shapeOf({ key }: Table, columns: NewColumns, isOne: boolean) {
  const [own = timeColumn, ...more] = ownColumns(key, isOne)
  const all = [...new Set([own, ...more, ...columns.keys()])]
  return { key: own, columns: all, order: [{ column: timeColumn, descending: false }], kind: 'series' as const }
}

/** The point of a row at a time, ms since 1970, with its key. */
function pointOf(
  table: Table,
  [key, row]: readonly [string, Row],
  time: number,
  columns: NewColumns,
  isOne: boolean,
): readonly [string, Row] {
  const own = ownColumns(table.key, isOne)
  const point: Record<string, Cell> = { [timeColumn]: time }
  for (const [name, value] of valuesBeside(table.key, columns)) if (!own.includes(name)) setCell(point, name, value(row, key))
  if (isOne) return [String(time), point]
  const name = cellOf(row, table.key)
  const composed = composedKey([keyOf(name) === undefined ? key : name, time]) ?? ''
  setCell(point, composedKeyColumn, composed)
  setCell(point, rowColumn(table.key), name)
  return [composed, point]
}

class SeriesStage {
  readonly #series: Series
  readonly #time: SteadyTime
  #output = new Output()
  readonly #points = new Queue<Point>()
  /** Points whose time came twice, as the clock was set back: the last sample that had it. */
  readonly #again = new Map<string, number>()
  #sample = 0
  /** When the last sample was, ms since 1970. */
  #sampleTime = 0
  #isOne: boolean | undefined
  /** It had rows that are a series each. */
  #isMany = false
  /** The key column of the table that it is of. */
  #key = ''
  /** Of a run before, until there is a table. */
  #left: SavedSeries | undefined
  /** Samples until this time, ms since 1970, are of a run before, and have their points. */
  #hasUntil = Number.NEGATIVE_INFINITY

  constructor(series: Series, time: SteadyTime, memory: StepMemory | undefined) {
    this.#series = series
    this.#time = time
    this.#left = readSeries(memory?.take())
    memory?.keep(() => this.#save())
  }

  next(input: Sample, now: number): Sample {
    const { table } = input
    const left = this.#left?.key === table.key ? this.#left : undefined
    this.#left = undefined
    if (left !== undefined) ({ key: this.#key, isOne: this.#isOne, isMany: this.#isMany } = left)
    if (table.key !== this.#key) this.#isMany = false
    this.#key = table.key
    const isOne = table.rows.size === 0 ? this.#isOne === true : !this.#isMany && isOneSeries(table)
    if (isOne !== this.#isOne) this.#output = new Output()
    this.#isOne = isOne
    if (this.#output.begin(input, shapeOf(table, this.#series.columns, isOne))) this.#forget()
    if (left?.isOne === isOne) this.#resume(left)
    this.#isMany ||= table.rows.size > 0 && !isOne
    const time = Math.round(input.time)
    if (time > this.#hasUntil) {
      this.#sample++
      this.#sampleTime = time
      for (const entry of table.rows) this.#add(pointOf(table, entry, time, this.#series.columns, isOne), now)
    }
    return this.#output.sample(input, this.#expire(now))
  }

  /** The row that a point is of. */
  trace(point: string): Traced {
    const row = this.#output.rows.get(point)
    if (row === undefined) return { keys: [] }
    // The key of a point is the JSON text of the row's key and the time, but for that of the only series.
    const [key] = this.#isOne === true ? [''] : (JSON.parse(point) as Cell[])
    return { keys: [keyOf(key ?? null) ?? ''] }
  }

  #add([key, row]: readonly [string, Row], at: number): void {
    if (this.#output.rows.has(key)) this.#again.set(key, this.#sample)
    this.#output.put(key, row)
    this.#points.push({ at, sample: this.#sample, row })
  }

  /** Goes on with the points of a run before. Where the wall clock was set back since, they get old from now on. */
  #resume({ isOne, isMany, sample, time, steppedMs, points }: SavedSeries): void {
    const now = this.#time.now()
    for (const point of points) {
      this.#sample = point.sample
      this.#add([pointKey(point.row, isOne), point.row], Math.min(point.at + steppedMs, now))
    }
    this.#isMany = isMany
    this.#sample = sample
    this.#sampleTime = time
    // Tables of sources are taken up as well, as of their last proof; what is measured from now on counts.
    this.#hasUntil = Math.min(time, this.#time.wallOf(now))
  }

  #save(): SavedSeries | undefined {
    if (this.#isOne === undefined) return this.#left
    return {
      key: this.#key,
      isOne: this.#isOne,
      isMany: this.#isMany,
      sample: this.#sample,
      time: this.#sampleTime,
      steppedMs: this.#time.stepped,
      points: this.#points.last(mostSavedPoints),
    }
  }

  #expire(now: number): Degradation | undefined {
    const { keep, maxPoints } = this.#series
    const isOld = ({ at, sample }: Point): boolean => (keep.kind === 'time' ? at <= now - keep.ms : sample <= this.#sample - keep.count)
    for (let { first } = this.#points; first !== undefined && isOld(first); { first } = this.#points) this.#drop(first)
    const surplus = this.#points.size - maxPoints
    for (let { first } = this.#points; first !== undefined && this.#points.size > maxPoints; { first } = this.#points) this.#drop(first)
    return surplus > 0 ? { cause: 'cardinality', reason: `maxPoints: ${maxPoints} points are held, the oldest are gone` } : undefined
  }

  #drop({ row, sample }: Point): void {
    const key = pointKey(row, this.#isOne === true)
    this.#points.shift()
    if ((this.#again.get(key) ?? sample) !== sample) return
    this.#again.delete(key)
    this.#output.remove(key)
  }

  #forget(): void {
    this.#isMany = false
    this.#points.clear()
    this.#again.clear()
  }
}

/**
 * The last points of each row, one for every sample: what it was, and when. Key is the time or, where there are several rows, the JSON
 * text of row key and time. Points stay when their row leaves, until they are old; while no sample comes none gets older.
 */
export function series(options: Series, clock: Clock, traces?: Traces, memory?: StepMemory): Operator {
  return stage(() => {
    const time = new SteadyTime(clock)
    const state = new SeriesStage(options, time, memory)
    traces?.(key => state.trace(key))
    return input => state.next(input, time.reach(time.of(input)))
  }, memory)
}

/** The definition of `series` without its cap (L10); times of samples are those of the wall clock. */
export function naiveSeries(inputs: readonly PastTable[], { columns, keep }: Omit<Series, 'maxPoints'>): Table {
  const last = inputs.at(-1)
  if (last === undefined) throw new RangeError('there is no sample')
  // What was one series goes where it becomes many.
  const first = inputs.findIndex(({ table }) => table.rows.size > 0 && !isOneSeries(table))
  const isOne = first === -1 && inputs.some(({ table }) => isOneSeries(table))
  const isKept = ({ time }: PastTable, i: number): boolean =>
    i >= first && (keep.kind === 'time' ? time > last.time - keep.ms : i >= inputs.length - keep.count)
  const kept = inputs.filter(isKept)
  const rows = kept.flatMap(({ table, time }) => [...table.rows].map(entry => pointOf(table, entry, time, columns, isOne)))
  return { ...shapeOf(last.table, columns, isOne), rows: new Map(rows) }
}
