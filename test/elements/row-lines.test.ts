import { describe, expect, test } from 'vitest'
import { arrange, noLines, visibleSpan } from '../../src/elements/row-lines.ts'

const rows = (...pairs: readonly (readonly [string, number])[]) => pairs.map(([id, price]) => ({ id, price }))

describe('lines of a table', () => {
  const shown = arrange(noLines, rows(['a', 1], ['b', 2], ['c', 3]), 'id', false)

  test('follow the rows while nobody points at them', () => {
    expect(arrange(shown, rows(['c', 3], ['a', 1]), 'id', false).lines.map(({ key }) => key)).toEqual(['c', 'a'])
  })

  test('while held: places stay, values move, what left is marked and what came waits', () => {
    const held = arrange(shown, rows(['z', 9], ['c', 30], ['a', 1]), 'id', true)
    expect(held.lines.map(({ key, row, gone }) => [key, row['price'], gone])).toEqual([
      ['a', 1, false],
      ['b', 2, true],
      ['c', 30, false],
    ])
    expect(held.waiting).toBe(1)
  })

  test('a row that comes back while held is itself again', () => {
    const without = arrange(shown, rows(['a', 1], ['c', 3]), 'id', true)
    const back = arrange(without, rows(['a', 1], ['b', 7], ['c', 3]), 'id', true)
    expect(back.lines[1]).toEqual({ key: 'b', row: { id: 'b', price: 7 }, gone: false })
  })

  test('an empty table that is held shows what comes', () => {
    expect(arrange(noLines, rows(['a', 1]), 'id', true).lines.length).toBe(1)
  })
})

describe('the span in view', () => {
  test('is what fits, with a few around', () => {
    expect(visibleSpan(1000, 34, 3400, 340)).toEqual({ from: 92, to: 118 })
  })

  test('stays inside the table, also when it became shorter than where one had scrolled to', () => {
    expect(visibleSpan(5, 34, 0, 340)).toEqual({ from: 0, to: 5 })
    expect(visibleSpan(3, 34, 34_000, 340)).toEqual({ from: 3, to: 3 })
  })
})
