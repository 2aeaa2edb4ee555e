import type { FeedConfig } from '../../src/config/config.ts'
import { parseOrderTerm } from '../../src/model/order.ts'
import { cellOf, type Cell, type Row } from '../../src/model/row.ts'
import { letsGo, type Table } from '../../src/model/table.ts'
import { parseAggregate, type Aggregate } from '../../src/operator/aggregate.ts'
import { naiveChange } from '../../src/operator/change.ts'
import { naiveDerive } from '../../src/operator/derive.ts'
import { naiveDistinct } from '../../src/operator/distinct.ts'
import { naiveEvents } from '../../src/operator/events.ts'
import { naiveFill } from '../../src/operator/fill.ts'
import { naiveGroup } from '../../src/operator/group.ts'
import { naiveJoin } from '../../src/operator/join.ts'
import { naiveKeep } from '../../src/operator/keep.ts'
import type { PastTable } from '../../src/operator/past-table.ts'
import { naiveRate } from '../../src/operator/rate.ts'
import { naiveSelect, sameColumns } from '../../src/operator/select.ts'
import { naiveSeries } from '../../src/operator/series.ts'
import type { Step } from '../../src/operator/step.options.ts'
import { compileColumns, compileCondition, compileJudgement, compileValue, listOf } from '../../src/operator/step-expression.ts'
import { naiveTop } from '../../src/operator/top.ts'
import { naiveUnion } from '../../src/operator/union.ts'
import { naiveWhere } from '../../src/operator/where.ts'
import { naiveWindow } from '../../src/operator/window.ts'
import { naiveAlerts } from './naive-alerts.ts'
import { copyOf } from './sample-history.ts'

/** What a step is to show at `now`, from every table that it was ever given since it began, and from the other one of a join. */
type Definition = (inputs: readonly PastTable[], now: number, other: Table | undefined) => Table

function ofLast(make: (table: Table) => Table): Definition {
  return inputs => {
    const last = inputs.at(-1)
    if (last === undefined) throw new RangeError('there is no sample')
    return make(last.table)
  }
}

function aggregates(columns: ReadonlyMap<string, unknown>): ReadonlyMap<string, Aggregate> {
  return new Map([...columns].map(([name, text]) => [name, parseAggregate(text as string, { origin: 'config' })]))
}

/** The definition of a step as a config has it. */
function definitionOf(step: Step): Definition {
  switch (step.kind) {
    case 'where': {
      const condition = compileCondition(step.options, [])
      return ofLast(table => naiveWhere(table, condition))
    }
    case 'select': {
      const columns = Array.isArray(step.options) ? sameColumns(step.options) : compileColumns(step.options)
      return ofLast(table => naiveSelect(table, columns))
    }
    case 'derive': {
      const columns = compileColumns(step.options)
      return ofLast(table => naiveDerive(table, columns))
    }
    case 'top': {
      const { by, limit, per } = step.options
      return ofLast(table => naiveTop(table, { by: listOf(by).map(parseOrderTerm), limit, per: listOf(per) }))
    }
    case 'distinct':
      return ofLast(table => naiveDistinct(table, listOf(step.options.by)))
    case 'group': {
      const { by, columns, having } = step.options
      const condition = having === undefined ? {} : { having: compileCondition(having, []) }
      return ofLast(table => naiveGroup(table, { by: listOf(by), columns: aggregates(columns), ...condition }))
    }
    case 'rate': {
      const options = { overMs: step.options.over, columns: compileColumns(step.options.columns) }
      return (inputs, now) => naiveRate(inputs, now, options)
    }
    case 'change': {
      const { over, columns } = step.options
      const options = { columns: compileColumns(columns), ...(over === undefined ? {} : { overMs: over }) }
      return (inputs, now) => naiveChange(inputs, now, options)
    }
    case 'window': {
      const { size, slide, columns } = step.options
      const options = { sizeMs: size, latenessMs: 0, columns: aggregates(columns), ...(slide === undefined ? {} : { slideMs: slide }) }
      return (inputs, now) => naiveWindow(inputs, now, options)
    }
    case 'series': {
      const options = { keep: step.options.keep, columns: compileColumns(step.options.columns) }
      return inputs => naiveSeries(inputs, options)
    }
    case 'events':
      return inputs => naiveEvents(inputs, { keep: step.options.keep })
    case 'keep':
      return inputs => naiveKeep(inputs, step.options)
    case 'fill': {
      const { columns, maxAge } = step.options
      return inputs => naiveFill(inputs, { columns, ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }) })
    }
    case 'alert': {
      const { for: forMs = 0, when } = step.options
      const judgement = compileJudgement(when, [])
      const about = typeof judgement === 'function' ? '' : (judgement.columns[0] ?? '')
      const value = (row: Row): Cell => cellOf(row, about)
      const options = { when: judgement, value, forMs, keepFiringForMs: 0, onMissing: 'keep' as const, maxGroups: 1e6 }
      return (inputs, now) => naiveAlerts(inputs, now, options)
    }
    case 'join': {
      const { on, key, kind = 'inner', columns } = step.options
      const options = {
        kind,
        columns: compileColumns(columns),
        ...(on === undefined ? {} : { on: compileValue(on, []) }),
        ...(key === undefined ? {} : { key: compileValue(key, []) }),
      }
      return (inputs, _now, other) => ofLast(table => naiveJoin(table, other, options))(inputs, 0, undefined)
    }
    default:
      throw new Error(`no definition of ${step.kind}`)
  }
}

/** A step with all that it was given. */
class NaiveStep {
  readonly other: string | undefined
  readonly #definition: Definition
  /** It changes by itself as time passes; any other one when it is given something. */
  readonly #isTimed: boolean
  /** How long a window is, in ms, that ends by itself: that is told also where it has no rows. */
  readonly #windowMs: number | undefined
  #inputs: PastTable[] = []
  #shown: Table | undefined

  constructor(step: Step) {
    this.other = step.kind === 'join' ? step.options.with : undefined
    this.#definition = definitionOf(step)
    this.#windowMs = step.kind === 'window' && step.options.slide === undefined ? step.options.size : undefined
    this.#isTimed = step.kind === 'alert' || this.#windowMs !== undefined
  }

  /** The table after it was given one, or after the other one of a join changed; undefined: it was never given any. */
  take(table: Table | undefined, now: number, other: Table | undefined): Table | undefined {
    if (table !== undefined) {
      const last = this.#inputs.at(-1)?.table
      if (last !== undefined && (last.key !== table.key || letsGo(last.columns, table.columns))) this.#inputs = []
      this.#inputs.push({ table: copyOf(table), time: now })
    }
    if (this.#inputs.length === 0) return undefined
    this.#shown = this.#definition(this.#inputs, now, other)
    return this.#shown
  }

  /** The table where time alone has made it another one. */
  elapse(now: number): Table | undefined {
    if (this.#shown === undefined || !this.#isTimed) return undefined
    const table = this.#definition(this.#inputs, now, undefined)
    const isSame = JSON.stringify([...table.rows]) === JSON.stringify([...this.#shown.rows])
    this.#shown = table
    return isSame && !this.#endsAt(now) ? undefined : table
  }

  #endsAt(now: number): boolean {
    const last = this.#inputs.at(-1)?.time
    if (this.#windowMs === undefined || last === undefined) return false
    return now === (Math.floor(last / this.#windowMs) + 1) * this.#windowMs
  }
}

interface NaiveFeed {
  readonly config: FeedConfig
  readonly steps: readonly NaiveStep[]
}

/** Sources and feeds by their definitions alone: after each tick every table is computed from all that came before. */
export class NaiveGraph {
  readonly tables = new Map<string, Table>()
  readonly #feeds: readonly NaiveFeed[]

  /** `feeds`: each after those that it is computed from. */
  constructor(feeds: readonly FeedConfig[]) {
    this.#feeds = feeds.map(config => ({ config, steps: config.steps.map(step => new NaiveStep(step)) }))
  }

  /** A poll of a source brought this. */
  poll(source: string, table: Table, now: number): void {
    this.tables.set(source, copyOf(table))
    this.#pass(new Set([source]), now)
  }

  /** Time has come to this instant: the feeds that change by themselves, with what is computed from them. */
  elapse(now: number): void {
    for (const { config, steps } of this.#feeds) {
      const at = steps.findIndex((step, i) => {
        const table = step.elapse(now)
        if (table === undefined) return false
        const shown = this.#through(steps.slice(i + 1), table, now, new Set())
        if (shown !== undefined) this.tables.set(config.name, shown)
        return true
      })
      if (at !== -1) this.#pass(new Set([config.name]), now)
    }
  }

  #pass(told: Set<string>, now: number): void {
    for (const { config, steps } of this.#feeds) {
      const { name, from } = config
      if (told.has(name)) continue
      const isGiven = from.some(input => told.has(input))
      if (!isGiven && !steps.some(({ other }) => other !== undefined && told.has(other))) continue
      const given = isGiven ? this.#whole(from) : undefined
      const shown = steps.length === 0 ? given : this.#through(steps, given, now, told)
      if (shown === undefined) continue
      this.tables.set(name, shown)
      told.add(name)
    }
  }

  #whole(from: readonly string[]): Table | undefined {
    const tables = from.map(name => this.tables.get(name))
    return from.length === 1 ? tables[0] : naiveUnion(tables)
  }

  /** What comes out of steps; undefined: nothing does. */
  #through(steps: readonly NaiveStep[], given: Table | undefined, now: number, told: ReadonlySet<string>): Table | undefined {
    let table = given
    for (const step of steps) {
      const isJoined = step.other !== undefined && told.has(step.other)
      if (table === undefined && !isJoined) continue
      table = step.take(table, now, step.other === undefined ? undefined : this.tables.get(step.other))
    }
    return table
  }
}
