import type { z } from 'zod'
import { deriveOptions } from '../operator/derive.options.ts'
import { groupOptions, type GroupOptions } from '../operator/group.options.ts'
import { selectOptions } from '../operator/select.options.ts'
import { topOptions } from '../operator/top.options.ts'
import { whereOptions } from '../operator/where.options.ts'
import { didYouMean, suggest } from '../lib/suggest.ts'
import { composedKeyColumn } from '../model/key.ts'
import { parseOrderTerm } from '../model/order.ts'
import type { StepConfig, StepKind } from './config.ts'
import { checkAggregate, checkExpression } from './expression-check.ts'
import { isRecord, type Path } from './finding.ts'
import type { Judge } from './judge.ts'

/** The options of each step, by its name. A new operator is one line here, one in `StepConfig` and one in `columnsAfter`. */
export const stepSchemas = {
  where: whereOptions,
  select: selectOptions,
  derive: deriveOptions,
  top: topOptions,
  group: groupOptions,
} as const satisfies Readonly<Record<StepKind, z.ZodType>>

const stepNames = Object.keys(stepSchemas) as readonly StepKind[]

/** The columns at a place of a pipeline, as far as they are known without data. */
export interface Columns {
  readonly names?: readonly string[]
  readonly key?: string
}

/** The steps of a feed. What is wrong with them is reported; of a step that is none nothing is returned. */
export function stepConfigs(judge: Judge, written: unknown, path: Path): readonly StepConfig[] {
  if (written === undefined || written === null) return []
  if (!Array.isArray(written)) {
    judge.report({ path, at: 'value', expected: 'a list of steps, each `- name: options`' })
    return []
  }
  const steps: StepConfig[] = []
  let columns: Columns = {}
  for (const [index, item] of written.entries()) {
    const step = stepConfig(judge, item, [...path, index])
    if (step !== undefined) {
      checkStep(judge, step, [...path, index, step.kind], columns)
      steps.push(step)
    }
    columns = step === undefined ? {} : columnsAfter(step, columns)
  }
  return steps
}

function stepConfig(judge: Judge, item: unknown, path: Path): StepConfig | undefined {
  const names = isRecord(item) ? Object.keys(item) : []
  const [kind, second] = names
  if (!isRecord(item) || kind === undefined || second !== undefined) return reportNoStep(judge, path, names)
  if (!isStepKind(kind)) {
    const best = suggest(kind, stepNames)
    const hint = best === undefined ? `known steps: ${stepNames.join(', ')}` : `did you mean \`${best}\`?`
    judge.report({ path: [...path, kind], at: 'name', message: `unknown step \`${kind}\``, hint })
    return undefined
  }
  const options: unknown = judge.check(stepSchemas[kind], item[kind], [...path, kind])
  return options === undefined ? undefined : ({ kind, options } as StepConfig)
}

function reportNoStep(judge: Judge, path: Path, names: readonly string[]): undefined {
  const expected = `one step: ${stepNames.join(', ')}`
  const [, second] = names
  const hint = `one step each: put \`- \` before \`${second}\`, or indent it if it is an option`
  if (second === undefined) judge.report({ path, at: 'value', expected })
  else judge.report({ path, at: 'value', expected, found: names.join(' and '), hint })
}

function isStepKind(name: string): name is StepKind {
  return Object.hasOwn(stepSchemas, name)
}

/** Compiles every expression of a step and looks its columns up, as far as these are known. */
function checkStep(judge: Judge, step: StepConfig, path: Path, before: Columns): void {
  const columns = before.names
  if (step.kind === 'where') checkExpression(judge, step.options, path, { condition: true, columns })
  else if (step.kind === 'group') checkGroup(judge, step.options, path, before)
  else if (step.kind === 'top') {
    checkColumns(judge, step.options.by, [...path, 'by'], columns)
    checkColumns(judge, step.options.per, [...path, 'per'], columns)
  } else for (const [name, text] of step.options) checkExpression(judge, text, [...path, name], { columns })
}

function checkGroup(judge: Judge, group: GroupOptions, path: Path, before: Columns): void {
  const own = groupColumns(group)
  checkColumns(judge, group.by, [...path, 'by'], before.names)
  for (const [name, text] of group.columns) {
    const column = [...path, 'columns', name]
    if (own.includes(name))
      judge.report({ path: column, at: 'name', message: `'${name}' names the group; give the aggregate another name` })
    checkAggregate(judge, text, column, before.names)
  }
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
function columnsAfter(step: StepConfig, before: Columns): Columns {
  const { names, key } = before
  if (step.kind === 'select') return key === undefined ? {} : { names: [key, ...step.options.keys()], key }
  if (step.kind === 'derive') return names === undefined ? before : { ...before, names: [...names, ...step.options.keys()] }
  if (step.kind !== 'group') return before
  const own = groupColumns(step.options)
  return { names: [...own, ...step.options.columns.keys()], key: own[0] ?? composedKeyColumn }
}

/** The columns that name a group, the key first. */
function groupColumns({ by = [] }: GroupOptions): readonly string[] {
  const names = [by].flat()
  return [...new Set(names.length === 1 ? names : [composedKeyColumn, ...names])]
}
