import { assert, jsonValue, property } from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprint } from '../../src/lib/fingerprint.ts'

test('equal values have one, whatever the order of their members', () => {
  expect(fingerprint({ a: 1, b: [2, { c: new Map([['x', /y/i]]) }] })).toBe(fingerprint({ b: [2, { c: new Map([['x', /y/i]]) }], a: 1 }))
  expect(fingerprint({ a: undefined })).toBe(fingerprint({}))
  expect(fingerprint('')).toMatch(/^[\w-]{22}$/)
})

test('values that differ have others', () => {
  const values = [
    0,
    '0',
    null,
    undefined,
    [],
    {},
    [0],
    ['0'],
    [[0]],
    { a: 0 },
    { a: '0' },
    new Map([['a', 0]]),
    { 'a":0,"b': 0 },
    /a/,
    /a/i,
    'a,b',
    [['a', 0]],
  ]
  expect(new Set(values.map(fingerprint)).size).toBe(values.length)
})

test('two JSON values have the same one exactly where they are equal', () => {
  assert(
    property(jsonValue(), jsonValue(), (a, b) => {
      const [x, y] = [a, b].map(value => JSON.parse(JSON.stringify(value)) as unknown)
      let equal = true
      try {
        expect(x).toEqual(y)
      } catch {
        equal = false
      }
      expect(fingerprint(x) === fingerprint(y)).toBe(equal)
    }),
  )
})
