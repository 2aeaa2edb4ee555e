import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { count, expression, flag, mapOf, oneOf, size, text, time } from '../../src/lib/option.ts'

function refusal(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message
}

describe('a time or a size', () => {
  test('is read into ms or bytes', () => {
    expect(['250ms', '10s', '1.5m', '1h', '7d'].map(written => time().parse(written))).toEqual([
      250, 10_000, 90_000, 3_600_000, 604_800_000,
    ])
    expect(['512B', '64KiB', '16MiB', '1GiB'].map(written => size().parse(written))).toEqual([512, 65_536, 16_777_216, 2 ** 30])
  })

  test.each([10, 0, '10', '0s', '-1s', '10 s', '1e3s', '', 'off', null, undefined, [], '9'.repeat(400) + 'd'])('is not %j', value => {
    expect(refusal(time(), value)).toMatch(/^expected a time with a unit above 0, such as 10s/)
    expect(refusal(size(), value)).toMatch(/^expected a size with a unit above 0, such as 64KiB/)
  })

  test('keeps within its bounds, which it names', () => {
    const bounded = time({ least: 250, most: 60_000 })
    expect([bounded.parse('250ms'), bounded.parse('1m')]).toEqual([250, 60_000])
    expect(refusal(bounded, '249ms')).toBe('expected a time with a unit from 250ms to 1m, such as 10s')
    expect(refusal(bounded, '61s')).toBe('expected a time with a unit from 250ms to 1m, such as 10s')
  })

  test('says where it cannot be off', () => {
    expect(refusal(time(), 'off')).toContain('; this limit cannot be switched off')
    expect(refusal(count(), 'off')).toContain('; this limit cannot be switched off')
  })
})

test('a count is a whole number from 1, or within its bounds', () => {
  expect([1, 2 ** 53 - 1].map(value => count().parse(value))).toEqual([1, 2 ** 53 - 1])
  for (const value of [0, -1, 1.5, '1', Infinity, NaN, 2 ** 53, true, null])
    expect(refusal(count(), value)).toBe('expected a whole number from 1')
  expect(count({ least: 0, most: 9 }).parse(0)).toBe(0)
  expect(refusal(count({ least: 0, most: 9 }), 10)).toBe('expected a whole number from 0 to 9')
})

test('texts, flags and words say what they want', () => {
  expect(refusal(text('a column'), '')).toBe('expected a column')
  expect(refusal(text('a column'), 3)).toBe('expected a column')
  expect(refusal(flag(), 'yes')).toBe('expected true or false')
  expect(refusal(oneOf(['a', 'b']), 'c')).toBe('expected a or b')
})

test('an expression is a text; numbers and booleans are the expressions they look like', () => {
  expect(['x > 1', 1, 0.5, false].map(value => expression().parse(value))).toEqual(['x > 1', '1', '0.5', 'false'])
  for (const value of ['', null, [], {}]) expect(refusal(expression(), value)).toBe('expected an expression')
})

describe('a map of names', () => {
  const own = JSON.parse('{"__proto__": "one", "constructor": "two"}') as unknown

  test('keeps every name, in order', () => {
    expect([...mapOf(text()).parse(own)]).toEqual([
      ['__proto__', 'one'],
      ['constructor', 'two'],
    ])
  })

  test('judges each entry, at its path', () => {
    const schema = z.strictObject({ columns: mapOf(mapOf(time())) })
    const result = schema.safeParse({ columns: { a: { b: '1s', c: 3 }, d: 4 } })
    expect(result.error?.issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['columns.a.c', 'expected a time with a unit above 0, such as 10s'],
      ['columns.d', 'expected a map'],
    ])
  })

  test('is no list and no text', () => {
    for (const value of [[], 'text', 3, null, undefined])
      expect(refusal(mapOf(text(), 'columns by name'), value)).toBe('expected columns by name')
  })
})
