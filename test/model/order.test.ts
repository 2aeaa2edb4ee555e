import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { orderedEntries, parseOrderTerm, printOrderTerm, rowComparator } from '../../src/model/order.ts'
import type { Cell, Row } from '../../src/model/row.ts'
import { anyCell, anyKey } from '../support/table-history.ts'

function keysBy(order: readonly string[], rows: Record<string, Row>): string[] {
  return orderedEntries(new Map(Object.entries(rows)), order.map(parseOrderTerm)).map(([key]) => key)
}

const cells: Record<string, Cell> = { text: 'b', n2: 2, no: false, list: [1], n10: 10, yes: true, none: null, big: 'B' }
const rows = Object.fromEntries(Object.entries(cells).map(([key, x]) => [key, { x }]))

test('numbers by value, text by UTF-16 units, false, true, the rest by its JSON text; null last', () => {
  expect(keysBy(['x'], rows)).toEqual(['n2', 'n10', 'big', 'text', 'no', 'yes', 'list', 'none'])
})

test('descending turns all but null, and what is equal', () => {
  expect(keysBy(['-x'], rows)).toEqual(['list', 'yes', 'no', 'text', 'big', 'n10', 'n2', 'none'])
  expect(keysBy(['-x'], { b: { x: 1 }, a: { x: 1 } })).toEqual(['a', 'b'])
})

test('a later term decides where the earlier ones are equal; an unknown column decides nothing', () => {
  expect(keysBy(['x', '-y'], { a: { x: 1, y: 1 }, b: { x: 1, y: 2 }, c: { x: 0, y: 0 } })).toEqual(['c', 'b', 'a'])
  expect(keysBy(['z'], { b: { x: 1 }, a: { x: 2 } })).toEqual(['a', 'b'])
})

test('a comparator is a total order: antisymmetric, transitive, and zero for one row alone', () => {
  const row = fc.record({ key: anyKey, x: anyCell })
  const order = fc.constantFrom('x', '-x').map(text => rowComparator([parseOrderTerm(text)]))
  fc.assert(
    fc.property(order, row, row, row, (compare, a, b, c) => {
      const by = (p: typeof a, q: typeof a): number => Math.sign(compare({ x: p.x }, p.key, { x: q.x }, q.key))
      expect(by(a, b) + by(b, a)).toBe(0)
      expect(by(a, b) > 0 || by(b, c) > 0 || by(a, c) <= 0).toBe(true)
      expect(by(a, b) !== 0 || a.key === b.key).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test.each(['price', '-price', 'Ü', '-', '--x'])("'%s' prints as it was read", text => {
  expect(printOrderTerm(parseOrderTerm(text))).toBe(text)
})
