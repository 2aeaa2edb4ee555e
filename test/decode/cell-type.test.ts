import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findTypes, typedRow, type TextTypes } from '../../src/decode/cell-type.ts'
import type { Cell } from '../../src/model/row.ts'

const rowsOf = (cells: readonly Cell[]) => cells.map(a => ({ a }))

function column(cells: readonly Cell[], known: TextTypes = new Map()): unknown[] {
  const types = findTypes(rowsOf(cells), known)
  return rowsOf(cells).map(row => typedRow(row, types)['a'])
}

describe('a column of texts', () => {
  test.each<[string, Cell[], unknown[]]>([
    ['numbers', ['1', '-2.5', '0', '1.5e3', '1e+21', '.5'], [1, -2.5, 0, 1500, 1e21, 0.5]],
    ['numbers written with all of their zeros', ['1.50', '2.00'], [1.5, 2]],
    ['floats that are whole', ['1.0', '2.25'], [1, 2.25]],
    ['booleans', ['true', 'False', 'TRUE', null], [true, false, true, null]],
    [
      'words for nothing in a column of numbers',
      ['1', '', 'NA', 'n/a', 'NaN', 'null', '-', null],
      [1, null, null, null, null, null, null, null],
    ],
    ['words for nothing in a column of texts', ['x', '', 'NA', 'null'], ['x', '', 'NA', 'null']],
    ['nothing but words for nothing', ['NA', '-'], ['NA', '-']],
    ['leading zeros', ['007', '12'], ['007', '12']],
    ['phone numbers', ['+4930123', '+1555'], ['+4930123', '+1555']],
    ['integers beyond 2^53', ['9007199254740993', '1'], ['9007199254740993', '1']],
    ['versions', ['1.9', '1.10'], ['1.9', '1.10']],
    ['names that look like powers', ['12e5', '3e2'], ['12e5', '3e2']],
    ['numbers and texts', ['1', 'x'], ['1', 'x']],
    ['numbers and booleans', ['1', 'true'], ['1', 'true']],
    ['hexadecimal, thousands, decimal commas', ['0x10', '1,000', '1,5'], ['0x10', '1,000', '1,5']],
    ['times', ['2026-01-01T00:00:00Z'], ['2026-01-01T00:00:00Z']],
    ['times in seconds', ['1767225600'], [1767225600]],
    ['beyond a double', ['1.0e400', '1'], ['1.0e400', '1']],
  ])('%s', (_, cells, typed) => {
    expect(column(cells)).toEqual(typed)
  })

  test('once typed stays so: what it cannot hold stays the text that it is', () => {
    const types = findTypes(rowsOf(['1', '2']), new Map())
    expect(column(['3', '007', 'x'], types)).toEqual([3, '007', 'x'])
    const texts = findTypes(rowsOf(['x']), new Map())
    expect(column(['1', '2'], texts)).toEqual(['1', '2'])
  })

  test('of which nothing is known yet is typed when something is', () => {
    const types = findTypes(rowsOf([null, '']), new Map())
    expect(types.size).toBe(0)
    expect(column(['1'], types)).toEqual([1])
  })

  test('what is nested has types of its own', () => {
    const rows = [{ at: { lat: '1.5', code: '07' }, list: ['1', '2'], ['__proto__']: '3' }]
    const [row] = rows.map(row => typedRow(row, findTypes(rows, new Map())))
    expect(row).toEqual({ at: { lat: 1.5, code: '07' }, list: [1, 2], ['__proto__']: 3 })
  })
})

/** The text itself, null for a word that says so, or a number that has all of its digits. */
function isFaithful(written: string, cell: unknown): boolean {
  if (cell === null || cell === written) return true
  if (typeof cell !== 'number' || cell !== Number(written)) return false
  return !/^-?\d+$/.test(written) || BigInt(written) === BigInt(cell)
}

test('never another value: what became a number is written like that number', () => {
  const text = fc.oneof(
    fc.double().map(String),
    fc.bigInt().map(String),
    fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', '+', 'e'), maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), texts => {
      for (const [i, cell] of column(texts).entries())
        expect([texts[i], cell, isFaithful(texts[i] ?? '', cell)]).toEqual([texts[i], cell, true])
    }),
    { numRuns: 2000 },
  )
})
