import { describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import { fill } from '../../src/operator/fill.ts'
import { keep, type Keep } from '../../src/operator/keep.ts'
import { rowsOf, TimedFeed } from './timed-history.ts'

describe('keep', () => {
  const kept = (options: Keep): TimedFeed => new TimedFeed(clock => keep(options, clock))
  const count = (rows: number): Keep => ({ extent: { kind: 'count', count: rows } })

  test('rows that left stay as they were last, the newest by first sight, up to so many in all', () => {
    const feed = kept(count(3))
    feed.push(0, { a: { n: 1 }, b: { n: 1 } })
    feed.push(1000, { a: { n: 2 }, c: { n: 1 } })
    expect(rowsOf(feed.push(1000, { a: undefined }))['a']).toEqual({ id: 'a', n: 2 })
    feed.push(1000, { c: undefined })
    expect(Object.keys(rowsOf(feed.push(1000, { d: { n: 1 } })))).toEqual(['b', 'c', 'd'])
  })

  test('rows that are there never go, however many', () => {
    const feed = kept(count(1))
    expect(Object.keys(rowsOf(feed.push(0, { a: {}, b: {}, c: {} })))).toEqual(['a', 'b', 'c'])
    expect(Object.keys(rowsOf(feed.push(0, { b: undefined })))).toEqual(['a', 'c'])
  })

  test('a row that returns is the one it was', () => {
    const feed = kept(count(2))
    feed.push(0, { a: { n: 1 } })
    feed.push(1000, { b: { n: 1 } })
    feed.push(1000, { a: undefined, b: undefined })
    feed.push(1000, { a: { n: 5 } })
    feed.push(1000, { a: undefined })
    // Of the two that left, a was seen first.
    expect(rowsOf(feed.push(1000, { c: { n: 1 } }))).toEqual({ b: { id: 'b', n: 1 }, c: { id: 'c', n: 1 } })
  })

  test('rows first seen within a time', () => {
    const feed = kept({ extent: { kind: 'time', ms: 5000 } })
    feed.push(0, { a: { n: 1 } })
    feed.push(2000, { a: undefined, b: { n: 1 } })
    expect(Object.keys(rowsOf(feed.push(2000, { b: undefined })))).toEqual(['a', 'b'])
    expect(Object.keys(rowsOf(feed.push(1000)))).toEqual(['b'])
    expect(Object.keys(rowsOf(feed.push(2000)))).toEqual([])
  })

  test('over the cap the oldest that left go, and the feed says so', () => {
    const feed = kept({ extent: { kind: 'time', ms: 5000 }, maxPoints: 2 })
    feed.push(0, { a: {}, b: {} })
    const { table, degraded } = feed.push(0, { a: undefined, c: {} })
    expect([...table.rows.keys()]).toEqual(['b', 'c'])
    expect(degraded).toEqual({ cause: 'cardinality', reason: 'maxPoints: 2 rows are held, the oldest that left are gone' })
  })
})

describe('fill', () => {
  const filled = (maxAgeMs?: number): TimedFeed =>
    new TimedFeed(clock =>
      fill(
        {
          columns: new Map<string, 'last' | number | boolean>([
            ['n', 'last'],
            ['zero', 0],
            ['id', 9],
          ]),
          ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
        },
        clock,
      ),
    )
  const value = (feed: TimedFeed, ms: number, row?: Row): unknown => rowsOf(feed.push(ms, row === undefined ? {} : { a: row }))['a']?.['n']

  test('the last cell that was not null, or a constant; the key stays', () => {
    const feed = filled()
    expect(rowsOf(feed.push(0, { a: { n: null }, b: { n: 3, zero: 4 } }))).toEqual({
      a: { id: 'a', n: null, zero: 0 },
      b: { id: 'b', n: 3, zero: 4 },
    })
    expect(feed.push(0).table.columns).toEqual(['id', 'n', 'zero'])
    expect(value(feed, 1000, { n: 7 })).toBe(7)
    expect(value(feed, 1000, { n: null })).toBe(7)
    expect(value(feed, 1_000_000)).toBe(7)
  })

  test('up to an age, counted from the last sample that had it', () => {
    const feed = filled(3000)
    value(feed, 0, { n: 7 })
    value(feed, 5000)
    expect(value(feed, 1000, { n: null })).toBe(7)
    expect(value(feed, 2000)).toBe(7)
    expect(value(feed, 1)).toBeNull()
    expect(value(feed, 1000, { n: null, other: 1 })).toBeNull()
    expect(value(feed, 1000, { n: 8 })).toBe(8)
  })

  test('a row that leaves takes what it was with it', () => {
    const feed = filled()
    value(feed, 0, { n: 7 })
    feed.push(1000, { a: undefined })
    expect(value(feed, 1000, { n: null })).toBeNull()
  })
})
