import { expect, test } from 'vitest'
import { feedQuery, listOf, whereKey } from '../../src/elements/feed-query.ts'
import { compileExpression } from '../../src/expression/expression.ts'

const nothing = { where: '', order: '', limit: undefined, throttle: undefined }

test('what is not written is not asked for, but for the limit of the element', () => {
  expect(feedQuery('bikes', nothing, 500)).toEqual({ limit: 500 })
  expect(feedQuery('bikes', nothing, undefined)).toEqual({})
  expect(feedQuery('bikes', { ...nothing, limit: Number.NaN, throttle: Number.NaN }, 6)).toEqual({ limit: 6 })
})

test('what is written is', () => {
  const written = { where: 'bikes > 3', order: '-bikes, name', limit: 20, throttle: 1000 }
  expect(feedQuery('bikes', written, 500, ['name', 'bikes'])).toEqual({
    where: 'bikes > 3',
    fields: ['name', 'bikes'],
    order: ['-bikes', 'name'],
    limit: 20,
    throttle: 1000,
  })
})

test('an address is the whole of a view', () => {
  expect(feedQuery('bikes?limit=3', { ...nothing, where: 'true', limit: 9, throttle: 250 }, 500, ['a'])).toEqual({ throttle: 250 })
})

test('a list has no empty parts', () => {
  expect(listOf(' a, ,-b,')).toEqual(['a', '-b'])
  expect(listOf('')).toEqual([])
})

test.each(['s1', 'say "hi"', 'back\\slash', 'line\nbreak', 'ÜBER☃', '["eu",1]'])('a key is found by an expression: %s', key => {
  const where = compileExpression(whereKey(key, 'bikes > 1 || bikes == 0'), { origin: 'client' })
  const holds = (rowKey: string, bikes: number) => where.predicate({ bikes }, rowKey)
  expect([holds(key, 2), holds(key, 1), holds(`${key}x`, 2)]).toEqual([true, false, false])
})
