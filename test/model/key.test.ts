import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { composedKey, keyOf } from '../../src/model/key.ts'
import type { Cell } from '../../src/model/row.ts'

test.each<[Cell, string | undefined]>([
  ['a', 'a'],
  ['', ''],
  [42, '42'],
  ['42', '42'],
  [true, 'true'],
  [1e21, '1e+21'],
  [null, undefined],
  [[1], undefined],
  [{}, undefined],
])('the key of %j is %j', (cell, key) => {
  expect(keyOf(cell)).toBe(key)
})

test('no two tuples share a composed key, and a part that is no key makes none', () => {
  const part = fc.oneof(fc.string(), fc.integer(), fc.boolean())
  const tuple = fc.array(part, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(tuple, tuple, (a, b) => {
      expect(composedKey(a) === composedKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
  expect(composedKey(['a', null])).toBeUndefined()
  expect(composedKey(['a', 'b'])).not.toBe(composedKey(['a","b']))
})
