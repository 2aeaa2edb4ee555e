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

/** The steps of a feed; undefined where something is wrong, which has been reported. */
export function stepConfigs(judge: Judge, written: unknown, path: Path): readonly StepConfig[] | undefined {
  if (written === undefined) return []
  if (!Array.isArray(written)) {
    judge.report({ path, at: 'value', expected: 'a list of steps, each `- name: options`' })
    return undefined
  }
  const steps: (StepConfig | undefined)[] = []
  let columns: Columns = {}
  for (const [index, item] of written.entries()) {
    const step = stepConfig(judge, item, [...path, index], columns)
    steps.push(step)
    columns = step === undefined ? {} : columnsAfter(step, columns)
  }
  return steps.every(step => step !== undefined) ? steps : undefined
}

function stepConfig(judge: Judge, item: unknown, path: Path, columns: Columns): StepConfig | undefined {
  const names = isRecord(item) ? Object.keys(item) : []
  const [kind] = names
  if (!isRecord(item) || kind === undefined || names.length > 1) {
    const hint = names.length > 1 ? { hint: `one step each: put \`- \` before \`${names[1]}\`, or indent it if it is an option` } : {}
    judge.report({
      path,
      at: 'value',
      expected: `one step: ${stepNames.join(', ')}`,
      found: names.length > 1 ? names.join(' and ') : judge.tree.found(path),
      ...hint,
    })
    return undefined
  }
  if (!isStepKind(kind)) {
    const best = suggest(kind, stepNames)
    const hint = best === undefined ? `known steps: ${stepNames.join(', ')}` : `did you mean \`${best}\`?`
    judge.report({ path: [...path, kind], at: 'name', message: `unknown step \`${kind}\``, hint })
    return undefined
  }
  return soundStep(judge, kind, item[kind], [...path, kind], columns)
}

function isStepKind(name: string): name is StepKind {
  return Object.hasOwn(stepSchemas, name)
}

function soundStep(judge: Judge, kind: StepKind, written: unknown, path: Path, columns: Columns): StepConfig | undefined {
  const options: unknown = judge.check(stepSchemas[kind], written, path)
  if (options === undefined) return undefined
  const step = { kind, options } as StepConfig
  return checkStep(judge, step, path, columns) ? step : undefined
}

/** Compiles every expression of a step and looks its columns up, as far as these are known. */
function checkStep(judge: Judge, step: StepConfig, path: Path, before: Columns): boolean {
  const columns = before.names
  if (step.kind === 'where') return checkExpression(judge, step.options, path, { condition: true, columns })
  if (step.kind === 'group') return checkGroup(judge, step.options, path, before)
  if (step.kind === 'top') return all(['by', 'per'] as const, key => checkColumns(judge, step.options[key], [...path, key], columns))
  return all(step.options, ([name, text]) => checkExpression(judge, text, [...path, name], { columns }))
}

function checkGroup(judge: Judge, group: GroupOptions, path: Path, before: Columns): boolean {
  const by = checkColumns(judge, group.by, [...path, 'by'], before.names)
  const aggregates = all(group.columns, ([name, text]) => checkAggregate(judge, text, [...path, 'columns', name], before.names))
  if (group.having === undefined) return by && aggregates
  const columns = columnsAfter({ kind: 'group', options: group }, before).names
  return checkExpression(judge, group.having, [...path, 'having'], { condition: true, columns }) && by && aggregates
}

/** Whether all hold; each is asked, so that each is reported. */
function all<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  return [...items].map(holds).every(Boolean)
}

function checkColumns(
  judge: Judge,
  written: string | readonly string[] | undefined,
  path: Path,
  names: readonly string[] | undefined,
): boolean {
  if (written === undefined || names === undefined) return true
  const isOne = typeof written === 'string'
  return all((isOne ? [written] : written).entries(), ([index, term]) => {
    const column = names.includes(term) ? term : parseOrderTerm(term).column
    if (names.includes(column)) return true
    judge.report({
      path: isOne ? path : [...path, index],
      at: 'value',
      message: `there is no column '${column}' here${didYouMean(column, names)}`,
    })
    return false
  })
}

/** The columns that a step leaves. */
function columnsAfter(step: StepConfig, before: Columns): Columns {
  const { names, key } = before
  if (step.kind === 'select') return key === undefined ? {} : { names: [key, ...step.options.keys()], key }
  if (step.kind === 'derive') return names === undefined ? before : { ...before, names: [...names, ...step.options.keys()] }
  return step.kind === 'group' ? columnsOfGroups(step.options) : before
}

function columnsOfGroups({ by = [], columns }: GroupOptions): Columns {
  const names = [by].flat()
  const [only] = names
  const key = names.length === 1 && only !== undefined ? only : composedKeyColumn
  return { names: [...new Set([key, ...names, ...columns.keys()])], key }
}
