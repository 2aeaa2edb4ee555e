import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cell, Row } from '../../src/model/row.ts'
import { rowSettler, type ChangeRules } from '../../src/source/settle-row.ts'

/** Which of two rows is kept, or a third. */
function settled(before: Row, row: Row, rules: ChangeRules): Row | 'before' | 'row' {
  const columns = [...new Set([...Object.keys(before), ...Object.keys(row)])]
  const found = rowSettler(columns, rules)(before, row)
  return found === before ? 'before' : found === row ? 'row' : found
}

describe('ignore', () => {
  const before = { id: 1, at: 1, meta: { at: 1, by: { name: 'a', at: 1 }, n: 1 }, list: [{ at: 1, n: 1 }], 'x.y': 1 }

  test.each<[string, Row, readonly string[], 'before' | 'row']>([
    ['a column', { ...before, at: 2 }, ['at'], 'before'],
    ['not another column', { ...before, at: 2, id: 2 }, ['at'], 'row'],
    ['a path', { ...before, meta: { ...before.meta, at: 2 } }, ['meta.at'], 'before'],
    ['a path of which more than it changed', { ...before, meta: { ...before.meta, at: 2, n: 2 } }, ['meta.at'], 'row'],
    ['a longer path', { ...before, meta: { ...before.meta, by: { name: 'a', at: 2 } } }, ['meta.by.at'], 'before'],
    ['a path beside which another changed', { ...before, meta: { ...before.meta, by: { name: 'b', at: 2 } } }, ['meta.by.at'], 'row'],
    ['a member that comes', { ...before, meta: { ...before.meta, seen: 2 } }, ['meta.seen'], 'before'],
    ['another that comes', { ...before, meta: { ...before.meta, other: 2 } }, ['meta.seen'], 'row'],
    ['items', { ...before, list: [{ at: 2, n: 1 }] }, ['list.*.at'], 'before'],
    ['items that are more', { ...before, list: [{ at: 1, n: 1 }, { at: 2 }] }, ['list.*.at'], 'row'],
    ['the place of an item', { ...before, list: [{ at: 2, n: 1 }] }, ['list.0.at'], 'before'],
    ['a column with a dot in its name', { ...before, 'x.y': 2 }, ['x.y'], 'before'],
    ['a path into what is another type', { ...before, meta: 3 }, ['meta.at'], 'row'],
  ])('%s', (_, row, ignore, kept) => {
    expect(settled(before, row, { ignore })).toBe(kept)
  })
})

describe('deadband', () => {
  const deadband = new Map([['n', 0.5]])

  test('a smaller change is none, and the value from before stays, also beside another change', () => {
    expect(settled({ n: 1, m: 1 }, { n: 1.4, m: 1 }, { deadband })).toBe('before')
    expect(settled({ n: 1, m: 1 }, { n: 1.5, m: 1 }, { deadband })).toBe('row')
    expect(settled({ n: 1, m: 1 }, { n: 1.4, m: 2 }, { deadband })).toEqual({ n: 1, m: 2 })
    expect(settled({ n: 1 }, { n: null }, { deadband })).toBe('row')
    expect(settled({ n: '1' }, { n: '1.1' }, { deadband })).toBe('row')
  })

  test('drift adds up: what is kept is never further off than the deadband', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { maxLength: 50 }), steps => {
        const settle = rowSettler(['n'], { deadband })
        let kept: Row = { n: 0 }
        let real = 0
        for (const step of steps) {
          real += step
          kept = settle(kept, { n: real })
          expect(Math.abs((kept['n'] as number) - real)).toBeLessThan(0.5)
        }
      }),
    )
  })
})

test('without rules a row stays where all of its cells are equal, and only there', () => {
  const cell: fc.Arbitrary<Cell> = fc.oneof(fc.constantFrom(null, 1, 'a', true), fc.constantFrom<Cell>([1], { a: 1 }, { a: { b: 1 } }))
  const row = fc.dictionary(fc.constantFrom('a', 'b', 'c'), cell)
  fc.assert(
    fc.property(row, row, (before, after) => {
      const columns = ['a', 'b', 'c']
      const same = columns.every(column => JSON.stringify(before[column] ?? null) === JSON.stringify(after[column] ?? null))
      expect(rowSettler(columns, {})(before, after) === before).toBe(same)
      expect(rowSettler(columns, { deadband: new Map([['d', 1]]) })(before, after) === before).toBe(same)
    }),
  )
})
