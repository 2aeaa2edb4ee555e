import { didYouMean } from '../lib/suggest.ts'
import { isRecord, valueAt, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { testSchema, type TestConfig, type TestStep } from './test.options.ts'

const defaultStartMs = Date.UTC(2026, 0, 1)

/** `tests`; what is wrong with a case has been reported, and it is left out. */
export function testConfigs(judge: Judge): readonly TestConfig[] {
  const written = valueAt(judge.tree.value, ['tests']) ?? {}
  if (!isRecord(written)) {
    judge.report({ path: ['tests'], at: 'value', expected: 'a map: the name of each test and its steps' })
    return []
  }
  const keys = (section: string): string[] => Object.keys(valueAt(judge.tree.value, [section]) ?? {})
  const sources = keys('sources')
  const feeds = [...sources, ...keys('feeds')]
  return Object.entries(written).flatMap(([name, value]) => {
    const path = ['tests', name]
    const test = judge.check(testSchema, value, path)
    if (test === undefined) return []
    for (const [index, step] of test.steps.entries()) checkNames(judge, step, [...path, 'steps', index], { sources, feeds })
    return [{ name, startMs: test.start === undefined ? defaultStartMs : Date.parse(test.start), steps: test.steps }]
  })
}

interface Known {
  readonly sources: readonly string[]
  readonly feeds: readonly string[]
}

function checkNames(judge: Judge, { answer, fail, expect, changes, state }: TestStep, path: Path, { sources, feeds }: Known): void {
  const check = (kind: string, name: string, known: readonly string[], what: string, at: Path, on: 'name' | 'value'): void => {
    if (!known.includes(name))
      judge.report({ path: [...path, kind, ...at], at: on, message: `there is no ${what} '${name}'${didYouMean(name, known)}` })
  }
  for (const name of answer?.keys() ?? []) check('answer', name, sources, 'source', [name], 'name')
  if (typeof fail === 'string') check('fail', fail, sources, 'source', [], 'value')
  else for (const [index, name] of (fail ?? []).entries()) check('fail', name, sources, 'source', [index], 'value')
  for (const [kind, named] of [
    ['expect', expect],
    ['changes', changes],
    ['state', state],
  ] as const)
    for (const name of named?.keys() ?? []) check(kind, name, feeds, 'feed', [name], 'name')
}
