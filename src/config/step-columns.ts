import { composedKeyColumn } from '../model/key.ts'
import { alertColumns } from '../operator/alert.options.ts'
import { eventColumns } from '../operator/events.options.ts'
import type { GroupOptions } from '../operator/group.options.ts'
import { timeColumn } from '../operator/series.options.ts'
import { finalColumn } from '../operator/window.options.ts'
import type { Step } from '../operator/step.options.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkRead, readsOfStep } from './reads.ts'

/** The columns at a place of a pipeline, as far as they are known without data. */
export interface Columns {
  /** Every one that there can be; rows need not have them all. */
  readonly names?: readonly string[]
  readonly key?: string
}

/** Those of a source or feed by its name; none are known of what there is not. */
export type ColumnsOf = (name: string) => Columns

/** Compiles every expression of a step and looks its columns up, as far as these are known. */
export function checkStep(judge: Judge, step: Step, path: Path, before: Columns, columnsOf: ColumnsOf): void {
  for (const read of readsOfStep(step, path)) {
    const { names } = read.of === undefined ? before : columnsOf(read.of)
    checkRead(judge, read, names, read.beside === undefined ? undefined : columnsOf(read.beside.of).names)
  }
  if (step.kind === 'group') checkGroup(judge, step.options, path)
  if (step.kind === 'window') checkOwn(judge, step.options.columns, [...path, 'columns'], [finalColumn], 'says that a window has ended')
  if (step.kind === 'series' && step.options.columns.has(timeColumn))
    judge.report({
      path: [...path, 'columns', timeColumn],
      at: 'name',
      message: `'time' is when a point was measured; give the column another name`,
    })
}

function checkGroup(judge: Judge, group: GroupOptions, path: Path): void {
  const own = groupColumns(group)
  checkOwn(judge, group.columns, [...path, 'columns'], own, 'names the group')
  if (group.having === undefined) return
  checkRead(judge, { path: [...path, 'having'], as: 'condition', written: group.having }, [...own, ...group.columns.keys()])
}

/** Aggregates that are called as a column that the step has of itself; `what` says what that is there for. */
function checkOwn(judge: Judge, aggregates: GroupOptions['columns'], path: Path, own: readonly string[], what: string): void {
  for (const name of aggregates.keys())
    if (own.includes(name))
      judge.report({ path: [...path, name], at: 'name', message: `'${name}' ${what}; give the aggregate another name` })
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
      return key === undefined ? {} : { names: [key, ...(Array.isArray(step.options) ? step.options : step.options.keys())], key }
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

/** The columns of several tables whose rows become one: the key is that of the first that has data. */
export function columnsOfAll(tables: readonly Columns[]): Columns {
  const [first, ...more] = tables
  const names = tables.flatMap(table => (table.names === undefined ? [] : [table.names]))
  const isOneKey = more.every(table => table.key === first?.key)
  return {
    ...(names.length === tables.length ? { names: [...new Set(names.flat())] } : {}),
    ...(isOneKey && first?.key !== undefined ? { key: first.key } : {}),
  }
}
