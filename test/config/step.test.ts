import { NEVER } from 'rxjs'
import { expect, test } from 'vitest'
import { configOf, type ConfigResult } from '../../src/config/load.ts'
import { buildStep } from '../../src/operator/step.ts'
import { StepError } from '../../src/operator/step-expression.ts'
import { ManualClock } from '../support/manual-clock.ts'

const deps = { clock: new ManualClock(), handOver: { isOn: false, done: NEVER }, input: () => NEVER }

/** What the config and the operators say of the same steps. */
function verdicts(steps: readonly object[]): { readonly config: string; readonly operators: string } {
  const result = configOf({ sources: { a: 'http://x' }, feeds: { f: { from: 'a', steps } } })
  return { config: said(result), operators: result.ok ? built(result) : '' }
}

function said(result: ConfigResult): string {
  return result.ok ? 'sound' : result.problems.map(problem => problem.message).join('; ')
}

function built(result: ConfigResult & { readonly ok: true }): string {
  try {
    for (const step of result.config.feeds[0]?.steps ?? []) buildStep(step, deps)
    return 'sound'
  } catch (error) {
    if (error instanceof StepError) return error.message
    throw error
  }
}

test.each([
  [{ where: 'n > 1 && region in ["a", "b"]' }],
  [{ where: 'true' }],
  [{ where: '"text"' }],
  [{ where: 'n +' }],
  [{ where: 'size(n)' }],
  [{ where: 'nosuch(n)' }],
  [{ where: '1 + "a"' }],
  [{ select: { a: 'n', __proto__: 'b', '': 'c' } }],
  [{ select: { a: 'n.b.c' } }],
  [{ select: ['a', 'in', 'a "b"', '__proto__', 'key'] }],
  [{ select: [] }],
  [{ derive: { a: 'has(n.b) ? n.b : null' } }],
  [{ derive: { a: 'x ? 1 : ' } }],
  [{ top: { by: ['-a', 'b'], limit: 1 } }],
  [{ top: { by: '-', limit: 1 } }],
  [{ top: { by: 'a', limit: 0 } }],
  [{ group: { columns: { n: 'count()' } } }],
  [{ group: { by: 'r', columns: { n: 'count()', s: 'sum(n * 2)', m: 'max(n)', l: 'min(n)', a: 'avg(n)' }, having: 'n > 1 && r != "x"' } }],
  [{ group: { by: ['r', 's'], columns: { n: 'count(x)' }, having: 'n > 1' } }],
  [{ group: { by: 'r', columns: { r: 'count()' } } }],
  [{ group: { by: ['r', 's'], columns: { '#': 'count()' } } }],
  [{ group: { by: 'r', columns: { n: 'sum()' } } }],
  [{ group: { by: 'r', columns: { n: 'sum(a, b)' } } }],
  [{ group: { by: 'r', columns: { n: 'sum(a) + 1' } } }],
  [{ group: { by: 'r', columns: { n: 'total(a)' } } }],
  [{ group: { by: 'r', columns: { n: 'sum(a' } } }],
  [{ group: { by: 'r', columns: {} } }],
  [{ group: { columns: { a: 'quantile(n, 0.9)', b: 'p999(n * 2)', c: 'stddev(n)', d: 'first(n)', e: 'last(n)', f: 'distinct(r)' } } }],
  [{ group: { columns: { a: 'quantile(n)' } } }],
  [{ group: { columns: { a: 'quantile(n, 90)' } } }],
  [{ group: { columns: { a: 'quantile(n, m)' } } }],
  [{ group: { columns: { a: 'quantile(n, 0.5, 1)' } } }],
  [{ group: { columns: { a: 'p50(n, 1)' } } }],
  [{ rate: { over: '1m', columns: { a: 'n', b: 'double(s)' } } }],
  [{ rate: { columns: { a: 'n' } } }],
  [{ rate: { over: '1m', columns: { a: 'n +' } } }],
  [{ rate: { over: 60, columns: { a: 'n' } } }],
  [{ window: { size: '5m', slide: '10s', columns: { a: 'avg(n)', b: 'quantile(n, 0.9)' } } }],
  [{ window: { size: '5m', columns: { a: 'avg(n)' }, time: 'timestamp(at)', lateness: '1m', maxGroups: 5 } }],
  [{ window: { size: '5m', slide: '7s', columns: { a: 'avg(n)' } } }],
  [{ window: { size: '5m', slide: '10ms', columns: { a: 'avg(n)' } } }],
  [{ window: { size: '5m', lateness: '10s', columns: { a: 'avg(n)' } } }],
  [{ window: { size: '5m', slide: '1m', time: 'at', lateness: '10s', columns: { a: 'avg(n)' } } }],
  [{ window: { size: '5m', columns: { final: 'avg(n)' } } }],
  [{ window: { size: '5m', columns: { a: 'n' } } }],
  [{ window: { size: '5m', columns: { a: 'avg(n)' }, time: 'at +' } }],
  [{ series: { keep: '10m', columns: { a: 'n' } } }],
  [{ series: { keep: 500, columns: { a: 'n' }, maxPoints: 5 } }],
  [{ series: { keep: 0, columns: { a: 'n' } } }],
  [{ series: { keep: '10', columns: { a: 'n' } } }],
  [{ series: { keep: 5, columns: { time: 'n' } } }],
  [{ events: { keep: 500, columns: ['a', 'b'] } }],
  [{ events: { keep: 500, columns: 'a' } }],
  [{ events: {} }],
  [{ keep: 500 }],
  [{ keep: '10m' }],
  [{ keep: '10 minutes' }],
  [{ keep: { rows: 5 } }],
  [{ fill: { columns: { a: 'last', b: 0, c: false }, maxAge: '1m' } }],
  [{ fill: { columns: { a: 'lost' } } }],
  [{ distinct: { by: ['a', 'b'] } }],
  [{ distinct: { by: [] } }],
  [{ alert: { when: 'n < 50' } }],
  [{ join: { with: 'a', columns: { t: 'right.title' } } }],
  [{ join: { with: 'a', on: 'n', key: 'm', kind: 'left', columns: { t: 'right.title' } } }],
  [{ join: { columns: { t: 'right.title' } } }],
  [{ join: { with: 'a' } }],
  [{ join: { with: 'a', kind: 'outer', columns: {} } }],
  [{ join: { with: 'a', on: 'n +', columns: { t: 'n' } } }],
  [{ join: { with: 'a', key: 'n +', columns: { t: 'n' } } }],
  [{ alert: { when: 'n < 50', for: '1m', resolve: 'n > 80', keepFiringFor: '5m', onMissing: 'fire', severity: 'page', text: '{{n}}' } }],
  [{ alert: { for: '1m' } }],
  [{ alert: { when: 'size(n)' } }],
  [{ alert: { when: 'n < 50', resolve: '"x"' } }],
  [{ alert: { when: 'n < 50', onMissing: 'ignore' } }],
  [{ alert: { when: 'n < 50', text: '{{n' } }],
  [{ alert: { when: 'n < 50', text: '{{siz(n)}}' } }],
  [{ change: { over: '10m', columns: { a: 'n' }, maxPoints: 5 } }],
  [{ change: { columns: { a: 'n' } } }],
  [{ change: { columns: { a: 'siz(n)' } } }],
])('what the config finds sound the operators can build: %j', step => {
  const { config, operators } = verdicts([step])
  expect([config === 'sound', operators]).toEqual([config === 'sound', config === 'sound' ? 'sound' : ''])
})

test('what the operators refuse the config refuses in the same words', () => {
  const options = { by: 'r', columns: new Map([['r', 'count()']]) }
  expect(() => buildStep({ kind: 'group', options }, deps)).toThrow("'r' names the group; give the aggregate another name")
  expect(verdicts([{ group: { by: 'r', columns: { r: 'count()' } } }]).config).toBe("'r' names the group; give the aggregate another name")
})

/** What is said of a step that follows a group by `r` with the columns `n` and `s`. */
function saidAfterGroup(...steps: readonly object[]): string {
  return verdicts([{ group: { by: 'r', columns: { n: 'count()', s: 'sum(x)' } } }, ...steps]).config
}

test.each<[object[], string]>([
  [[{ rate: { over: '1m', columns: { a: 'm' } } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ rate: { over: '1m', columns: { a: 'n' } } }, { where: 'a > 1 && s > 1 && b > 1' }], "there is no column 'b'; did you mean 'r'?"],
  [[{ change: { columns: { a: 'n' } } }, { where: 'a > 1 && r == "x"' }], 'sound'],
  [[{ window: { size: '1m', columns: { a: 'avg(m)' } } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ window: { size: '1m', columns: { a: 'avg(n)' } } }, { where: 'final && a > 1' }], 'sound'],
  [[{ window: { size: '1m', slide: '1s', columns: { a: 'avg(n)' } } }, { where: 'final' }], "there is no column 'final'; there are: r, a"],
  [[{ window: { size: '1m', columns: { a: 'avg(n)' } } }, { where: 's > 1' }], "there is no column 's'; did you mean 'r'?"],
  [[{ series: { keep: 9, columns: { a: 'm' } } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ events: { keep: 9, columns: ['n', 'm'] } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ events: { keep: 9 } }, { where: 'change == "left" && seq > 1 && n > 1' }], 'sound'],
  [[{ fill: { columns: { n: 0 } } }, { where: 'n == 0' }], 'sound'],
  [[{ fill: { columns: { z: 0 } } }], "there is no column 'z'; did you mean 'r'?"],
  [[{ distinct: { by: 'm' } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ alert: { when: 'm > 1' } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ alert: { when: 'n > 1', text: '{{m}}' } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ alert: { when: 'n > 1' } }, { where: 'state == "firing" && n > 5' }], 'sound'],
  [[{ join: { with: 'a', columns: { t: 'right.title' } } }, { where: 't == "x" && n > 1' }], 'sound'],
  [[{ join: { with: 'a', on: 'm', columns: { t: 'right.title' } } }], "there is no column 'm'; did you mean 'r'?"],
  [[{ join: { with: 'a', key: 'm', columns: { t: 'rigth.title' } } }], "there is no column 'rigth'; did you mean 'right'?"],
  [[{ keep: 9 }, { where: 'n > 1' }], 'sound'],
  [[{ select: ['n', 's'] }, { where: 'n > s && r == "x"' }], 'sound'],
  [[{ select: ['n', 'm'] }], "there is no column 'm'; did you mean 'r'?"],
  [[{ select: ['n'] }, { where: 's > 1' }], "there is no column 's'; did you mean 'r'?"],
])('columns are known through %j: %s', (steps, expected) => {
  expect(saidAfterGroup(...steps)).toBe(expected)
})

test('a distinct that is no map is told how it is written', () => {
  const wanted = 'expected a map of the columns that are to differ, such as {by: [venue]}'
  expect(verdicts([{ distinct: 'v' }]).config).toBe(`${wanted}; found "v"`)
  expect(verdicts([{ distinct: ['v', 'w'] }]).config).toBe(`${wanted}; found a list`)
  expect(verdicts([{ distinct: { on: 'v' } }]).config).not.toContain(wanted)
})
