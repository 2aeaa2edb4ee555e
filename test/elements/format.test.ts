import { describe, expect, test } from 'vitest'
import { createFormat, safeLocale } from '../../src/elements/format.ts'

const format = createFormat(['en-GB'])

describe('safeLocale', () => {
  test('skips what Intl throws at: Chromium without LANG reports en-US@posix', () => {
    expect(safeLocale(['en-US@posix', 'de-DE'])).toBe('de-DE')
  })

  test('falls back to English where nothing can be used', () => {
    expect(safeLocale(['en-US@posix'])).toBe('en')
    expect(safeLocale([])).toBe('en')
  })
})

test.each([
  [0, '0.0 s'],
  [1234, '1.2 s'],
  [9949, '9.9 s'],
  [9999, '9.9 s'],
  [10_000, '10 s'],
  [45_900, '45 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [7_200_000, '2 h'],
  [90_000_000, '1 d'],
  [-500, '0.0 s'],
])('a span of %d ms reads %s', (ms, text) => {
  expect(format.span(ms)).toBe(text)
})

test.each([
  [250, '250 ms'],
  [1000, '1 s'],
  [1500, '1.5 s'],
  [90_000, '1.5 min'],
  [61_000, '61 s'],
  [3_600_000, '1 h'],
])('an interval of %d ms reads %s, exactly', (ms, text) => {
  expect(format.interval(ms)).toBe(text)
})

test('numbers keep the decimals asked for, and never lose a tiny one', () => {
  expect(format.number(1234.5, 2)).toBe('1,234.50')
  expect(format.number(0.00001234)).toBe('0.00001234')
  expect(format.number(0, 1)).toBe('0.0')
  expect(format.compact(9999)).toBe('9,999')
  expect(format.compact(12_400)).toMatch(/^12\.4k$/i)
})

test('bytes are decimal, as what networks count', () => {
  expect(format.bytes(0)).toBe('0 B')
  expect(format.bytes(48_213)).toBe('48.2 kB')
  expect(format.bytes(2_100_000_000)).toBe('2.1 GB')
})
