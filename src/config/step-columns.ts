import type { Computation } from '../lib/option.ts'
import { didYouMean } from '../lib/suggest.ts'
import { composedKeyColumn } from '../model/key.ts'
import { parseOrderTerm } from '../model/order.ts'
import { alertColumns, type AlertOptions } from '../operator/alert.options.ts'
import { eventColumns } from '../operator/events.options.ts'
import type { GroupOptions } from '../operator/group.options.ts'
import { rightName, type JoinOptions } from '../operator/join.options.ts'
import { timeColumn } from '../operator/series.options.ts'
import { finalColumn, type WindowOptions } from '../operator/window.options.ts'
import type { Step } from '../operator/step.options.ts'
import { checkAggregate, checkExpression, checkTemplate } from './expression-check.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'

/** The columns at a place of a pipeline, as far as they are known without data. */
export interface Columns {
  readonly names?: readonly string[]
  readonly key?: string
}

/** Compiles every expression of a step and looks its columns up, as far as these are known. */
export function checkStep(judge: Judge, step: Step, path: Path, before: Columns): void {
  const columns = before.names
  switch (step.kind) {
    case 'where':
      return checkExpression(judge, step.options, path, { condition: true, columns })
    case 'select':
    case 'derive':
      return checkExpressions(judge, step.options, path, columns)
    case 'top':
      checkColumns(judge, step.options.by, [...path, 'by'], columns)
      return checkColumns(judge, step.options.per, [...path, 'per'], columns)
    case 'group':
      return checkGroup(judge, step.options, path, before)
    case 'rate':
    case 'change':
      return checkExpressions(judge, step.options.columns, [...path, 'columns'], columns)
    case 'series':
      return checkSeries(judge, step.options.columns, [...path, 'columns'], columns)
    case 'events':
      return checkColumns(judge, step.options.columns, [...path, 'columns'], columns)
    case 'distinct':
      return checkColumns(judge, step.options.by, [...path, 'by'], columns)
    case 'join':
      return checkJoin(judge, step.options, path, columns)
    case 'alert':
      return checkAlert(judge, step.options, path, columns)
    case 'keep':
    case 'fill':
    case 'rxjs':
      return undefined
    case 'window':
      return checkWindow(judge, step.options, path, columns)
    default:
      return step satisfies never
  }
}

function checkWindow(judge: Judge, { columns, time }: WindowOptions, path: Path, names: Columns['names']): void {
  const own = { names: [finalColumn], what: 'says that a window has ended' }
  checkAggregates(judge, columns, [...path, 'columns'], names, own)
  if (time !== undefined) checkExpression(judge, time, [...path, 'time'], { columns: names })
}

function checkAlert(judge: Judge, { when, resolve, text }: AlertOptions, path: Path, columns: Columns['names']): void {
  checkExpression(judge, when, [...path, 'when'], { condition: true, columns })
  if (resolve !== undefined) checkExpression(judge, resolve, [...path, 'resolve'], { condition: true, columns })
  if (text !== undefined) checkTemplate(judge, text, [...path, 'text'], columns)
}

/** The columns of the other feed are not known here. */
function checkJoin(judge: Judge, { on, key, columns }: JoinOptions, path: Path, names: Columns['names']): void {
  if (on !== undefined) checkExpression(judge, on, [...path, 'on'], { columns: names })
  if (key !== undefined) checkExpression(judge, key, [...path, 'key'], { columns: undefined })
  checkExpressions(judge, columns, [...path, 'columns'], names === undefined ? undefined : [...names, rightName])
}

function checkSeries(judge: Judge, texts: ReadonlyMap<string, Computation>, path: Path, columns: Columns['names']): void {
  if (texts.has(timeColumn))
    judge.report({ path: [...path, timeColumn], at: 'name', message: `'time' is when a point was measured; give the column another name` })
  checkExpressions(judge, texts, path, columns)
}

function checkExpressions(judge: Judge, texts: ReadonlyMap<string, Computation>, path: Path, columns: Columns['names']): void {
  for (const [name, text] of texts) checkExpression(judge, text, [...path, name], { columns })
}

function checkAggregates(judge: Judge, texts: GroupOptions['columns'], path: Path, names: Columns['names'], own: Own): void {
  for (const [name, text] of texts) {
    const column = [...path, name]
    if (own.names.includes(name))
      judge.report({ path: column, at: 'name', message: `'${name}' ${own.what}; give the aggregate another name` })
    checkAggregate(judge, text, column, names)
  }
}

/** Columns that a step has of itself, and what they are there for. */
interface Own {
  readonly names: readonly string[]
  readonly what: string
}

function checkGroup(judge: Judge, group: GroupOptions, path: Path, before: Columns): void {
  const own = groupColumns(group)
  checkColumns(judge, group.by, [...path, 'by'], before.names)
  checkAggregates(judge, group.columns, [...path, 'columns'], before.names, { names: own, what: 'names the group' })
  const columns = [...own, ...group.columns.keys()]
  if (group.having !== undefined) checkExpression(judge, group.having, [...path, 'having'], { condition: true, columns })
}

function checkColumns(
  judge: Judge,
  written: string | readonly string[] | undefined,
  path: Path,
  names: readonly string[] | undefined,
): void {
  if (written === undefined || names === undefined) return
  for (const [index, term] of [written].flat().entries()) {
    const column = names.includes(term) ? term : parseOrderTerm(term).column
    const message = `there is no column '${column}'${didYouMean(column, names)}`
    if (!names.includes(column)) judge.report({ path: typeof written === 'string' ? path : [...path, index], at: 'value', message })
  }
}

/** The columns that a step leaves. */
export function columnsAfter(step: Step, before: Columns): Columns {
  const { key, names } = before
  switch (step.kind) {
    case 'where':
    case 'top':
    case 'keep':
    case 'distinct':
      return before
    case 'fill':
      return grown(before, step.options.columns.keys())
    case 'series':
      // Whether it is one series or many is known only with the data.
      return {}
    case 'rxjs':
      return {}
    case 'alert':
      return { ...(names === undefined ? {} : { names: [...alertColumns, ...names] }), key: 'key' }
    case 'events':
      return { ...(names === undefined ? {} : { names: [...eventColumns, ...names] }), key: 'seq' }
    case 'select':
      return key === undefined ? {} : { names: [key, ...step.options.keys()], key }
    case 'derive':
      return grown(before, step.options.keys())
    case 'group': {
      const own = groupColumns(step.options)
      return { names: [...own, ...step.options.columns.keys()], key: own[0] ?? composedKeyColumn }
    }
    case 'rate':
    case 'change':
    case 'join':
      return grown(before, step.options.columns.keys())
    case 'window': {
      const final = step.options.slide === undefined ? [finalColumn] : []
      return key === undefined ? {} : { names: [key, ...step.options.columns.keys(), ...final], key }
    }
    default:
      return step satisfies never
  }
}

function grown(before: Columns, added: Iterable<string>): Columns {
  return before.names === undefined ? before : { ...before, names: [...before.names, ...added] }
}

/** The columns that name a group, the key first. */
function groupColumns({ by = [] }: GroupOptions): readonly string[] {
  const names = [by].flat()
  return [...new Set(names.length === 1 ? names : [composedKeyColumn, ...names])]
}
