import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/decode/decode-error.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { Cell } from '../../src/model/row.ts'
import { Tabulator } from '../../src/source/tabulate.ts'
import { good } from '../support/config.ts'

const limits = { maxRows: 1000, maxColumns: 100, maxCells: 10_000, maxCellBytes: 1000, maxKeyBytes: 100 }

function tabulator(rules: { minRows?: number; maxDropPart?: number }): Tabulator {
  return new Tabulator({ ...limits, index: false, ignore: [], onDuplicateKey: 'last', key: ['id'], ...rules }, 's', silentLogger)
}

const page = (count: number): Cell => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, n: i }))

describe('half a page with status 200', () => {
  test('maxDrop: the last rows are kept for one poll, by name; then the answer is believed', () => {
    const rows = tabulator({ maxDropPart: 0.5 })
    const { table } = rows.take(page(10))
    const held = rows.take(page(3))
    expect(held).toMatchObject({
      held: true,
      degraded: { cause: 'rows', reason: expect.stringMatching(/^maxDrop: 50% exceeded/) as string },
    })
    expect(held.table).toBe(table)
    const believed = rows.take(page(3))
    expect([believed.held, believed.degraded, believed.table.rows.size]).toEqual([false, undefined, 3])
  })

  test('minRows: never believed; with no rows to keep the poll fails', () => {
    const rows = tabulator({ minRows: 5 })
    expect(() => rows.take(page(4))).toThrow(new DecodeError('rows', 'minRows: 5 not reached by 4'))
    const { table } = rows.take(page(5))
    for (let i = 0; i < 3; i++) expect(rows.take(page(4))).toMatchObject({ held: true, degraded: { cause: 'rows' }, table })
    expect(rows.take(page(6)).table.rows.size).toBe(6)
  })
})

test('both are keys of a source, and of the defaults', () => {
  const [source] = good('defaults: {maxDrop: 50%}\nsources: {a: {url: http://x, minRows: 3}}').sources
  expect(source).toMatchObject({ http: { minRows: 3, maxDropPart: 0.5 } })
})
