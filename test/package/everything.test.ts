import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { runCase } from '../../src/cli/test/run-case.ts'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { configSchema } from '../../src/config/resolve.ts'
import { sinkSchemas } from '../../src/config/sink-section.ts'
import { stepSchemas } from '../../src/config/step.ts'
import { tileKinds } from '../../src/model/board.ts'
import { aggregateNames } from '../../src/operator/group.options.ts'
import { isValid } from '../support/json-schema.ts'

const file = fileURLToPath(new URL('../../examples/everything.yaml', import.meta.url))
const text = readFileSync(file, 'utf8')
const secret = 'a-secret-of-enough-characters'
const env = Object.fromEntries(['WALLBOARD_TOKEN', 'OPS_TOKEN', 'MARKET_TOKEN', 'HOOK_SECRET'].map(name => [name, `${secret}-${name}`]))

function config() {
  const loaded = loadConfig(file, { env })
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  expect(loaded.warnings).toEqual([])
  return loaded.config
}

test('the config that has everything is good, and of the schema', () => {
  expect(config().sources.length).toBeGreaterThan(5)
  expect(isValid(jsonSchema(), parse(text))).toBe(true)
})

test('it has every section, kind of source, step, aggregate, sink and tile', () => {
  const { sources, feeds, boards } = config()
  expect(Object.keys(parse(text) as object).toSorted()).toEqual(Object.keys(configSchema.shape).toSorted())
  expect(new Set(sources.map(({ kind }) => kind))).toEqual(new Set(['http', 'webSocket', 'system', 'file', 'exec']))
  expect(new Set(feeds.flatMap(({ steps }) => steps.map(({ kind }) => kind)))).toEqual(new Set(Object.keys(stepSchemas)))
  expect(new Set(feeds.flatMap(({ sinks }) => sinks.map(({ kind }) => kind)))).toEqual(new Set(['log', ...Object.keys(sinkSchemas)]))
  expect(new Set(boards.flatMap(({ tiles }) => tiles.map(({ show }) => show)))).toEqual(new Set(tileKinds))
  // p90 and its like are p50 once more.
  for (const name of aggregateNames.filter(called => !called.startsWith('p9'))) expect(text).toContain(`: ${name}(`)
  expect(feeds.some(({ metrics }) => metrics.length > 0)).toBe(true)
})

test('its tests hold', async () => {
  const { tests, ...others } = config()
  expect(tests.length).toBeGreaterThan(0)
  for (const one of tests) expect(await runCase({ ...others, tests }, one)).toEqual([])
})
