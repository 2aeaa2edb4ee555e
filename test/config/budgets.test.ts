import { expect, test } from 'vitest'
import { good, said } from '../support/config.ts'

test('a budget in code units; a source names one, by itself or by the defaults', () => {
  const config = good(`
budgets:
  api: {rate: 90/1m, maxConcurrent: 2, spacing: 100ms}
  plain: {}
defaults: {budget: api}
sources:
  a: http://x
  b: {url: http://y, budget: plain}
  c: {system: cpu}
`)
  expect(config.budgets.get('api')).toEqual({ ratePerSecond: 1.5, maxConcurrent: 2, spacingMs: 100 })
  expect(config.budgets.get('plain')).toEqual({ maxConcurrent: 16 })
  expect(config.sources.map(({ name, budget }) => `${name} ${budget ?? ''}`)).toEqual(['a api', 'b plain', 'c api'])
})

test('a budget that is none: the name that was meant, where it is written, once', () => {
  expect(said('budgets: {github: {rate: 60/1m}}\nsources: {a: {url: http://x, budget: githb}}')).toEqual([
    '2:38 sources.a.budget: expected the name of one of `budgets`; found githb (did you mean `github`?)',
  ])
  expect(said('defaults: {budget: none}\nsources: {a: http://x, b: http://y}')).toEqual([
    '1:20 defaults.budget: expected the name of one of `budgets`; found none (say what it may: `budgets: {<name>: {rate: 60/1m}}`)',
  ])
})

test.each([
  ['{rate: 60}', 'budgets.api.rate: expected so many a time, such as 60/1m; found 60'],
  ['{rate: 60/min}', 'budgets.api.rate: expected so many a time, such as 60/1m; found 60/min'],
  ['{rate: 0/1m}', 'budgets.api.rate: expected so many a time, such as 60/1m; found 0/1m'],
  ['{rate: 1/0s}', 'budgets.api.rate: expected so many a time, such as 60/1m; found 1/0s'],
  ['{maxConcurrent: 0}', 'budgets.api.maxConcurrent: expected a whole number from 1 to 10000; found 0'],
  ['{spacng: 1s}', 'budgets.api.spacng: unknown key `spacng` (did you mean `spacing`?)'],
  ['3', 'budgets.api: '],
])('budgets: {api: %s}', (budget, problem) => {
  const problems = said(`budgets: {api: ${budget}}\nsources: {a: http://x}`)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})
