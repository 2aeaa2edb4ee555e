import { compileExpression, type Expression } from '../expression/expression.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { parseOrderTerm } from '../model/order.ts'
import { parseAggregate, type Aggregate } from './aggregate.ts'
import { derive } from './derive.ts'
import type { DeriveOptions } from './derive.options.ts'
import { group } from './group.ts'
import { groupKeyColumn } from './group-key.ts'
import { defaultMaxGroups, type GroupOptions } from './group.options.ts'
import { select, type NewColumns } from './select.ts'
import type { SelectOptions } from './select.options.ts'
import type { Operator } from './stage.ts'
import { top } from './top.ts'
import type { TopOptions } from './top.options.ts'
import { where } from './where.ts'
import type { WhereOptions } from './where.options.ts'

/** A step of a feed: its name in a config, and its options as their schema gives them. */
export type Step =
  | { readonly kind: 'where'; readonly options: WhereOptions }
  | { readonly kind: 'select'; readonly options: SelectOptions }
  | { readonly kind: 'derive'; readonly options: DeriveOptions }
  | { readonly kind: 'top'; readonly options: TopOptions }
  | { readonly kind: 'group'; readonly options: GroupOptions }

type Path = readonly (string | number)[]

/** What is wrong with the options of a step. */
export class StepError extends Error {
  override readonly name = 'StepError'
  /** Where in the options. */
  readonly path: Path
  /** The place in the text there, in UTF-16 units; `end` is the place after the last one. */
  readonly offset: number
  readonly end: number

  constructor(path: Path, message: string, offset: number, end: number) {
    super(message)
    this.path = path
    this.offset = offset
    this.end = end
  }
}

function located<T>(path: Path, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw error instanceof ExpressionError ? new StepError(path, error.message, error.start, error.end) : error
  }
}

function compileCondition(text: string, path: Path): Expression {
  return located(path, () => compileExpression(text, { origin: 'config', condition: true }))
}

function compileColumns(columns: ReadonlyMap<string, string>): NewColumns {
  const compile = (name: string, text: string): Expression => located([name], () => compileExpression(text, { origin: 'config' }))
  return new Map([...columns].map(([name, text]) => [name, compile(name, text)]))
}

function listOf(columns: string | readonly string[] = []): readonly string[] {
  return typeof columns === 'string' ? [columns] : columns
}

function buildGroup({ columns, having, maxGroups = defaultMaxGroups, ...options }: GroupOptions): Operator {
  const by = listOf(options.by)
  const own = new Set([groupKeyColumn(by), ...by])
  const compile = (name: string, text: string): Aggregate => {
    const path = ['columns', name]
    if (own.has(name)) throw new StepError(path, `'${name}' names the group; give the aggregate another name`, 0, text.length)
    return located(path, () => parseAggregate(text, { origin: 'config' }))
  }
  const aggregates = new Map([...columns].map(([name, text]) => [name, compile(name, text)]))
  const condition = having === undefined ? {} : { having: compileCondition(having, ['having']) }
  return group({ by, columns: aggregates, maxGroups, ...condition })
}

/**
 * The operator of a step; each subscription has a state of its own.
 * @throws StepError at the first expression that cannot be used; the config has judged them all before.
 */
export function buildStep(step: Step): Operator {
  switch (step.kind) {
    case 'where':
      return where(compileCondition(step.options, []))
    case 'select':
      return select(compileColumns(step.options))
    case 'derive':
      return derive(compileColumns(step.options))
    case 'top': {
      const { by, limit, per } = step.options
      return top({ by: listOf(by).map(parseOrderTerm), limit, per: listOf(per) })
    }
    case 'group':
      return buildGroup(step.options)
    default:
      return step satisfies never
  }
}
