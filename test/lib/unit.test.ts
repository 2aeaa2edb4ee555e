import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/lib/unit.ts'

test.each([
  ['250ms', 250],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['0s', 0],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', '-1s', '1 s', '1e3ms', '5sec', '.5s', '1.s', 'NaNs', '5M'])("'%s' is no duration", text => {
  expect(parseDuration(text)).toBeUndefined()
})

test.each([
  ['512B', 512],
  ['64KiB', 65_536],
  ['1.5MiB', 1_572_864],
  ['1GiB', 1_073_741_824],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', '5', '5kb', '5KB', '-1B', '5 MiB'])("'%s' is no size", text => {
  expect(parseSize(text)).toBeUndefined()
})

describe('a duration that is printed', () => {
  test.each([
    [0, '0ms'],
    [250, '250ms'],
    [1500, '1.5s'],
    [1234, '1234ms'],
    [90_000, '90s'],
    [120_000, '2m'],
    [86_400_000, '1d'],
    [0.25, '0.3ms'],
  ])('%d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  test('reads back as the same time', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), ms => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [16_777_216, '16 MiB'],
  [2 ** 40, '1024 GiB'],
])('%d bytes are printed as %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})
