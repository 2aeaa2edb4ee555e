import type { Clock } from '../lib/clock.ts'
import { cellOf, setCell, type Cell, type Row } from '../model/row.ts'
import { noChanges, type Degradation, type Sample, type Table } from '../model/table.ts'
import { alertColumns } from './alert.options.ts'
import { elapsed, evaluated, type ActiveAlert, type AlertTimes, type Finding } from './alert-state.ts'
import { DueQueue } from './due-queue.ts'
import { Output, visitTouched } from './output.ts'
import type { StepMemory } from './memories.ts'
import { readAlerts, resumedAlert, saveAlerts, type SavedAlerts, type Shown } from './saved-alerts.ts'
import type { Operator } from './stage.ts'
import type { SteadyTime } from './steady-time.ts'
import { timedStage, type TimedStage } from './timed-stage.ts'

/** Judges a row, undefined where that cannot be told: a function of TypeScript or a compiled expression. */
export type Judgement = ((row: Row, key: string) => boolean | undefined) | { judge(row: Row, key: string): boolean | undefined }

export interface Alert extends AlertTimes {
  readonly when: Judgement
  /** What fires goes on until this is true; without it until `when` is not. */
  readonly resolve?: Judgement
  /** When the row is gone, or `when` cannot be told. */
  readonly onMissing: 'keep' | 'resolve' | 'fire'
  readonly severity?: string
  readonly text?: (row: Row, key: string) => string
  /** What the alert is about. */
  readonly value?: (row: Row, key: string) => Cell
  /** Further alerts are left out. */
  readonly maxGroups: number
}

function judge(judgement: Judgement, row: Row, key: string): boolean | undefined {
  return typeof judgement === 'function' ? judgement(row, key) : judgement.judge(row, key)
}

/** What is found of a row; `row` is undefined where it is gone. */
export function findingOf({ when, resolve, onMissing }: Alert, row: Row | undefined, key: string): Finding {
  const alarming = row === undefined ? undefined : judge(when, row, key)
  if (alarming === true) return 'alarming'
  if (row !== undefined && resolve !== undefined && judge(resolve, row, key) === true) return 'calm'
  if (alarming === undefined) return onMissing === 'fire' ? 'alarming' : onMissing === 'resolve' ? 'calm' : 'missing'
  return resolve === undefined ? 'calm' : 'neither'
}

const own: ReadonlySet<string> = new Set(alertColumns)

export function alertShape({ columns }: Table) {
  const all = [...alertColumns, ...columns.filter(column => !own.has(column))]
  return { key: 'key', columns: all, order: [{ column: 'since', descending: true }], kind: 'alerts' as const }
}

/** The row of an alert; times are ms since 1970. A column of the row that is called like one of the alert's own is left out. */
export function alertRow(
  { severity, text, value }: Pick<Alert, 'severity' | 'text' | 'value'>,
  { row, state }: Pick<ActiveAlert, 'row' | 'state'>,
  key: string,
  { since, activeAt }: Pick<ActiveAlert, 'since' | 'activeAt'>,
): Row {
  const cells: Record<string, Cell> = { key, state, since, activeAt, value: value?.(row, key) ?? null, severity: severity ?? null }
  cells['text'] = text?.(row, key) ?? null
  for (const column of Object.keys(row)) if (!own.has(column)) setCell(cells, column, cellOf(row, column))
  return cells
}

const noneLeft: SavedAlerts = { time: Number.NEGATIVE_INFINITY, alerts: [] }

class AlertStage implements TimedStage {
  readonly #alert: Alert
  readonly #time: SteadyTime
  readonly #output = new Output()
  readonly #rows = new Map<string, Row>()
  readonly #active = new Map<string, ActiveAlert>()
  readonly #shown = new Map<string, Shown>()
  readonly #dues = new DueQueue()
  /** Rows beyond `maxGroups` that are alarming. */
  readonly #leftOut = new Set<string>()
  #last: Sample | undefined
  /** Of a run before, until a table was judged. */
  #left: SavedAlerts

  constructor(alert: Alert, time: SteadyTime, memory: StepMemory | undefined) {
    this.#alert = alert
    this.#time = time
    this.#left = readAlerts(memory?.take())
    memory?.keep(() => this.#save(), true)
  }

  get due(): number | undefined {
    return this.#dues.first?.at
  }

  next(input: Sample, now: number): Sample {
    const isFirst = this.#last === undefined
    this.#last = input
    const anew = this.#output.begin(input, alertShape(input.table))
    if (anew) this.#forget()
    if (isFirst) this.#takeUp()
    // The table that was saved may be older than the one that the alerts were judged by: what that says is over.
    if (isFirst && Math.round(input.time) < this.#left.time) return this.#output.sample(input, this.#degraded())
    const left = this.#left
    this.#left = noneLeft
    // No row of the tables that were passed over was judged, whether or not it changes now.
    visitTouched(input, this.#rows, anew || left !== noneLeft, (key, row) => this.#take(key, row, now))
    for (const { key } of left.alerts) if (!input.table.rows.has(key)) this.#judge(key, undefined, undefined, now)
    this.#admit(now)
    return this.#output.sample(input, this.#degraded())
  }

  elapse(due: number): Sample {
    if (this.#last === undefined) throw new Error('an alert is due that never was')
    const input: Sample = { ...this.#last, changes: noChanges, time: this.#time.wallOf(due) }
    this.#output.begin(input, alertShape(input.table))
    for (let { first } = this.#dues; first !== undefined && first.at <= due; { first } = this.#dues) {
      const { key, at } = first
      const alert = this.#active.get(key)
      this.#dues.delete(key)
      if (alert !== undefined) this.#put(key, elapsed(alert, at))
    }
    this.#admit(due)
    return this.#output.sample(input, this.#degraded())
  }

  #forget(): void {
    this.#rows.clear()
    this.#active.clear()
    this.#shown.clear()
    this.#dues.clear()
    this.#leftOut.clear()
  }

  #take(key: string, row: Row | undefined, now: number): void {
    const before = this.#rows.get(key)
    if (before === row) return
    if (row === undefined) this.#rows.delete(key)
    else this.#rows.set(key, row)
    this.#judge(key, row, before, now)
  }

  #judge(key: string, row: Row | undefined, before: Row | undefined, now: number): void {
    this.#leftOut.delete(key)
    const finding = findingOf(this.#alert, row, key)
    const held = this.#active.get(key)
    const last = row ?? before ?? held?.row
    if (last === undefined) return
    const alert = evaluated(held, last, finding, now, this.#alert)
    if (alert !== undefined && held === undefined && this.#active.size >= this.#alert.maxGroups) this.#leftOut.add(key)
    else if (alert !== held) this.#put(key, alert)
  }

  #save(): SavedAlerts {
    if (this.#last === undefined) return this.#left
    const time = Math.max(Math.round(this.#last.time), this.#left.time)
    return { time, alerts: saveAlerts(this.#active, this.#shown, this.#time.now()) }
  }

  /** Goes on with the alerts of a run before. */
  #takeUp(): void {
    // A clock that was set back since would have them wait for it.
    const { time, alerts } = this.#left
    this.#left = { time: Math.min(time, this.#time.wallOf(this.#time.now())), alerts }
    for (const saved of alerts) {
      if (this.#active.size >= this.#alert.maxGroups) break
      const alert = resumedAlert(saved, this.#time.now())
      this.#active.set(saved.key, alert)
      this.#shown.set(saved.key, { since: saved.since, activeAt: saved.activeAt })
      this.#put(saved.key, alert)
    }
  }

  /** Begins alerts that were left out, where others have gone. */
  #admit(now: number): void {
    for (const key of this.#leftOut) {
      if (this.#active.size >= this.#alert.maxGroups) return
      this.#leftOut.delete(key)
      const row = this.#rows.get(key)
      if (row !== undefined) this.#put(key, evaluated(undefined, row, findingOf(this.#alert, row, key), now, this.#alert))
    }
  }

  #put(key: string, alert: ActiveAlert | undefined): void {
    if (alert === undefined) {
      this.#active.delete(key)
      this.#shown.delete(key)
      this.#dues.delete(key)
      this.#output.remove(key)
      return
    }
    const before = this.#active.get(key)
    const shown = this.#shown.get(key)
    const kept = (which: 'since' | 'activeAt'): number =>
      shown !== undefined && before?.[which] === alert[which] ? shown[which] : this.#time.wallOf(alert[which])
    const times = { since: kept('since'), activeAt: kept('activeAt') }
    this.#active.set(key, alert)
    this.#shown.set(key, times)
    if (alert.due === undefined) this.#dues.delete(key)
    else this.#dues.set(key, alert.due)
    this.#output.put(key, alertRow(this.#alert, alert, key, times))
  }

  #degraded(): Degradation | undefined {
    const count = this.#leftOut.size
    if (count === 0) return undefined
    const left = count === 1 ? '1 other is' : `${count} others are`
    return { cause: 'cardinality', reason: `maxGroups: ${this.#alert.maxGroups} alerts are held, ${left} left out` }
  }
}

/**
 * The rows that need attention: `pending` once the condition is true, `firing` once it was for `forMs`, `resolved` for 15 min. States
 * change at their exact times, between samples too, by what is known of the row; a row that is gone is dealt with as `onMissing` says.
 */
export function alert(options: Alert, clock: Clock, memory?: StepMemory): Operator {
  return timedStage(clock, time => new AlertStage(options, time, memory), memory)
}
