import { describe, expect, test } from 'vitest'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { change } from '../../src/operator/change.ts'
import { rate, type Rate } from '../../src/operator/rate.ts'
import { TimedFeed } from './timed-history.ts'

const perSecond = new Map([['rate', (row: Row): Cell => row['n'] ?? null]])

function counter(options: Partial<Rate> = {}): TimedFeed {
  return new TimedFeed(clock => rate({ overMs: 60_000, columns: perSecond, maxPoints: 1000, ...options }, clock))
}

function rates(sample: Sample, column = 'rate'): Record<string, Cell> {
  return Object.fromEntries([...sample.table.rows].map(([key, row]) => [key, row[column] ?? null]))
}

describe('rate', () => {
  test('the rise a second over the samples of the time, absent while there is one', () => {
    const feed = counter({ overMs: 25_000 })
    expect(rates(feed.push(0, { a: { n: 100 } }))).toEqual({ a: null })
    expect(rates(feed.push(10_000, { a: { n: 150 } }))).toEqual({ a: 5 })
    expect(rates(feed.push(10_000, { a: { n: 160 } }))).toEqual({ a: 3 })
    expect(rates(feed.push(10_000))).toEqual({ a: 0.5 }) // from 150 to 160 in 20 s
    expect(rates(feed.push(10_000))).toEqual({ a: 0 })
  })

  test('a fall is a reset: what was counted before it is not lost', () => {
    const feed = counter()
    feed.push(0, { a: { n: 100 } })
    feed.push(10_000, { a: { n: 130 } })
    expect(rates(feed.push(10_000, { a: { n: 10 } }))).toEqual({ a: 2 }) // 30 + 10 in 20 s
    expect(rates(feed.push(10_000, { a: { n: 40 } }))).toEqual({ a: 70 / 30 })
  })

  test('a counter that is reset with every sample', () => {
    const feed = counter()
    for (let i = 0; i < 4; i++) feed.push(10_000, { a: { n: 10 - i } })
    expect(rates(feed.push(0, { a: { n: 6 } }))).toEqual({ a: (6 - 10 + 10 + 9 + 8 + 7) / 30 })
  })

  test('what is no number is no sample; NaN and the infinite are none', () => {
    const feed = counter()
    feed.push(0, { a: { n: 1 }, b: { n: 'x' } })
    feed.push(10_000, { a: { n: null }, b: { n: Number.NaN } })
    expect(rates(feed.push(10_000, { a: { n: 21 }, b: { n: Infinity } }))).toEqual({ a: 1, b: null })
    expect(rates(feed.push(10_000, { a: { n: 1e308 }, b: { n: 1 } }))).toEqual({ a: 1e308 / 30, b: null })
  })

  test('two samples of one instant have no rate', () => {
    const feed = counter()
    feed.push(0, { a: { n: 1 } })
    expect(rates(feed.push(0, { a: { n: 5 } }))).toEqual({ a: null })
  })

  test('a row that returns begins anew', () => {
    const feed = counter()
    feed.push(0, { a: { n: 1 } })
    feed.push(10_000, { a: undefined })
    expect(rates(feed.push(10_000, { a: { n: 100 } }))).toEqual({ a: null })
  })

  test('after a pause longer than it looks back, all rows wait for a second sample', () => {
    const feed = counter({ overMs: 30_000 })
    feed.push(0, { a: { n: 1 }, b: { n: 1 } })
    feed.push(10_000, { a: { n: 11 } })
    expect(rates(feed.push(60_000))).toEqual({ a: null, b: null })
    expect(rates(feed.push(10_000))).toEqual({ a: 0, b: 0 })
  })

  test('steps of the wall clock change no rate', () => {
    const feed = counter()
    feed.push(0, { a: { n: 0 } })
    feed.clock.setWall(feed.clock.now() + 3_600_000)
    expect(rates(feed.push(10_000, { a: { n: 10 } }))).toEqual({ a: 1 })
    feed.clock.setWall(feed.clock.now() - 7_200_000)
    expect(rates(feed.push(10_000, { a: { n: 20 } }))).toEqual({ a: 1 })
  })

  test('a sample that is older than the one before it counts as of the same instant', () => {
    const feed = counter()
    feed.push(0, { a: { n: 0 } })
    feed.push(10_000, { a: { n: 10 } })
    const time = feed.clock.now() - 5000
    expect(rates(feed.push(0, { a: { n: 20 } }, { time }))).toEqual({ a: 2 })
  })

  test('over the cap the oldest samples are forgotten, and the feed says so', () => {
    const feed = counter({ maxPoints: 3 })
    feed.push(0, { a: { n: 0 } })
    feed.push(10_000, { a: { n: 100 } })
    expect(feed.push(10_000, { a: { n: 110 } }).degraded).toBeUndefined()
    const { degraded, ...sample } = feed.push(10_000, { a: { n: 120 } })
    expect(degraded).toEqual({ cause: 'cardinality', reason: 'maxPoints: 3 numbers are held, what is older is forgotten' })
    expect(rates(sample)).toEqual({ a: 1 })
  })
})

describe('change', () => {
  const moved = (overMs?: number): TimedFeed =>
    new TimedFeed(clock => change({ columns: perSecond, maxPoints: 1000, ...(overMs === undefined ? {} : { overMs }) }, clock))

  test('to the previous sample', () => {
    const feed = moved()
    expect(rates(feed.push(0, { a: { n: 5 }, b: { n: 1 } }))).toEqual({ a: null, b: null })
    expect(rates(feed.push(1000, { a: { n: 7 }, b: { n: null } }))).toEqual({ a: 2, b: null })
    expect(rates(feed.push(1000))).toEqual({ a: 0, b: null })
    expect(rates(feed.push(1000, { b: { n: 3 } }))).toEqual({ a: 0, b: null })
    expect(rates(feed.push(1000, { a: { n: 6 } }))).toEqual({ a: -1, b: 0 })
  })

  test('to a time ago: the last sample that old; null while there is none', () => {
    const feed = moved(25_000)
    feed.push(0, { a: { n: 1 } })
    feed.push(10_000, { a: { n: 2 } })
    expect(rates(feed.push(10_000, { a: { n: 4 } }))).toEqual({ a: null })
    expect(rates(feed.push(10_000))).toEqual({ a: 3 })
    expect(rates(feed.push(10_000, { a: { n: 8 } }))).toEqual({ a: 6 })
    expect(rates(feed.push(60_000))).toEqual({ a: 0 })
  })

  test('a quiet row is not looked at', () => {
    const looks: string[] = []
    const look = (row: Row, key: string): Cell => {
      looks.push(key)
      return row['n'] ?? null
    }
    const feed = new TimedFeed(clock => change({ overMs: 5000, columns: new Map([['d', look]]), maxPoints: 1000 }, clock))
    feed.push(0, { a: { n: 1 }, b: { n: 1 } })
    feed.push(1000, { a: { n: 2 } })
    for (let i = 0; i < 10; i++) expect(feed.push(1000).changes === 'all').toBe(false)
    expect(looks).toEqual(['a', 'b', 'a'])
  })
})
