import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { printProblems } from '../../src/config/problem.ts'
import { parse } from '../support/config.ts'
import { tableRows } from '../support/protocol-document.ts'

const document = readFileSync(new URL('../../docs/auth.md', import.meta.url), 'utf8')

test('the config of docs/auth.md is taken, without a warning', () => {
  const [, yaml = ''] = /^```yaml\n(.*?)^```$/ms.exec(document) ?? []
  const env = { WALLBOARD_TOKEN: 'token-of-the-wallboard', OPS_TOKEN: 'token-of-the-operators' }
  const result = parse(yaml, { env, files: { '/run/secrets/prometheus': 'token-of-prometheus\n' } })
  expect(result.ok ? result.warnings : printProblems(result.problems)).toEqual([])
})

test('its keys and defaults are those in force', () => {
  type Keys = Record<string, { readonly default?: unknown }>
  const { anyOf } = (
    jsonSchema()['properties'] as { auth: { anyOf: [unknown, { properties: Keys & { tokens: { items: { properties: Keys } } } }] } }
  ).auth
  const { tokens, ...others } = anyOf[1].properties
  const keys: Keys = {
    ...tokens.items.properties,
    ...Object.fromEntries(Object.entries(others).map(([key, value]) => [`auth.${key}`, value])),
  }
  const shown = tableRows(document).map(([key = '', value = '']) => [key, value].map(text => text.replaceAll('`', '')))
  const known = Object.entries(keys).map(([key, { default: value }]) => [
    key,
    typeof value === 'string' || typeof value === 'boolean' ? `${value}` : Array.isArray(value) ? "['*']" : '',
  ])
  expect(shown.map(([key, value]) => [key, value === 'never' ? '' : value])).toEqual(known)
})
