import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { lineParts } from '../../src/config/yaml-syntax.ts'
import { findKey } from '../../src/decode/find-key.ts'
import { rootName } from '../../src/decode/xml.ts'
import { compileExpression } from '../../src/expression/expression.ts'
import { withoutSecrets } from '../../src/lib/safe-text.ts'
import { suggest } from '../../src/lib/suggest.ts'

/** Each took seconds, or minutes, with what a hostile upstream may send, and no other source or reader was served meanwhile. */
const quadratic: readonly (readonly [what: string, run: () => unknown])[] = [
  ['a text without secrets', () => withoutSecrets('a.'.repeat(50_000))],
  ['the root of XML', () => Array.from({ length: 20 }, () => rootName(`<!DOCTYPE${' '.repeat(16_000)}`))],
  ['a line of a config', () => lineParts(`a: x${' '.repeat(100_000)}y`)],
  ['lists in a line of a config', () => lineParts('- '.repeat(50_000))],
  ['a config without a colon', () => parseConfig('a'.repeat(500_000), 'x.yaml', { env: {} })],
  ['a name that was meant', () => suggest('station_id', ['a'.repeat(2_000_000)])],
  ['a duration', () => compileExpression('duration(s) == duration(s)', { origin: 'config' }).predicate({ s: '1'.repeat(65_536) }, 'k')],
  ['a key among many columns called like times', () => findKey(seriesRows, columnsOf(400), '.', new Map())],
]

function columnsOf(count: number): string[] {
  const spelled = (n: number): string =>
    Array.from('timestamp')
      .map((c, i) => ((n >> i) & 1 ? c.toUpperCase() : c))
      .join('')
  return [...Array.from({ length: count / 2 }, (_, n) => spelled(n)), ...Array.from({ length: count / 2 }, (_, n) => `c${n}`)]
}

function rowsOf(count: number, columns: number): Record<string, number>[] {
  const names = columnsOf(columns)
  return Array.from({ length: count }, (_, row) => Object.fromEntries(names.map((name, i) => [name, i < columns / 2 ? row : 0])))
}

const seriesRows = rowsOf(500, 400)

test.each(quadratic)('%s is read in time that grows with its length alone', (_what, run) => {
  const began = performance.now()
  run()
  expect(performance.now() - began).toBeLessThan(1000)
})
