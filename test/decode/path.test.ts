import { describe, expect, test } from 'vitest'
import { findRows } from '../../src/decode/find-rows.ts'
import { rowsAt } from '../../src/decode/rows-at.ts'
import { valueAt } from '../../src/decode/path.ts'
import type { Cell } from '../../src/model/row.ts'

const document = JSON.parse('{"a":{"b":{"c":1}},"a.b":{"d":2,"c":3},"list":[{"x":1},{"x":null}],"__proto__":{"y":4}}') as Cell

describe('a path', () => {
  test.each<[string, Cell | undefined]>([
    ['a.b.c', 1],
    ['a.b.d', 2],
    ['list.0.x', 1],
    ['list.1.x', null],
    ['list.2.x', undefined],
    ['list.-1', undefined],
    ['list.length', undefined],
    ['a.b.c.d', undefined],
    ['a..b', undefined],
    ['', undefined],
    ['__proto__.y', 4],
    ['constructor.name', undefined],
    ['a.toString', undefined],
  ])('%s', (path, expected) => {
    expect(valueAt(document, path)).toEqual(expected)
  })
})

/** Counts how often members are looked for. */
function counted(value: object, looks: { count: number }): Cell {
  return new Proxy(value, {
    getOwnPropertyDescriptor(target, name) {
      looks.count++
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  }) as Cell
}

describe('what an upstream calls its members does not decide what a lookup costs', () => {
  test.each([10, 100, 1000, 100_000])('%d dots in a name', dots => {
    const name = Array.from({ length: dots + 1 }, () => 'x').join('.')
    const looks = { count: 0 }
    expect(valueAt(counted({ [name]: { data: [] } }, looks), `${name}.y`)).toBeUndefined()
    expect(looks.count).toBeLessThanOrEqual(260)
  })

  test('rows below a member with dots in its name are found all the same', () => {
    const dotted = { 'a.b.c': { data: [{ id: 1 }, { id: 2 }] } }
    expect(rowsAt(dotted, findRows(dotted).path)).toMatchObject({ kind: 'array', items: [{ id: 1 }, { id: 2 }] })
  })

  test('nested members that could all be the beginning of the path are visited once each', () => {
    let value: Record<string, Cell> = {}
    for (let i = 0; i < 60; i++) value = { x: value, 'x.x': {} }
    const looks = { count: 0 }
    const watch = (inner: Record<string, Cell>): Record<string, Cell> =>
      counted(
        Object.fromEntries(Object.entries(inner).map(([name, cell]) => [name, watch(cell as Record<string, Cell>)])),
        looks,
      ) as Record<string, Cell>
    expect(valueAt(watch(value), Array.from({ length: 100 }, () => 'x').join('.'))).toBeUndefined()
    expect(looks.count).toBeLessThan(20_000)
  })
})
