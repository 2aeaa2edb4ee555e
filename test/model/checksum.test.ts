import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, tableSum } from '../../src/model/checksum.ts'
import { rowOf, type Cell, type Row } from '../../src/model/row.ts'
import { sumByTheBook } from '../support/checksum-by-the-book.ts'

const columns = ['id', 'price', 'up', 'note', 'tags']
const acme: Row = { id: 'ACME', price: 12.34, up: true, note: null, tags: ['x', { b: 1, a: 0 }] }
const uber: Row = { id: 'ÜBER☃', price: -1e21, up: false, note: '𝄞', tags: [] }

function sum(rows: readonly Row[], of: readonly string[] = columns, key = 'id'): string {
  return tableSum(key, of, new Map(rows.map(row => [row['id'] as string, row])))
}

test('the vector of the protocol', () => {
  expect(sum([acme, uber])).toBe('8293a8617a92a4cc')
})

describe('says nothing of what a table does not say', () => {
  test('the order of rows', () => {
    expect(sum([uber, acme])).toBe(sum([acme, uber]))
  })
  test('null or absent', () => {
    const { note: _, ...bare } = acme
    expect(sum([bare, uber])).toBe(sum([acme, uber]))
  })
  test('the sign of zero, the order of members', () => {
    expect(sum([{ ...acme, price: -0, tags: [{ a: 0, b: 1 }] }])).toBe(sum([{ ...acme, price: 0, tags: [{ b: 1, a: 0 }] }]))
  })
})

describe('tells apart', () => {
  test.each<[string, Cell, Cell]>([
    ['0 and null', 0, null],
    ['false and null', false, null],
    ['the number and its text', 1, '1'],
    ['empty text and null', '', null],
    ['an empty array and an empty object', [], {}],
    ['JSON text and what it says', '[]', []],
    ['the last bit of a number', 0.1 + 0.2, 0.3],
    ['Ü in one code point or two', 'Ü', 'U\u0308'],
  ])('%s', (_, a, b) => {
    expect(sum([{ ...acme, note: a }])).not.toBe(sum([{ ...acme, note: b }]))
  })
  test('two signs that change in one row, which cancel each other where lanes are not folded', () => {
    expect(sum([{ id: 'A', price: 1, note: 2 }])).not.toBe(sum([{ id: 'A', price: -1, note: -2 }]))
  })
  test('the same cells in other columns, another key column, one column more', () => {
    const swapped = { ...acme, note: true, up: null }
    expect(sum([swapped])).not.toBe(sum([acme]))
    expect(sum([acme], columns, 'price')).not.toBe(sum([acme]))
    expect(sum([acme], [...columns, 'more'])).not.toBe(sum([acme]))
  })
})

test('is the sum of the protocol, whatever the table', () => {
  const cell = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.double({ noNaN: true, noDefaultInfinity: true })) as fc.Arbitrary<Cell>
  const row = fc.array(cell, { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), row, { maxKeys: 5 }), table => {
      const names = ['id', 'a', '__proto__', '1']
      const rows = Object.entries(table).map(([key, cells]): [string, Row] => {
        return [key, rowOf([key, ...cells].map((value, i): [string, Cell] => [names[i] ?? '', value]))]
      })
      expect(tableSum('id', names, rows)).toBe(sumByTheBook('id', names, new Map(rows)))
    }),
  )
})

test.each<[Cell, string]>([
  [{ b: 1, a: [{ d: null, c: 'é' }] }, '{"a":[{"c":"é","d":null}],"b":1}'],
  [{ '€': 1, '\r': 2, '1': 3, '😀': 4 }, '{"\\r":2,"1":3,"€":1,"😀":4}'],
  [1e21, '1e+21'],
  [-0, '0'],
])('RFC 8785 text of %j', (cell, text) => {
  expect(canonicalJson(cell)).toBe(text)
})
