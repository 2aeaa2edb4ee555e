import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tableSum } from '../../src/model/checksum.ts'
import { rowOf, type Cell, type Row } from '../../src/model/row.ts'
import type { SavedTable } from '../../src/model/saved.ts'
import type { Table } from '../../src/model/table.ts'
import { readTable, tableParts } from '../../src/state/saved-table.ts'

const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'a\nb', '', '𝄞'))
const cell = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Cell>
const row = fc.array(fc.tuple(name, cell), { maxLength: 5 }).map(rowOf)

function savedOf(rows: ReadonlyMap<string, Row>, more: Partial<SavedTable> = {}): SavedTable {
  const columns = [...new Set(['id', ...[...rows.values()].flatMap(Object.keys)])]
  const table: Table = { key: 'id', columns, rows, order: [{ column: 'n', descending: true }], kind: 'table' }
  return { table, count: rows.size, sum: tableSum('id', columns, rows), validatedAt: 1, ...more }
}

const written = (saved: SavedTable): Buffer => Buffer.concat([...tableParts({ fingerprint: 'f', saved })])

const one = (): string => written(savedOf(new Map([['a', { id: 'a' }]]))).toString()

describe('a saved table', () => {
  test('is read as it was, whatever its keys, columns and cells are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, row), { maxLength: 8 }), entries => {
        const saved = savedOf(new Map(entries))
        const read = readTable(written(saved))
        expect(read.fingerprint).toBe('f')
        expect(JSON.stringify([...read.saved.table.rows])).toBe(JSON.stringify([...saved.table.rows]))
        expect({ ...read.saved, table: { ...read.saved.table, rows: 0 } }).toEqual({ ...saved, table: { ...saved.table, rows: 0 } })
      }),
    )
  })

  test('keeps what is known of its proof', () => {
    const proof = { validatedAt: 5, asOf: 3, degraded: { cause: 'key', reason: 'two of a key' } } as const
    expect(readTable(written(savedOf(new Map(), proof))).saved).toMatchObject(proof)
  })

  test('that is large is encoded in parts, each the work of a ms or two', () => {
    const rows = new Map(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, { id: `k${i}`, text: 'x'.repeat(80) }] as const))
    const saved = savedOf(rows)
    const parts = [...tableParts({ fingerprint: 'f', saved })]
    expect(parts.length).toBeGreaterThan(5)
    expect(Math.max(...parts.map(part => part.byteLength))).toBeLessThan(300_000)
    expect(readTable(Buffer.concat(parts)).saved.table.rows.size).toBe(20_000)
  })

  test.each([
    ['no line', '', 'it holds no table'],
    ['a head of something else', '{"fingerprint":1}\n', 'it holds no table'],
    ['other rows than those of its sum', one().replace('"id":"a"', '"id":"b"'), 'its rows are not'],
    ['a row too few', one().split('\n')[0] ?? '', 'its rows are not'],
  ])('is refused where it has %s', (_, text, why) => {
    expect(() => readTable(Buffer.from(text))).toThrow(why)
  })
})
