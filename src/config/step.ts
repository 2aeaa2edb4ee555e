import type { z } from 'zod'
import { seriesOptions } from '../operator/series.options.ts'
import { eventsOptions } from '../operator/events.options.ts'
import { keepOptions } from '../operator/keep.options.ts'
import { fillOptions } from '../operator/fill.options.ts'
import { distinctOptions } from '../operator/distinct.options.ts'
import { alertOptions } from '../operator/alert.options.ts'
import { changeOptions } from '../operator/change.options.ts'
import { deriveOptions } from '../operator/derive.options.ts'
import { groupOptions } from '../operator/group.options.ts'
import { joinOptions } from '../operator/join.options.ts'
import { rateOptions } from '../operator/rate.options.ts'
import { selectOptions } from '../operator/select.options.ts'
import { topOptions } from '../operator/top.options.ts'
import { whereOptions } from '../operator/where.options.ts'
import { windowOptions } from '../operator/window.options.ts'
import { suggest } from '../lib/suggest.ts'
import type { Step } from '../operator/step.options.ts'
import type { StepKind } from './config.ts'
import { isRecord, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkStep, columnsAfter, type Columns, type ColumnsOf } from './step-columns.ts'

/** Those that a file can say. */
type WrittenKind = Exclude<StepKind, 'rxjs'>

/** The options of each step, by its name. A new operator is one line here, one in `Step` and one in `step-columns.ts`. */
export const stepSchemas = {
  where: whereOptions,
  select: selectOptions,
  derive: deriveOptions,
  top: topOptions,
  group: groupOptions,
  rate: rateOptions,
  change: changeOptions,
  window: windowOptions,
  series: seriesOptions,
  events: eventsOptions,
  keep: keepOptions,
  fill: fillOptions,
  distinct: distinctOptions,
  alert: alertOptions,
  join: joinOptions,
} as const satisfies Readonly<Record<WrittenKind, z.ZodType>>

const stepNames = Object.keys(stepSchemas) as readonly WrittenKind[]

/**
 * The steps of a feed, and the columns that they leave of those they begin with. What is wrong with them is reported; of a step that is
 * none nothing is returned.
 */
export function stepConfigs(
  judge: Judge,
  written: unknown,
  path: Path,
  before: Columns,
  columnsOf: ColumnsOf,
): { readonly steps: readonly Step[]; readonly columns: Columns } {
  if (written === undefined || written === null) return { steps: [], columns: before }
  if (!Array.isArray(written)) {
    judge.report({ path, at: 'value', expected: 'a list of steps, each `- name: options`' })
    return { steps: [], columns: {} }
  }
  const steps: Step[] = []
  let columns = before
  for (const [index, item] of written.entries()) {
    const step = stepConfig(judge, item, [...path, index])
    if (step !== undefined) {
      checkStep(judge, step, [...path, index, step.kind], columns, columnsOf)
      steps.push(step)
    }
    columns = step === undefined ? {} : columnsAfter(step, columns)
  }
  return { steps, columns }
}

function stepConfig(judge: Judge, item: unknown, path: Path): Step | undefined {
  // An operator of RxJS, which only TypeScript has.
  if (typeof item === 'function') return { kind: 'rxjs', options: item as (samples: never) => unknown }
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
  return options === undefined ? undefined : ({ kind, options } as Step)
}

function reportNoStep(judge: Judge, path: Path, names: readonly string[]): undefined {
  const expected = `one step: ${stepNames.join(', ')}`
  const [, second] = names
  const hint = `one step each: put \`- \` before \`${second}\`, or indent it if it is an option`
  if (second === undefined) judge.report({ path, at: 'value', expected })
  else judge.report({ path, at: 'value', expected, found: names.join(' and '), hint })
}

function isStepKind(name: string): name is WrittenKind {
  return Object.hasOwn(stepSchemas, name)
}
