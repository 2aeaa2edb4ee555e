import { describe, expect, test } from 'vitest'
import { retryAfterMs, timeHints, upstreamTime } from '../../src/source/http-time.ts'

const now = Date.UTC(2026, 0, 2, 12)
const at = (ms: number): string => new Date(ms).toUTCString()

describe("the upstream's own time of the data", () => {
  test.each<[string, Record<string, string | string[]>, number | undefined]>([
    ['Last-Modified', { 'last-modified': at(now - 5000), date: at(now) }, now - 5000],
    ['Date', { date: at(now - 1000) }, now - 1000],
    ['Date less Age', { date: at(now), age: '60' }, now - 60_000],
    ['Date less the first of several Ages', { date: at(now), age: '60, 0' }, now - 60_000],
    ['Date less the first of several Ages, a line each', { date: at(now), age: ['60', '0'] }, now - 60_000],
    ['Date less an Age with a parameter', { date: at(now), age: '60;by=x' }, now - 60_000],
    ['none', {}, undefined],
    ['a Date hours ahead is never later than now', { date: at(now + 7_200_000) }, now],
    ['a Last-Modified hours ahead neither', { 'last-modified': at(now + 7_200_000) }, now],
    ['a Date hours behind is what it says', { date: at(now - 7_200_000) }, now - 7_200_000],
    ['an Age that is none', { date: at(now), age: 'old' }, now],
    ['a Date that is none', { date: 'yesterday' }, undefined],
    ['a Last-Modified that is none', { 'last-modified': '0', date: at(now) }, now],
  ])('%s', (_, headers, expected) => {
    expect(upstreamTime(timeHints(headers), now)).toBe(expected)
  })
})

describe('the three forms of a date in Retry-After, by the clock of the upstream', () => {
  test.each(['Fri, 02 Jan 2026 12:01:00 GMT', 'Friday, 02-Jan-26 12:01:00 GMT', 'Fri Jan  2 12:01:00 2026'])('%s', date => {
    expect(retryAfterMs({ 'retry-after': date }, now)).toBe(60_000)
    expect(retryAfterMs({ 'retry-after': date, date: at(now - 30_000) }, now)).toBe(90_000)
  })
})

describe('what an answer says about time', () => {
  const year = 365 * 86_400_000

  test.each<[string, Record<string, string | string[]>, ReturnType<typeof timeHints>]>([
    ['nothing', {}, {}],
    [
      'all of it',
      { 'last-modified': at(now - 5000), date: at(now), age: '7', 'cache-control': 'public, max-age=60' },
      { lastModifiedAt: now - 5000, dateAt: now, ageMs: 7000, maxAgeMs: 60_000 },
    ],
    ['what shared caches go by', { 'cache-control': 'max-age=1, s-maxage=30' }, { maxAgeMs: 30_000 }],
    ['rules on lines of their own', { 'cache-control': ['public', 'max-age=5'] }, { maxAgeMs: 5000 }],
    ['none that may be kept, on lines of their own', { 'cache-control': ['max-age=5', 'no-store'] }, {}],
    ['a quoted lifetime', { 'cache-control': 'Max-Age="5"' }, { maxAgeMs: 5000 }],
    ['no lifetime where none may be', { 'cache-control': 'no-cache, max-age=60' }, {}],
    [
      'until when it may be kept, where no rule says for how long',
      { date: at(now), expires: at(now + 9000) },
      { dateAt: now, maxAgeMs: 9000 },
    ],
    ['a rule before a date', { date: at(now), expires: at(now + 9000), 'cache-control': 'max-age=1' }, { dateAt: now, maxAgeMs: 1000 }],
    ['no lifetime that is over', { date: at(now), expires: at(now - 9000) }, { dateAt: now }],
    ['no lifetime of another name', { 'cache-control': 'x-max-age=60' }, {}],
    ['no more than a year', { age: '9'.repeat(400), 'cache-control': `max-age=${'9'.repeat(30)}` }, { ageMs: year, maxAgeMs: year }],
    ['what is no time', { age: '-1', 'last-modified': 'never', date: '0', expires: '0', 'cache-control': 'max-age=soon' }, {}],
  ])('%s', (_, headers, expected) => {
    expect(timeHints(headers)).toEqual(expected)
  })
})
