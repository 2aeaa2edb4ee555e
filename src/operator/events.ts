import type { Clock } from '../lib/clock.ts'
import type { Extent } from '../lib/option.ts'
import { Queue } from '../lib/queue.ts'
import { madeOf } from '../model/late.ts'
import { cellOf, equalRows, setCell, type Cell, type Row } from '../model/row.ts'
import type { Degradation, Sample, Table } from '../model/table.ts'
import { eventColumns } from './events.options.ts'
import type { Traced, Traces } from './lineage.ts'
import type { InTurns, StepMemory } from './memories.ts'
import { grownColumns, Output, visitTouched } from './output.ts'
import type { PastTable } from './past-table.ts'
import { mostSavedRows, readEvents, type SavedEvents } from './saved-rows.ts'
import { stage, type Operator } from './stage.ts'
import { SteadyTime } from './steady-time.ts'

export interface Events {
  /** The last so many events, or those of a time. */
  readonly keep: Extent
  /** Only a change of one of these is an event; default: of any column. */
  readonly columns?: readonly string[]
  /** Most events held; over it the oldest go (`degraded: cardinality`). */
  readonly maxPoints: number
}

type Change = 'appeared' | 'changed' | 'left'

interface Happened {
  readonly key: string
  readonly change: Change
  /** The row as it is now, or as it was last. */
  readonly row: Row
}

interface Event {
  readonly seq: string
  readonly at: number
}

const own: ReadonlySet<string> = new Set(eventColumns)

function shapeOf(columns: readonly string[]) {
  const all = [...eventColumns, ...columns.filter(column => !own.has(column))]
  return { key: 'seq', columns: all, order: [{ column: 'seq', descending: true }], kind: 'events' as const }
}

/** What happened to a row; undefined: nothing that counts. */
function happened(key: string, before: Row | undefined, row: Row | undefined, columns: readonly string[]): Happened | undefined {
  if (row === undefined) return before === undefined ? undefined : { key, change: 'left', row: before }
  if (before === undefined) return { key, change: 'appeared', row }
  return equalRows(before, row, columns) ? undefined : { key, change: 'changed', row }
}

/** All that one sample brought is in the order of the keys. */
function inOrder(all: Happened[]): readonly Happened[] {
  return all.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** A column of the row that is called like one of the event's own is left out. */
function eventRow({ key, change, row }: Happened, seq: number, time: number, columns: readonly string[]): Row {
  const event: Record<string, Cell> = { seq, time, change, key }
  for (const column of columns) if (!own.has(column)) setCell(event, column, cellOf(row, column))
  return event
}

/** Of an event. */
function timeOf(event: Row | undefined): number {
  const time = event?.['time']
  return typeof time === 'number' ? time : Number.NEGATIVE_INFINITY
}

class EventsStage {
  readonly #options: Events
  readonly #output = new Output()
  readonly #rows = new Map<string, Row>()
  readonly #events = new Queue<Event>()
  readonly #time: SteadyTime
  #seq = 0
  #input: Table | undefined
  /** Of a run before, until there is a table. */
  #left: SavedEvents | undefined
  /** What happened in a run before, until there is a table that is newer. */
  #former: readonly Row[] = []
  /** Samples until this time are of a run before, and their events are there. */
  #hasUntil = Number.NEGATIVE_INFINITY
  /** Rows as an event of a run before tells them: without the columns that are called like its own. */
  readonly #told = new Set<string>()

  constructor(options: Events, time: SteadyTime, memory: StepMemory | undefined) {
    this.#options = options
    this.#time = time
    this.#left = readEvents(memory?.take())
    memory?.keep(inTurns => this.#save(inTurns))
  }

  next(input: Sample, now: number): Sample {
    const { columns } = input.table
    const left = this.#left?.key === input.table.key ? this.#left : undefined
    this.#left = undefined
    this.#input = input.table
    const anew = this.#output.begin(input, shapeOf(grownColumns(columns, left?.columns ?? [])))
    if (anew) this.#forget()
    if (left !== undefined) this.#resume(left)
    if (Math.round(input.time) <= this.#hasUntil) return this.#beginAgain(input, now)
    const all: Happened[] = []
    const compared = this.#options.columns ?? columns
    const told = compared.filter(column => !own.has(column))
    const isBehind = this.#hasUntil > Number.NEGATIVE_INFINITY
    visitTouched(input, this.#rows, anew || isBehind, (key, row) => {
      const what = happened(key, this.#rows.get(key), row, this.#told.has(key) ? told : compared)
      // What is there to begin with did not happen.
      if (what !== undefined && !anew) all.push(what)
      if (row === undefined) this.#rows.delete(key)
      else this.#rows.set(key, row)
    })
    this.#goOn()
    for (const what of inOrder(all)) this.#add(what, now, input)
    return this.#output.sample(input, this.#expire(now))
  }

  #forget(): void {
    this.#rows.clear()
    this.#events.clear()
    this.#seq = 0
    this.#goOn()
  }

  /** No sample of a run before comes any more. */
  #goOn(): void {
    this.#former = []
    this.#hasUntil = Number.NEGATIVE_INFINITY
    this.#told.clear()
  }

  /** Goes on with the events of a run before. Where the wall clock was set back since, they get old from now on. */
  #resume({ seq, steppedMs, events: happenedBefore }: SavedEvents): void {
    for (const { seq: name, at, row } of happenedBefore) {
      this.#output.put(name, row)
      this.#events.push({ seq: name, at: Math.min(at + steppedMs, this.#time.now()) })
    }
    this.#seq = seq
    this.#former = happenedBefore.map(({ row }) => row)
    this.#hasUntil = Math.min(timeOf(this.#former.at(-1)), this.#time.wallOf(this.#time.now()))
  }

  /** The table that is taken up may have been saved before the last events were: they have happened to it, and do not again. */
  #beginAgain(input: Sample, now: number): Sample {
    this.#rows.clear()
    this.#told.clear()
    for (const [key, row] of input.table.rows) this.#rows.set(key, row)
    for (const row of this.#former) {
      const { key, change } = row
      if (typeof key !== 'string' || timeOf(row) <= Math.round(input.time)) continue
      if (change === 'left') this.#rows.delete(key)
      else this.#rows.set(key, row)
      this.#told.add(key)
    }
    return this.#output.sample(input, this.#expire(now))
  }

  #save(inTurns: InTurns): unknown {
    if (this.#input === undefined) return this.#left
    const { rows } = this.#output
    const saved = ({ seq, at }: Event): SavedEvents['events'][number] => ({ seq, at, row: rows.get(seq) ?? {} })
    const { key, columns } = this.#input
    const kept = inTurns(madeOf(this.#events.last(mostSavedRows), saved))
    return { key, columns: columns.filter(column => !own.has(column)), seq: this.#seq, steppedMs: this.#time.stepped, events: kept }
  }

  /** The row that something happened to. */
  trace(seq: string): Traced {
    const key = this.#output.rows.get(seq)?.['key']
    return { keys: typeof key === 'string' ? [key] : [] }
  }

  #add(what: Happened, at: number, { table, time }: Sample): void {
    const seq = ++this.#seq
    this.#output.put(String(seq), eventRow(what, seq, Math.round(time), table.columns))
    this.#events.push({ seq: String(seq), at })
  }

  #expire(now: number): Degradation | undefined {
    const { keep, maxPoints } = this.#options
    const isOld = ({ at }: Event): boolean => (keep.kind === 'time' ? at <= now - keep.ms : this.#events.size > keep.count)
    for (let { first } = this.#events; first !== undefined && isOld(first); { first } = this.#events) this.#drop(first)
    const surplus = this.#events.size - maxPoints
    for (let { first } = this.#events; first !== undefined && this.#events.size > maxPoints; { first } = this.#events) this.#drop(first)
    return surplus > 0 ? { cause: 'cardinality', reason: `maxPoints: ${maxPoints} events are held, the oldest are gone` } : undefined
  }

  #drop({ seq }: Event): void {
    this.#events.shift()
    this.#output.remove(seq)
  }
}

/**
 * What happened to rows: `appeared`, `changed`, `left`, the newest first, each with its number, its time, the key and the row as it then
 * was (or was last). The rows of the first sample are what it begins with.
 */
export function events(options: Events, clock: Clock, traces?: Traces, memory?: StepMemory): Operator {
  return stage(() => {
    const time = new SteadyTime(clock)
    const state = new EventsStage(options, time, memory)
    traces?.(key => state.trace(key))
    return input => state.next(input, time.reach(time.of(input)))
  }, memory)
}

/** The definition of `events` without its cap (L10); times of samples are those of the wall clock. */
export function naiveEvents(inputs: readonly PastTable[], { keep, columns }: Omit<Events, 'maxPoints'>): Table {
  const last = inputs.at(-1)
  if (last === undefined) throw new RangeError('there is no sample')
  const all = inputs.flatMap(({ table, time }, i) => {
    const before = inputs[i - 1]?.table.rows
    if (before === undefined) return []
    const keys = new Set([...before.keys(), ...table.rows.keys()])
    const whats = [...keys].flatMap(key => happened(key, before.get(key), table.rows.get(key), columns ?? table.columns) ?? [])
    return inOrder(whats).map(what => ({ what, time, names: table.columns }))
  })
  const numbered = all.map((event, i) => ({ ...event, seq: i + 1 }))
  const kept = keep.kind === 'count' ? numbered.slice(-keep.count) : numbered.filter(({ time }) => time > last.time - keep.ms)
  const rows = kept.map(({ what, time, seq, names }) => [String(seq), eventRow(what, seq, time, names)] as const)
  return { ...shapeOf(last.table.columns), rows: new Map(rows) }
}
