import { describe, expect, test } from 'vitest'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import type { Aggregate } from '../../src/operator/aggregate.ts'
import { window, type Window } from '../../src/operator/window.ts'
import { rowsOf, startMs, TimedFeed } from './timed-history.ts'

const n = (row: Row): Cell => row['n'] ?? null
const average: ReadonlyMap<string, Aggregate> = new Map([['avg', { name: 'avg', value: n }]])
const minute = 60_000

function feedOf(options: Partial<Window> = {}): TimedFeed {
  return new TimedFeed(clock => window({ sizeMs: minute, columns: average, latenessMs: 10_000, maxGroups: 100, ...options }, clock))
}

/** What came out last, by a push or a timer. */
function lastOf(feed: TimedFeed): Sample {
  const last = feed.runner.emitted.at(-1)
  if (last === undefined) throw new Error('nothing came out')
  return last
}

describe('a window', () => {
  test('begins at whole multiples of its size, ends on time by itself, and the next sample begins another', () => {
    const feed = feedOf()
    expect(startMs % minute).toBe(0)
    expect(rowsOf(feed.push(20_000, { a: { n: 1 } }))).toEqual({ a: { id: 'a', avg: 1, final: false } })
    expect(rowsOf(feed.push(20_000, { a: { n: 4 } }))).toEqual({ a: { id: 'a', avg: 2.5, final: false } })
    feed.runner.advance(19_999)
    expect(feed.runner.emitted).toHaveLength(2)
    feed.runner.advance(1)
    expect(feed.runner.emitted).toHaveLength(3)
    expect(rowsOf(lastOf(feed))).toEqual({ a: { id: 'a', avg: 2.5, final: true } })
    expect(lastOf(feed).time).toBe(startMs + minute)
    expect(rowsOf(feed.push(5000))).toEqual({ a: { id: 'a', avg: 4, final: false } })
  })

  test('stays final while no sample comes', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 } })
    feed.runner.advance(10 * minute)
    expect(feed.runner.emitted).toHaveLength(2)
    expect(rowsOf(lastOf(feed))).toEqual({ a: { id: 'a', avg: 1, final: true } })
    expect(feed.clock.pending).toBe(0)
  })

  test('of a row that left goes on to its end', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 }, b: { n: 2 } })
    expect(rowsOf(feed.push(10_000, { a: undefined }))['a']).toEqual({ id: 'a', avg: 1, final: false })
    feed.runner.advance(50_000)
    expect(rowsOf(lastOf(feed))['a']).toMatchObject({ final: true })
    expect(Object.keys(rowsOf(feed.push(1000)))).toEqual(['b'])
  })

  test('ends also where its timer runs late: what ended comes out before the sample', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 } })
    const seen: [time: number, final: Cell | undefined][] = []
    // Once the wall clock has stepped, the end comes before the timer that was set for it.
    feed.clock.setWall(feed.clock.now() + 25_000)
    feed.runner.advance(40_000)
    expect(feed.runner.emitted).toHaveLength(1)
    const { table } = lastOf(feed)
    feed.runner.push({ table: { ...table, rows: feed.rows }, changes: new Map(), tick: 2, time: feed.clock.now() }, sample =>
      seen.push([sample.time, sample.table.rows.get('a')?.['final']]),
    )
    expect(seen).toEqual([
      [startMs + minute, true],
      [startMs + 65_000, false],
    ])
  })
})

describe('a window that slides', () => {
  const sliding = { sizeMs: minute, slideMs: 20_000 }

  test('moves with the samples, and has no end', () => {
    const feed = feedOf(sliding)
    const shown = [10, 20, 30, 40].map(value => rowsOf(feed.push(20_000, { a: { n: value } }))['a'])
    expect(shown).toEqual([10, 15, 20, 30].map(avg => ({ id: 'a', avg })))
    feed.runner.advance(10 * minute)
    expect(feed.runner.emitted).toHaveLength(4)
    expect(rowsOf(feed.push(0))['a']).toEqual({ id: 'a', avg: 40 })
  })

  test('a row that stays costs nothing', () => {
    let looks = 0
    const value = (row: Row): Cell => {
      looks += 1
      return row['n'] ?? null
    }
    const feed = feedOf({ ...sliding, columns: new Map([['max', { name: 'max', value }]]) })
    feed.push(0, { a: { n: 1 }, b: { n: 1 } })
    for (let i = 0; i < 20; i++) expect(feed.push(10_000, { b: { n: i } }).changes).not.toContain('a')
    expect(looks).toBe(22)
  })

  test('the average of what stays is that, to the last digit', () => {
    const feed = feedOf(sliding)
    feed.push(0, { a: { n: 0.1 } })
    feed.push(1000)
    expect(rowsOf(feed.push(1000))['a']).toEqual({ id: 'a', avg: 0.1 })
  })
})

describe('steps of the wall clock', () => {
  const counted: ReadonlyMap<string, Aggregate> = new Map([['n', { name: 'count' }]])

  test.each([3_600_000, -3_600_000, 7 * 86_400_000 + 20_000, -20_000, 90_000])('of %d ms neither empty nor double a window', step => {
    const feed = feedOf({ sizeMs: minute, slideMs: 10_000, columns: counted })
    for (let i = 0; i < 20; i++) feed.push(10_000, { a: { n: i } })
    feed.clock.setWall(feed.clock.now() + step)
    const after = Array.from({ length: 20 }, (_, i) => rowsOf(feed.push(10_000, { a: { n: i } }))['a']?.['n'] as number)
    for (const count of after) expect(Math.abs(count - 6)).toBeLessThanOrEqual(1)
  })

  test('windows end at whole multiples of their size by the clock as it stands', () => {
    const feed = feedOf({ columns: counted })
    feed.push(30_000, { a: { n: 1 } })
    feed.clock.setWall(startMs - 3_600_000 + 50_000)
    feed.push(0)
    feed.runner.advance(9000)
    feed.push(0)
    feed.runner.advance(1000)
    expect(feed.clock.now() % minute).toBe(0)
    expect(rowsOf(lastOf(feed))['a']).toMatchObject({ final: true })
  })

  test('a sample that is older than the one before it counts as of the same instant', () => {
    const feed = feedOf({ columns: counted })
    feed.push(minute - 1000, { a: { n: 1 } })
    feed.push(2000)
    expect(rowsOf(feed.push(0, {}, { time: startMs }))['a']).toEqual({ id: 'a', n: 2, final: false })
  })
})

describe('a window by time', () => {
  const columns: ReadonlyMap<string, Aggregate> = new Map([
    ['n', { name: 'count' }],
    ['last', { name: 'last', value: n }],
  ])
  const dated = (options: Partial<Window> = {}): TimedFeed =>
    new TimedFeed(
      clock =>
        window({ sizeMs: minute, columns, time: (row: Row) => row['at'] ?? null, latenessMs: 10_000, maxGroups: 100, ...options }, clock),
      { key: 'id', columns: ['id', 'n', 'at'] },
    )
  const at = (second: number): number => startMs + second * 1000

  test('counts a row once, and again when it or its time changes', () => {
    const feed = dated()
    feed.push(30_000, { a: { n: 1, at: at(21) } })
    feed.push(1000, { a: { n: 1, at: at(21), other: 'new' } })
    feed.push(1000, { a: { n: 1, at: at(22) } })
    feed.push(1000, { a: { n: 2, at: at(22) } })
    expect(rowsOf(feed.push(1000))['a']).toEqual({ id: 'a', n: 3, last: 2, final: false })
  })

  test('takes ISO 8601, and the time of the sample where a row has none or one to come', () => {
    const feed = dated()
    const iso = new Date(at(1)).toISOString()
    const sample = feed.push(30_000, { a: { n: 1, at: iso }, b: { n: 2, at: null }, c: { n: 3, at: at(1e6) }, d: { n: 4, at: 'nonsense' } })
    feed.runner.advance(10_000)
    expect(Object.keys(rowsOf(sample))).toEqual(['a', 'b', 'c', 'd'])
  })

  test('waits for what is late, then ends; what is later is dropped and counted', () => {
    const feed = dated()
    feed.push(50_000, { a: { n: 1, at: at(45) } })
    feed.push(15_000, { a: { n: 2, at: at(59) }, b: { n: 9, at: at(64) } })
    expect(rowsOf(lastOf(feed))).toEqual({ a: { id: 'a', n: 2, last: 2, final: false } })
    feed.runner.advance(5000)
    expect(lastOf(feed).time).toBe(at(70))
    expect(rowsOf(lastOf(feed))).toEqual({ a: { id: 'a', n: 2, last: 2, final: true } })
    const sample = feed.push(1000, { a: { n: 3, at: at(58) } })
    expect(rowsOf(sample)).toEqual({ b: { id: 'b', n: 1, last: 9, final: false } })
    expect(sample.degraded).toEqual({ cause: 'rows', reason: 'late: 1 row came after their window ended' })
    feed.push(70_000)
    expect(feed.push(1000).degraded).toBeUndefined()
  })

  test('what is older than the first sample is not late', () => {
    expect(dated().push(0, { a: { n: 1, at: at(-3600) } }).degraded).toBeUndefined()
  })

  test('that slides takes whatever lies in it', () => {
    const feed = dated({ slideMs: 20_000 })
    feed.push(50_000, { a: { n: 1, at: at(45) } })
    const sample = feed.push(0, { a: { n: 2, at: at(3) } })
    expect(rowsOf(sample)['a']).toEqual({ id: 'a', n: 2, last: 1 })
    expect(rowsOf(feed.push(20_000))['a']).toEqual({ id: 'a', n: 1, last: 1 })
  })
})

test('over the cap further rows are left out until there is room, and the feed says so', () => {
  const feed = feedOf({ maxGroups: 2, sizeMs: 10_000 })
  const first = feed.push(0, { a: { n: 1 }, b: { n: 1 }, c: { n: 1 }, d: { n: 1 } })
  expect(Object.keys(rowsOf(first))).toEqual(['a', 'b'])
  expect(first.degraded).toEqual({ cause: 'cardinality', reason: 'maxGroups: windows of 2 rows are held, 2 others are left out' })
  feed.push(1000, { a: undefined, d: undefined })
  feed.push(10_000)
  const last = feed.push(1000)
  expect(Object.keys(rowsOf(last))).toEqual(['b', 'c'])
  expect(last.degraded).toBeUndefined()
})
