import type { z } from 'zod'
import { compileExpression, type Expression } from '../expression/expression.ts'
import { ExpressionError } from '../expression/expression-error.ts'
import { didYouMean } from '../lib/suggest.ts'
import { parseOrderTerm } from '../model/order.ts'
import type { Table } from '../model/table.ts'
import { parseAggregate, type Aggregate } from './aggregate.ts'
import { derive } from './derive.ts'
import { deriveOptions, type DeriveOptions } from './derive.options.ts'
import { group } from './group.ts'
import { groupKeyColumn } from './group-key.ts'
import { defaultMaxGroups, groupOptions, type GroupOptions } from './group.options.ts'
import { grownColumns } from './output.ts'
import { select, type NewColumns } from './select.ts'
import { selectOptions, type SelectOptions } from './select.options.ts'
import type { Operator } from './stage.ts'
import { top } from './top.ts'
import { topOptions, type TopOptions } from './top.options.ts'
import { where } from './where.ts'
import { whereOptions, type WhereOptions } from './where.options.ts'

/** The key and columns of a table, where they are known before there is one and cannot grow: after `select` or `group`. */
export type Header = Pick<Table, 'key' | 'columns'>

/** What is wrong with the options of a step. */
export interface StepError {
  /** Where in the options. */
  readonly path: readonly (string | number)[]
  /** The place in the text there, in UTF-16 units; `end` is the place after the last one. */
  readonly offset: number
  readonly end: number
  readonly message: string
}

export interface BuiltStep {
  readonly operator: Operator
  /** The header of what comes out, where it is known. */
  readonly header?: Header
}

/** What a step is built in: it knows the input's columns, if they are known, and collects what is wrong. */
export class StepContext {
  readonly header: Header | undefined
  readonly errors: StepError[] = []
  /** The expressions of the step, whose misses can be shown. */
  readonly expressions: Expression[] = []

  constructor(header?: Header) {
    this.header = header
  }

  report(path: StepError['path'], text: string, message: string): void {
    this.errors.push({ path, offset: 0, end: text.length, message })
  }

  /** An expression over the input's rows, or over the columns given; undefined where it is wrong. */
  expression(text: string, path: StepError['path'], condition: boolean, columns = this.header?.columns): Expression | undefined {
    const options = { origin: 'config', condition, ...(columns === undefined ? {} : { columns }) } as const
    return this.#collect(path, () => {
      const expression = compileExpression(text, options)
      this.expressions.push(expression)
      return expression
    })
  }

  aggregate(text: string, path: StepError['path']): Aggregate | undefined {
    const columns = this.header?.columns
    return this.#collect(path, () => {
      const aggregate = parseAggregate(text, { origin: 'config', ...(columns === undefined ? {} : { columns }) })
      if (aggregate.value !== undefined) this.expressions.push(aggregate.value)
      return aggregate
    })
  }

  /** Reports names that are no columns of the input, as far as these are known. */
  columns(names: string | readonly string[], member: string, columnOf: (name: string) => string = name => name): readonly string[] {
    const known = this.header?.columns
    const list = typeof names === 'string' ? [names] : names
    for (const [i, name] of list.entries()) {
      const column = columnOf(name)
      if (known === undefined || known.includes(column)) continue
      const path = typeof names === 'string' ? [member] : [member, i]
      this.report(path, name, `there is no column '${column}'${didYouMean(column, known)}`)
    }
    return list
  }

  #collect<T>(path: StepError['path'], compile: () => T): T | undefined {
    try {
      return compile()
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      this.errors.push({ path, offset: error.start, end: error.end, message: error.message })
      return undefined
    }
  }
}

function built(operator: Operator, header: Header | undefined): BuiltStep {
  return { operator, ...(header === undefined ? {} : { header }) }
}

function buildWhere(options: WhereOptions, context: StepContext): BuiltStep {
  const condition = context.expression(options, [], true)
  return built(where(condition ?? (() => false)), context.header)
}

function newColumns(options: ReadonlyMap<string, string>, context: StepContext): NewColumns {
  const entries = [...options].map(([name, text]) => [name, context.expression(text, [name], false) ?? (() => null)] as const)
  return new Map(entries)
}

function buildSelect(options: SelectOptions, context: StepContext): BuiltStep {
  const key = context.header?.key
  const header = key === undefined ? undefined : { key, columns: grownColumns([key], [...options.keys()]) }
  return built(select(newColumns(options, context)), header)
}

function buildDerive(options: DeriveOptions, context: StepContext): BuiltStep {
  const before = context.header
  const header = before === undefined ? undefined : { key: before.key, columns: grownColumns(before.columns, [...options.keys()]) }
  return built(derive(newColumns(options, context)), header)
}

function buildTop(options: TopOptions, context: StepContext): BuiltStep {
  const by = context.columns(options.by, 'by', name => parseOrderTerm(name).column).map(parseOrderTerm)
  const per = options.per === undefined ? [] : context.columns(options.per, 'per')
  return built(top({ by, limit: options.limit, per }), context.header)
}

function buildGroup(options: GroupOptions, context: StepContext): BuiltStep {
  const by = context.columns(options.by ?? [], 'by')
  const key = groupKeyColumn(by)
  const taken = new Set([key, ...by])
  const columns = new Map<string, Aggregate>()
  for (const [name, text] of options.columns) {
    if (taken.has(name)) context.report(['columns', name], text, `'${name}' names the group; give the aggregate another name`)
    const aggregate = context.aggregate(text, ['columns', name])
    if (aggregate !== undefined) columns.set(name, aggregate)
  }
  const header = { key, columns: [...taken, ...options.columns.keys()] }
  const having = options.having === undefined ? undefined : context.expression(options.having, ['having'], true, header.columns)
  const { maxGroups = defaultMaxGroups } = options
  return built(group({ by, columns, maxGroups, ...(having === undefined ? {} : { having }) }), header)
}

interface StepDefinition<Schema extends z.ZodType> {
  readonly options: Schema
  /** Reports to the context what is wrong; what it returns is then of no use. */
  build(options: z.output<Schema>, context: StepContext): BuiltStep
}

function define<Schema extends z.ZodType>(options: Schema, build: StepDefinition<Schema>['build']): StepDefinition<Schema> {
  return { options, build }
}

/** Every step of a feed's pipeline, by its name in a config. */
export const steps = {
  where: define(whereOptions, buildWhere),
  select: define(selectOptions, buildSelect),
  derive: define(deriveOptions, buildDerive),
  top: define(topOptions, buildTop),
  group: define(groupOptions, buildGroup),
} as const

export type StepKind = keyof typeof steps

/** A step with its options, as the schema gives them. */
export type Step = {
  readonly [Kind in StepKind]: { readonly kind: Kind; readonly options: z.output<(typeof steps)[Kind]['options']> }
}[StepKind]

function buildStep(step: Step, context: StepContext): BuiltStep {
  switch (step.kind) {
    case 'where':
      return steps.where.build(step.options, context)
    case 'select':
      return steps.select.build(step.options, context)
    case 'derive':
      return steps.derive.build(step.options, context)
    case 'top':
      return steps.top.build(step.options, context)
    case 'group':
      return steps.group.build(step.options, context)
    default:
      return step satisfies never
  }
}

export interface BuiltSteps {
  /** All steps, one after the other; of use only without errors. */
  readonly operator: Operator
  /** What is wrong, in the order of the steps; a path begins with the place and the name of the step. */
  readonly errors: readonly StepError[]
  readonly expressions: readonly Expression[]
}

/** Builds a feed's steps. `header` is the input's, where it is known and cannot grow: then a column that is not there is an error. */
export function buildSteps(list: readonly Step[], header?: Header): BuiltSteps {
  const operators: Operator[] = []
  const errors: StepError[] = []
  const expressions: Expression[] = []
  let known = header
  for (const [i, step] of list.entries()) {
    const context = new StepContext(known)
    const { operator, header: after } = buildStep(step, context)
    operators.push(operator)
    expressions.push(...context.expressions)
    errors.push(...context.errors.map(error => ({ ...error, path: [i, step.kind, ...error.path] })))
    known = after
  }
  return { operator: input => operators.reduce((samples, operator) => samples.pipe(operator), input), errors, expressions }
}
