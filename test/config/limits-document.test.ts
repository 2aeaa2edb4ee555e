import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { limitsSchema } from '../../src/config/limits.options.ts'
import { budgetSchema } from '../../src/source/budget.options.ts'
import { httpKeys } from '../../src/source/http.options.ts'
import { sourceKeys } from '../../src/source/source.options.ts'
import { parse } from '../support/config.ts'

const text = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')

interface Documented {
  readonly value: string
  readonly canBeOff: boolean
}

/** The table below a heading that begins so: by key. */
function documented(heading: string): Record<string, Documented> {
  const section = text.split(/^## /m).find(part => part.startsWith(heading)) ?? ''
  const rows = [...section.matchAll(/^\| `(\w+)`( †)? \| (?:`([^`]*)`)? ?\|/gm)]
  return Object.fromEntries(rows.map(([, key = '', off, value = '']) => [key, { value, canBeOff: off !== undefined }]))
}

/** What is in force where nothing is written: by key. */
function inForce(section: string): Record<string, string> {
  const result = parse('budgets: {b: {}}\nsources: {a: http://x}')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const found = result.inForce().filter(({ path }) => path.startsWith(`${section}.`))
  return Object.fromEntries(found.map(({ path, value }) => [path.slice(section.length + 1), value]))
}

function defaults(documented: Record<string, Documented>): Record<string, string> {
  return Object.fromEntries(Object.entries(documented).flatMap(([key, { value }]) => (value === '' ? [] : [[key, value]])))
}

test.each(['server', 'limits'])('%s: every key stands in the document with its default', section => {
  expect(defaults(documented(`\`${section}\``))).toEqual(inForce(section))
})

test('† stands where a limit can be off, and nowhere else', () => {
  const off = Object.keys(limitsSchema.shape).filter(key => limitsSchema.safeParse({ [key]: 'off' }).success)
  const told = Object.entries(documented('`limits`')).flatMap(([key, { canBeOff }]) => (canBeOff ? [key] : []))
  expect(told).toEqual(off)
  expect(off.length).toBeGreaterThan(3)
})

test('every limit of a source stands there with its default', () => {
  const values = inForce('sources.a')
  const limits = Object.entries(values).filter(([key]) => key.startsWith('max') || key === 'timeout' || key === 'removeAfter')
  expect(defaults(documented('Sources'))).toEqual(Object.fromEntries(limits))
  const guards = Object.keys(documented('Sources')).filter(key => !Object.hasOwn(values, key))
  expect(guards).toEqual(Object.keys({ ...httpKeys, ...sourceKeys }).filter(key => guards.includes(key)))
})

test('every key of a budget stands there with its default', () => {
  expect(Object.keys(documented('`budgets`'))).toEqual(Object.keys(budgetSchema.shape))
  expect(defaults(documented('`budgets`'))).toEqual(inForce('budgets.b'))
})
