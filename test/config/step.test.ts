import { expect, test } from 'vitest'
import { configOf, type ConfigResult } from '../../src/config/load.ts'
import { buildStep, StepError } from '../../src/operator/step.ts'

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
    for (const step of result.config.feeds[0]?.steps ?? []) buildStep(step)
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
])('what the config finds sound the operators can build: %j', step => {
  const { config, operators } = verdicts([step])
  expect([config === 'sound', operators]).toEqual([config === 'sound', config === 'sound' ? 'sound' : ''])
})

test('what the operators refuse the config refuses in the same words', () => {
  const options = { by: 'r', columns: new Map([['r', 'count()']]) }
  expect(() => buildStep({ kind: 'group', options })).toThrow("'r' names the group; give the aggregate another name")
  expect(verdicts([{ group: { by: 'r', columns: { r: 'count()' } } }]).config).toBe("'r' names the group; give the aggregate another name")
})
