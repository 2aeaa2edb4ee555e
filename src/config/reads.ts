import { parseOrderTerm } from '../model/order.ts'
import { noColumn } from '../lib/suggest.ts'
import type { Tile } from '../model/board.ts'
import type { Hints } from '../model/hint.ts'
import type { Computation } from '../lib/option.ts'
import type { CodedAggregate } from '../operator/group.options.ts'
import type { MetricOptions } from '../sink/export.options.ts'
import type { AlertmanagerOptions } from '../sink/sink.options.ts'
import { rightName, type JoinOptions } from '../operator/join.options.ts'
import type { Step } from '../operator/step.options.ts'
import { checkAggregate, checkExpression, checkTemplate } from './expression-check.ts'
import type { Path } from './finding.ts'
import type { Judge } from './judge.ts'

/** Something in a config that reads columns of a table. */
export interface Read {
  readonly path: Path
  /** `term` is a column with `-` before it where it is descending; a `filter` is a condition that the page asks for as any reader would. */
  readonly as: 'column' | 'term' | 'value' | 'condition' | 'filter' | 'aggregate' | 'template'
  readonly written: Computation | CodedAggregate
  /** The row of another feed, by the name that it has there beside the columns. */
  readonly beside?: { readonly name: string; readonly of: string }
  /** The feed whose table it reads; default: the table at hand. */
  readonly of?: string
  /** What bears the name of the column: the entry, or its value, which is the default. */
  readonly at?: 'name' | 'value'
}

/** Compiles what is read, and looks its columns up where these are known; `others`: those of the row beside. */
export function checkRead(judge: Judge, read: Read, names: readonly string[] | undefined, others?: readonly string[]): void {
  const { path, as, written, beside } = read
  const columns = names === undefined || beside === undefined ? names : [...names, beside.name]
  const members = beside === undefined || others === undefined ? {} : { members: new Map([[beside.name, others]]) }
  if (as === 'aggregate') return checkAggregate(judge, written as string | CodedAggregate, path, columns)
  if (typeof written !== 'string') return
  if (as === 'column') return checkColumn(judge, written, read, columns)
  if (as === 'term') return checkColumn(judge, parseOrderTerm(written).column, read, columns)
  if (as === 'template') return checkTemplate(judge, written, path, columns)
  const origin = as === 'filter' ? 'client' : 'config'
  checkExpression(judge, written, path, { origin, condition: as !== 'value', columns, ...members })
}

function checkColumn(judge: Judge, column: string, { path, at = 'value' }: Read, columns: readonly string[] | undefined): void {
  if (columns === undefined || columns.includes(column)) return
  judge.report({ path, at, message: noColumn(column, columns) })
}

/** The columns that a text, or each of a list, names. */
export function readColumns(written: string | readonly string[] | undefined, path: Path, as: 'column' | 'term' = 'column'): Read[] {
  if (typeof written === 'string') return [{ path, as, written }]
  return (written ?? []).map((column, index) => ({ path: [...path, index], as, written: column }))
}

function readEach(written: ReadonlyMap<string, Computation | CodedAggregate>, path: Path, as: Read['as'] = 'value'): Read[] {
  return [...written].map(([name, text]) => ({ path: [...path, name], as, written: text }))
}

function readOne(written: Computation | undefined, path: Path, as: Read['as']): Read[] {
  return written === undefined ? [] : [{ path, as, written }]
}

/** What is exported of a table; `path`: of the metric, or of a list of them. */
export function readsOfMetrics(written: MetricOptions | readonly MetricOptions[], path: Path): Read[] {
  return [written].flat().flatMap(({ value, labels }, index) => {
    const at = Array.isArray(written) ? [...path, index] : path
    return [...readOne(value, [...at, 'value'], 'value'), ...readEach(labels ?? new Map(), [...at, 'labels'])]
  })
}

/** An order may be one text. */
type WrittenTile = Pick<Tile, 'where' | 'columns' | 'column'> & { readonly order?: string | Tile['order'] }

/** What a tile shows of a table. `path`: of the tile. */
export function readsOfTile({ where, order, columns, column }: WrittenTile, path: Path): Read[] {
  return [
    ...readOne(where, [...path, 'where'], 'filter'),
    ...readColumns(order, [...path, 'order'], 'term'),
    ...readColumns(columns, [...path, 'columns']),
    ...readColumns(column, [...path, 'column']),
  ]
}

/** The labels of alerts; `path`: of the sink's options. */
export function readsOfLabels({ labels = new Map() }: AlertmanagerOptions, path: Path): Read[] {
  return readEach(labels, [...path, 'labels'])
}

/** The columns that hints are for. `path`: of the source or feed. */
export function readsOfHints(hints: Hints | undefined, path: Path): Read[] {
  return [...(hints ?? [])].map(([column]) => ({ path: [...path, 'columns', column], at: 'name', as: 'column', written: column }))
}

/** What a step reads of the table that comes into it, and of others. `path`: of its options. */
export function readsOfStep(step: Step, path: Path): Read[] {
  const columns = [...path, 'columns']
  switch (step.kind) {
    case 'where':
      return readOne(step.options, path, 'condition')
    case 'select':
      return Array.isArray(step.options) ? readColumns(step.options, path) : readEach(step.options, path)
    case 'derive':
      return readEach(step.options, path)
    case 'top':
      return [...readColumns(step.options.by, [...path, 'by'], 'term'), ...readColumns(step.options.per, [...path, 'per'])]
    case 'group':
      return [...readColumns(step.options.by, [...path, 'by']), ...readEach(step.options.columns, columns, 'aggregate')]
    case 'rate':
    case 'change':
    case 'series':
      return readEach(step.options.columns, columns)
    case 'window':
      return [...readEach(step.options.columns, columns, 'aggregate'), ...readOne(step.options.time, [...path, 'time'], 'value')]
    case 'events':
      return readColumns(step.options.columns, columns)
    case 'distinct':
      return readColumns(step.options.by, [...path, 'by'])
    case 'alert': {
      const { when, resolve, text } = step.options
      const conditions = [...readOne(when, [...path, 'when'], 'condition'), ...readOne(resolve, [...path, 'resolve'], 'condition')]
      return [...conditions, ...readOne(text, [...path, 'text'], 'template')]
    }
    case 'join':
      return readsOfJoin(step.options, path)
    case 'fill':
      return [...step.options.columns.keys()].map(name => ({ path: [...columns, name], at: 'name', as: 'column', written: name }))
    case 'keep':
    case 'rxjs':
      return []
    default:
      return step satisfies never
  }
}

function readsOfJoin({ with: other, on, key, columns }: JoinOptions, path: Path): Read[] {
  return [
    ...readOne(on, [...path, 'on'], 'value'),
    ...readOne(key, [...path, 'key'], 'value').map(read => ({ ...read, of: other })),
    ...readEach(columns, [...path, 'columns']).map(read => ({ ...read, beside: { name: rightName, of: other } })),
  ]
}
