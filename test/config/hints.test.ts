import { expect, test } from 'vitest'
import { inheritedHints } from '../../src/config/inherited-hints.ts'
import { parseConfig } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'

const load = (text: string) => parseConfig(text, 'm.yaml', { env: {} })

test('hints of a source are inherited column by column, and overridden by a feed that has its own', () => {
  const loaded = load(`sources:
  a: {url: 'http://x.example', columns: {price: {unit: EUR, decimals: 2}, vol: {label: Volume}, __proto__: {hidden: true}}}
  b: {url: 'http://y.example', columns: {price: {unit: USD}, load: {as: percent, thresholds: {warning: 80, critical: 95}}}}
feeds:
  top: {from: a, columns: {vol: {label: Turnover}}}
  both: {from: [a, b]}
  last: {from: top}
`)
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  const hints = inheritedHints(loaded.config)
  expect(hints.get('a')?.get('__proto__')).toEqual({ hidden: true })
  expect(hints.get('last')).toEqual(
    new Map<string, object>([
      ['price', { unit: 'EUR', decimals: 2 }],
      ['vol', { label: 'Turnover' }],
      ['__proto__', { hidden: true }],
    ]),
  )
  expect(hints.get('both')?.get('price')).toEqual({ unit: 'EUR', decimals: 2 })
  expect(hints.get('both')?.get('load')).toEqual({ as: 'percent', thresholds: { warning: 80, critical: 95 } })
})

test('what is wrong with them is told with its place and the mend', () => {
  const loaded = load(`sources:
  a:
    url: http://x.example
    columns: {price: {unti: EUR}, at: {as: tim}, vol: {decimals: 99}, c: {thresholds: {warn: 3}}}
`)
  const printed = loaded.ok ? '' : printProblems(loaded.problems)
  expect(printed).toMatch(/m\.yaml:4:23: sources\.a\.columns\.price\.unti: unknown key `unti`[^]*did you mean `unit`\?/)
  expect(printed).toContain('expected time, duration, bytes, percent, link, or status; found tim')
  expect(printed).toContain('sources.a.columns.vol.decimals: expected a whole number from 0 to 12')
  expect(printed).toMatch(/thresholds\.warn: unknown key `warn`[^]*known here: warning, critical/)
})
