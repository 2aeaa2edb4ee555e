import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDeeperThan, readObject } from '../../src/connection/inbound.ts'

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

test('depth is that of the parsed value, brackets in texts do not count', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('[', '{', '"', '\\', ']', 'a') }), value => {
      const depth = depthOf(value)
      const json = JSON.stringify(value)
      expect(isDeeperThan(json, depth)).toBe(false)
      expect(isDeeperThan(json, depth - 1)).toBe(depth > 0)
    }),
  )
})

test('a member named __proto__ is a member', () => {
  expect(Object.keys(readObject('{"__proto__":1}', { maxMessageDepth: 16 }) ?? {})).toEqual(['__proto__'])
})

test.each(['', '{', '[]', 'null', '1', '"x"'])('%j is no object', text => {
  expect(readObject(text, { maxMessageDepth: 16 })).toBeUndefined()
})
