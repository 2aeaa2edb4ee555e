import { describe, expect, test } from 'vitest'
import { codedJudgement, codedPredicate, codedText, codedValue } from '../../src/operator/coded.ts'

const row = { n: 4, name: null }

describe('functions in the place of expressions', () => {
  test.each<[unknown, unknown]>([
    [undefined, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [12n, 12],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [{ a: [1, undefined] }, { a: [1, null] }],
    ['text', 'text'],
  ])('%s is the cell %s', (given, cell) => {
    expect(codedValue(() => given, '')(row, 'k')).toEqual(cell)
  })

  test('are given the row and its key', () => {
    expect(codedValue((of: typeof row, key: string) => `${key}${of.n}`, '')(row, 'k')).toBe('k4')
  })

  test('a promise is refused, with the place', () => {
    const wait = async (): Promise<number> => await Promise.resolve(1)
    expect(() => codedValue(wait, 'columns.n')(row, 'k')).toThrow("the function of 'columns.n' gave a promise: a step cannot wait")
    expect(() => codedPredicate(wait, '')(row, 'k')).toThrow('the function gave a promise')
  })

  test('a condition is true or false; what is missing cannot be told', () => {
    expect([true, false, null, undefined].map(given => codedPredicate(() => given, '')(row, 'k'))).toEqual([true, false, false, false])
    expect([true, false, null, undefined].map(given => codedJudgement(() => given, '')(row, 'k'))).toEqual([
      true,
      false,
      undefined,
      undefined,
    ])
    expect(() => codedPredicate(() => 1, 'when')(row, 'k')).toThrow("the function of 'when' gave a number: a condition is true or false")
  })

  test('a text is one', () => {
    expect([codedText(() => 'a', '')(row, 'k'), codedText(() => null, '')(row, 'k')]).toEqual(['a', ''])
    expect(() => codedText(() => 1, 'text')(row, 'k')).toThrow("the function of 'text' gave a number, not a text")
  })
})
