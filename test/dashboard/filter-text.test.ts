import { expect, test } from 'vitest'
import { filterExpression, textColumns, unknownNames } from '../../src/dashboard/filter-text.ts'

const columns = ['id', 'name', 'region', 'bikes', 'is-open', 'renting']

test('texts are looked for where texts are, and where an expression can name them', () => {
  const rows = [{ id: 1, name: null, region: 'x', bikes: 3, 'is-open': 'yes', renting: true }]
  expect(textColumns(rows, columns)).toEqual(['region'])
})

test.each([
  ['Old Town', 'name.lower().contains("old town") || region.lower().contains("old town")'],
  [' Café ', 'name.lower().contains("café") || region.lower().contains("café")'],
  ['renting', 'renting'],
  ['true', 'true'],
  ['bikes > 3', 'bikes > 3'],
  ['42', '42'],
  ['', ''],
  ["name == 'x'", "name == 'x'"],
])('%j is asked for as %j', (typed, expression) => {
  expect(filterExpression(typed, columns, ['name', 'region'])).toBe(expression)
})

test('without a column of texts, words are an expression', () => {
  expect(filterExpression('Harbour', columns, [])).toBe('Harbour')
})

test.each<[string, readonly string[]]>([
  ['name == Harbour', ['Harbour']],
  ['nam == "Harbour"', ['nam']],
  [`name == 'Harbour it''s'`, []],
  ['bikes > 3 && renting == true && key != "a"', []],
  ['name.startsWith("Old") || size(name) > 3', []],
  ['user.login == ann', ['ann']],
  ['renting in [true, maybe]', ['maybe']],
])('%s names what is no column: %j', (expression, names) => {
  expect(unknownNames(expression, columns)).toEqual(names)
})
