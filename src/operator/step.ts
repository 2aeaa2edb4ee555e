import { defaultMaxGroups, defaultMaxPoints } from '../lib/cap.ts'
import type { Clock } from '../lib/clock.ts'
import { parseOrderTerm } from '../model/order.ts'
import { cellOf, type Row } from '../model/row.ts'
import { parseAggregate, type Aggregate } from './aggregate.ts'
import { alert } from './alert.ts'
import type { AlertOptions } from './alert.options.ts'
import { change } from './change.ts'
import { codedValue } from './coded.ts'
import type { ChangeOptions } from './change.options.ts'
import { series } from './series.ts'
import { timeColumn, type SeriesOptions } from './series.options.ts'
import { events } from './events.ts'
import type { EventsOptions } from './events.options.ts'
import { join } from './join.ts'
import type { JoinOptions } from './join.options.ts'
import { keep } from './keep.ts'
import { fill } from './fill.ts'
import type { FillOptions } from './fill.options.ts'
import { distinct } from './distinct.ts'
import { derive } from './derive.ts'
import { group } from './group.ts'
import { groupKeyColumn } from './group-key.ts'
import type { CodedAggregate, GroupOptions } from './group.options.ts'
import { rate } from './rate.ts'
import { rxjs } from './rxjs.ts'
import type { RateOptions } from './rate.options.ts'
import { sameColumns, select } from './select.ts'
import { within, type StepDeps } from './step-deps.ts'
import type { Operator } from './stage.ts'
import type { Step } from './step.options.ts'
import {
  compileColumns,
  compileCondition,
  compileJudgement,
  compileText,
  compileValue,
  listOf,
  located,
  wholeError,
} from './step-expression.ts'
import { top } from './top.ts'
import { where } from './where.ts'
import { window } from './window.ts'
import { defaultLatenessMs, finalColumn, type WindowOptions } from './window.options.ts'

type Aggregates = ReadonlyMap<string, string | CodedAggregate>

/** Columns that may not be called as those in `own`, which `what` says the use of. */
function compileAggregates(columns: Aggregates, own: ReadonlySet<string>, what: string): ReadonlyMap<string, Aggregate> {
  const compile = (name: string, written: string | CodedAggregate): Aggregate => {
    const path = ['columns', name]
    if (own.has(name)) throw wholeError(path, `'${name}' ${what}; give the aggregate another name`, written)
    if (typeof written !== 'string') return { ...written, value: codedValue(written.value, path.join('.')) }
    return located(path, () => parseAggregate(written, { origin: 'config' }))
  }
  return new Map([...columns].map(([name, written]) => [name, compile(name, written)]))
}

function buildGroup({ columns, having, maxGroups = defaultMaxGroups, ...options }: GroupOptions, { traces }: StepDeps): Operator {
  const by = listOf(options.by)
  const aggregates = compileAggregates(columns, new Set([groupKeyColumn(by), ...by]), 'names the group')
  const condition = having === undefined ? {} : { having: compileCondition(having, ['having']) }
  return group({ by, columns: aggregates, maxGroups, ...condition }, traces)
}

function buildRate({ over, columns, maxPoints = defaultMaxPoints }: RateOptions, clock: Clock): Operator {
  return rate({ overMs: over, columns: compileColumns(columns, ['columns']), maxPoints }, clock)
}

function buildChange({ over, columns, maxPoints = defaultMaxPoints }: ChangeOptions, clock: Clock): Operator {
  const ago = over === undefined ? {} : { overMs: over }
  return change({ ...ago, columns: compileColumns(columns, ['columns']), maxPoints }, clock)
}

function buildWindow(written: WindowOptions, { clock, traces, memory }: StepDeps): Operator {
  const { size, slide, columns, time, lateness, maxGroups = defaultMaxGroups } = written
  const options = {
    sizeMs: size,
    latenessMs: lateness ?? defaultLatenessMs,
    columns: compileAggregates(columns, new Set([finalColumn]), 'says that a window has ended'),
    maxGroups,
    ...(slide === undefined ? {} : { slideMs: slide }),
    ...(time === undefined ? {} : { time: compileValue(time, ['time']) }),
  }
  return window(options, clock, traces, memory)
}

function buildSeries(options: SeriesOptions, { clock, traces, memory }: StepDeps): Operator {
  const { keep: extent, columns, maxPoints = defaultMaxPoints } = options
  if (columns.has(timeColumn))
    throw wholeError(['columns', timeColumn], `'time' is when a point was measured; give the column another name`, columns.get(timeColumn))
  return series({ keep: extent, columns: compileColumns(columns, ['columns']), maxPoints }, clock, traces, memory)
}

function buildEvents(options: EventsOptions, { clock, traces, memory }: StepDeps): Operator {
  const { keep: extent, columns, maxPoints = defaultMaxPoints } = options
  return events({ keep: extent, maxPoints, ...(columns === undefined ? {} : { columns }) }, clock, traces, memory)
}

function buildFill({ columns, maxAge }: FillOptions, { clock, memory }: StepDeps): Operator {
  return fill({ columns, ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }) }, clock, memory)
}

function buildAlert(options: AlertOptions, { clock, memory }: StepDeps): Operator {
  const { for: forMs = 0, resolve, keepFiringFor = 0, onMissing = 'keep', severity, maxGroups = defaultMaxGroups } = options
  const when = compileJudgement(options.when, ['when'])
  // Of a function nobody knows what it looks at.
  const [about] = typeof when === 'function' ? [] : when.columns
  const text = options.text === undefined ? undefined : compileText(options.text, ['text'])
  return alert(
    {
      when,
      forMs,
      keepFiringForMs: keepFiringFor,
      onMissing,
      maxGroups,
      ...(resolve === undefined ? {} : { resolve: compileJudgement(resolve, ['resolve']) }),
      ...(severity === undefined ? {} : { severity }),
      ...(about === undefined ? {} : { value: (row: Row) => cellOf(row, about) }),
      ...(text === undefined ? {} : { text }),
    },
    clock,
    memory,
  )
}

function buildJoin({ with: other, on, key, kind = 'inner', columns }: JoinOptions, deps: StepDeps): Operator {
  const options = {
    kind,
    columns: compileColumns(columns, ['columns']),
    ...(on === undefined ? {} : { on: compileValue(on, ['on']) }),
    ...(key === undefined ? {} : { key: compileValue(key, ['key']) }),
  }
  const { traces } = deps
  return join(options, deps.input(other), deps.handOver, otherKey =>
    traces?.(key => ({ keys: [key], other: { feed: other, keys: [otherKey(key)].filter(found => found !== undefined) } })),
  )
}

/**
 * The operator of a step; each subscription has a state of its own.
 * @throws StepError at the first expression that cannot be used; the config has judged them all before.
 */
export function buildStep(step: Step, deps: StepDeps): Operator {
  const { clock } = deps
  switch (step.kind) {
    case 'where':
      return where(compileCondition(step.options, []))
    case 'select':
      return select(Array.isArray(step.options) ? sameColumns(step.options) : compileColumns(step.options))
    case 'derive':
      return derive(compileColumns(step.options))
    case 'top': {
      const { by, limit, per } = step.options
      return top({ by: listOf(by).map(parseOrderTerm), limit, per: listOf(per) })
    }
    case 'group':
      return buildGroup(step.options, deps)
    case 'rate':
      return buildRate(step.options, clock)
    case 'change':
      return buildChange(step.options, clock)
    case 'window':
      return buildWindow(step.options, deps)
    case 'series':
      return buildSeries(step.options, deps)
    case 'events':
      return buildEvents(step.options, deps)
    case 'keep':
      return keep({ extent: step.options }, clock, deps.memory)
    case 'fill':
      return buildFill(step.options, deps)
    case 'distinct':
      return distinct(listOf(step.options.by))
    case 'alert':
      return buildAlert(step.options, deps)
    case 'join':
      return buildJoin(step.options, deps)
    case 'rxjs':
      return rxjs(samples => within(deps, () => (step.options as (given: typeof samples) => unknown)(samples)))
    default:
      return step satisfies never
  }
}
