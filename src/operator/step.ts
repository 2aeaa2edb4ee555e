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
  /** The place and name of the step, then where in its options. */
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

export interface BuiltSteps {
  /** All steps, one after the other. */
  readonly operator: Operator
  /** What they evaluate, with the misses so far. */
  readonly expressions: readonly Expression[]
}

/** Compiles the expressions of steps and keeps them, so that their misses can be shown. */
class StepBuilder {
  readonly expressions: Expression[] = []
  readonly #step: Path

  constructor(index: number, kind: Step['kind']) {
    this.#step = [index, kind]
  }

  build(step: Step): Operator {
    switch (step.kind) {
      case 'where':
        return where(this.#expression(step.options, [], true))
      case 'select':
        return select(this.#columns(step.options))
      case 'derive':
        return derive(this.#columns(step.options))
      case 'top': {
        const { by, limit, per } = step.options
        return top({ by: listOf(by).map(parseOrderTerm), limit, per: listOf(per) })
      }
      case 'group':
        return this.#group(step.options)
      default:
        return step satisfies never
    }
  }

  #group({ columns, having, maxGroups = defaultMaxGroups, ...options }: GroupOptions): Operator {
    const by = listOf(options.by)
    const own = new Set([groupKeyColumn(by), ...by])
    const aggregates = new Map<string, Aggregate>()
    for (const [name, text] of columns) {
      const path = [...this.#step, 'columns', name]
      if (own.has(name)) throw new StepError(path, `'${name}' names the group; give the aggregate another name`, 0, text.length)
      aggregates.set(name, this.#aggregate(text, path))
    }
    const condition = having === undefined ? {} : { having: this.#expression(having, ['having'], true) }
    return group({ by, columns: aggregates, maxGroups, ...condition })
  }

  #columns(options: ReadonlyMap<string, string>): NewColumns {
    return new Map([...options].map(([name, text]) => [name, this.#expression(text, [name], false)]))
  }

  #expression(text: string, path: Path, condition: boolean): Expression {
    const compiled = located([...this.#step, ...path], () => compileExpression(text, { origin: 'config', condition }))
    this.expressions.push(compiled)
    return compiled
  }

  #aggregate(text: string, path: Path): Aggregate {
    const compiled = located(path, () => parseAggregate(text, { origin: 'config' }))
    if (compiled.value !== undefined) this.expressions.push(compiled.value)
    return compiled
  }
}

function located<T>(path: Path, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw error instanceof ExpressionError ? new StepError(path, error.message, error.start, error.end) : error
  }
}

function listOf(columns: string | readonly string[] = []): readonly string[] {
  return typeof columns === 'string' ? [columns] : columns
}

/**
 * The operators of a feed's steps. Each subscription has a state of its own.
 * @throws StepError at the first step that cannot be built; the config has judged them all before.
 */
export function buildSteps(steps: readonly Step[]): BuiltSteps {
  const expressions: Expression[] = []
  const operators = steps.map((step, index) => {
    const builder = new StepBuilder(index, step.kind)
    const operator = builder.build(step)
    expressions.push(...builder.expressions)
    return operator
  })
  return { operator: input => operators.reduce((samples, operator) => samples.pipe(operator), input), expressions }
}

/** The operator of one step. @throws StepError, whose path begins with place 0. */
export function buildStep(step: Step): Operator {
  return buildSteps([step]).operator
}
