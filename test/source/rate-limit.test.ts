import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { rateLimitedMs } from '../../src/source/rate-limit.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const seconds = now / 1000

test.each<[string, Record<string, string | string[]>, number]>([
  ['nothing is said', {}, 0],
  ['something is left', { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '30' }, 0],
  ['seconds', { 'ratelimit-limit': '100', 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }, 30_000],
  ['X- and seconds', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' }, 30_000],
  ['an instant in seconds', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds + 90) }, 90_000],
  ['an instant in ms', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 1500) }, 1500],
  [
    'an instant, by the upstream own clock',
    { date: 'Sun, 01 Mar 2026 11:00:00 GMT', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds - 3590) },
    10_000,
  ],
  ['an instant that has passed', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds - 5) }, 0],
  ['an HTTP date', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'Sun, 01 Mar 2026 12:01:00 GMT' }, 60_000],
  ['an ISO date', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-03-01T12:00:20Z' }, 20_000],
  [
    'a duration of its own',
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds + 90), 'x-ratelimit-reset-after': '1.25' },
    1250,
  ],
  ['another spelling', { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(seconds + 900) }, 900_000],
  ['below nothing', { 'x-ratelimit-remaining': '-3', 'x-ratelimit-reset': '5' }, 5000],
  ['one header with names', { ratelimit: 'limit=100, remaining=0, reset=50' }, 50_000],
  ['one header with names, something left', { ratelimit: 'limit=100, remaining=12, reset=50' }, 0],
  ['a structured header', { ratelimit: '"default";r=0;t=40' }, 40_000],
  ['a structured header of two, one of them used up', { ratelimit: '"burst";r=5;t=1, "day";r=0;t=70' }, 70_000],
  ['a header that stands twice', { ratelimit: ['"a";r=0;t=1', '"b";r=0;t=2'] }, 2000],
  ['two windows in one, as gateways have it', { 'ratelimit-remaining': '0, 0;w=1', 'ratelimit-reset': '7' }, 7000],
  ['no reset', { 'x-ratelimit-remaining': '0' }, 0],
  ['nonsense', { 'x-ratelimit-remaining': 'none', 'x-ratelimit-reset': 'soon', ratelimit: 'yes' }, 0],
  ['nonsense as a reset', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }, 0],
])('%s', (_, headers, ms) => {
  expect(rateLimitedMs(headers, now)).toBe(ms)
})

test('whatever stands there, it is a time from 0', () => {
  const names = [
    'ratelimit',
    'ratelimit-remaining',
    'ratelimit-reset',
    'x-ratelimit-remaining',
    'x-ratelimit-reset',
    'x-rate-limit-reset',
    'date',
  ]
  const value = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('0', '0;t=5', 'r=0;t=99999999999999999999', '-1'))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), headers => {
      const ms = rateLimitedMs(headers, now)
      expect(ms >= 0 && !Number.isNaN(ms)).toBe(true)
    }),
  )
})
