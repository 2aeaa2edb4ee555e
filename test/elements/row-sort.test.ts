import { expect, test } from 'vitest'
import { nextSort, sortRows } from '../../src/elements/row-sort.ts'

test('a head that is clicked sorts downwards, upwards, and then as the feed comes', () => {
  expect(['', '-price', 'price', '-name'].map(sort => nextSort(sort, 'price'))).toEqual(['-price', 'price', '', '-price'])
})

test('rows are sorted as the server would, ties by key; unsorted they are the same array', () => {
  const rows = [
    { id: 'b', price: 1 },
    { id: 'c', price: null },
    { id: 'a', price: 1 },
    { id: 'd', price: 3 },
  ]
  expect(sortRows(rows, 'id', '-price').map(({ id }) => id)).toEqual(['d', 'a', 'b', 'c'])
  expect(sortRows(rows, 'id', '')).toBe(rows)
})
