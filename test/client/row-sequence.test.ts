import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { resortRows, sortRows } from '../../src/client/row-sequence.ts'
import { parseOrderTerm, rowComparator } from '../../src/model/order.ts'
import type { Row } from '../../src/model/row.ts'

const anyRow = fc.record({ x: fc.constantFrom(null, 1, 2, '1', true), y: fc.nat(2) })
const anyTable = fc.array(fc.tuple(fc.nat(60).map(String), anyRow), { maxLength: 60 }).map(entries => new Map<string, Row>(entries))
const anyOrder = fc.array(fc.constantFrom('x', '-x', 'y', '-y'), { maxLength: 2 })

test('going on from the sequence before gives the same as sorting anew', () => {
  fc.assert(
    fc.property(
      anyTable,
      fc.array(fc.tuple(fc.nat(60).map(String), fc.option(anyRow)), { maxLength: 8 }),
      anyOrder,
      (table, changes, order) => {
        const compare = rowComparator(order.map(parseOrderTerm))
        const before = sortRows(table, compare)
        const touched = new Map<string, Row | undefined>()
        const after = new Map(table)
        for (const [key, row] of changes) {
          if (!touched.has(key)) touched.set(key, table.get(key))
          if (row === null) after.delete(key)
          else after.set(key, row)
        }
        const { keys, rows } = resortRows(before, after, touched, compare)
        expect(keys).toEqual(sortRows(after, compare).keys)
        expect(rows).toEqual(keys.map(key => after.get(key)))
      },
    ),
    { numRuns: 500 },
  )
})

test('leaves the sequence before as it was', () => {
  const compare = rowComparator([])
  const table = new Map<string, Row>(Array.from('abcdefgh', key => [key, { x: key }]))
  const before = sortRows(table, compare)
  const copy = [...before.rows]
  table.delete('c')
  resortRows(before, table, new Map([['c', { x: 'c' }]]), compare)
  expect(before.rows).toEqual(copy)
})
