import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Lasting, Late, LateList, madeOf } from '../../src/model/late.ts'
import { jsonParts } from '../../src/state/json-parts.ts'

const turn = (): Promise<void> => Promise.resolve()
const parsed = (parts: readonly Buffer[]): unknown => JSON.parse(Buffer.concat(parts).toString('utf8'))

test('is what JSON.stringify makes of it, whatever it is', async () => {
  const item = fc.jsonValue({ maxDepth: 3 })
  const long = fc.integer({ min: 499, max: 1001 }).map(length => Array.from({ length }, (_, i) => i))
  const members = fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), fc.oneof(item, long, fc.constant({ a: undefined, b: 1 })))
  await fc.assert(
    fc.asyncProperty(members, async given => {
      const { parts, leftOut } = await jsonParts(given, 1e6, turn)
      expect([Buffer.concat(parts).toString('utf8'), leftOut]).toEqual([JSON.stringify(given), []])
    }),
  )
})

test('of parts that are made late too, and of one that lasts again', async () => {
  const list = (length: number): LateList => new LateList(madeOf(Array(length).keys(), at => ({ at })))
  const begun = list(1001)
  begun.parts().next()
  begun.finish()
  const lasting = new Lasting({ list: list(1500), more: new Late(() => [begun, list(0)]) })
  const members = { late: new Late(() => ({ lasting, none: undefined })), lasting, list: list(500), empty: new LateList([]) }
  const expected = JSON.stringify(members)
  for (let times = 0; times < 2; times++) {
    const { parts } = await jsonParts(members, 1e6, turn)
    expect(Buffer.concat(parts).toString('utf8')).toBe(expected)
  }
  expect(JSON.stringify(members)).toBe(expected)
})

test('of large and small members in any order too, none of its parts very large', async () => {
  const large = Array.from({ length: 9000 }, () => 'x'.repeat(100))
  const given = { first: 1, large, middle: [2], other: { large, last: 3 }, end: null }
  const { parts } = await jsonParts(given, 1e7, turn)
  expect(parsed(parts)).toEqual(given)
  expect(Math.max(...parts.map(({ byteLength }) => byteLength))).toBeLessThan(400_000)
})

test('what is too much is left out, counted in bytes; the others are there', async () => {
  const given = { small: 1, large: 'é'.repeat(100), last: [2] }
  const { parts, leftOut } = await jsonParts(given, 200, turn)
  expect([parsed(parts), leftOut]).toEqual([{ small: 1, last: [2] }, ['large']])
  const all = Buffer.byteLength(JSON.stringify(given))
  for (const most of [all, all - 1]) {
    const made = await jsonParts(given, most, turn)
    expect(made.leftOut).toEqual(most === all ? [] : ['last'])
    expect(Buffer.concat(made.parts).byteLength).toBeLessThanOrEqual(most)
  }
})
