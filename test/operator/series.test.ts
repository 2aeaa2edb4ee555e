import { describe, expect, test } from 'vitest'
import type { Extent } from '../../src/lib/option.ts'
import type { Cell, Row } from '../../src/model/row.ts'
import { events, type Events } from '../../src/operator/events.ts'
import { series, type Series } from '../../src/operator/series.ts'
import { rowsOf, startMs, TimedFeed } from './timed-history.ts'

const n = (row: Row): Cell => row['n'] ?? null
const three: Extent = { kind: 'count', count: 3 }

describe('series', () => {
  const seriesOf = (options: Partial<Series> = {}, header = { key: 'id', columns: ['id', 'n'] }): TimedFeed =>
    new TimedFeed(clock => series({ columns: new Map([['value', n]]), keep: three, maxPoints: 1000, ...options }, clock), header)

  test('a point for each row and sample, also where nothing changed', () => {
    const feed = seriesOf()
    feed.push(0, { a: { n: 1 }, b: { n: 5 } })
    const { table } = feed.push(1000, { b: undefined })
    expect(table).toMatchObject({ key: '#', columns: ['#', 'time', 'id', 'value'], kind: 'series' })
    expect([...table.rows.values()]).toEqual([
      { '#': `["a",${startMs}]`, time: startMs, id: 'a', value: 1 },
      { '#': `["b",${startMs}]`, time: startMs, id: 'b', value: 5 },
      { '#': `["a",${startMs + 1000}]`, time: startMs + 1000, id: 'a', value: 1 },
    ])
    feed.push(1000)
    expect(feed.push(1000).table.rows.size).toBe(3)
  })

  test('the one row of totals is one series, whose key is the time', () => {
    const feed = seriesOf({}, { key: '#', columns: ['#', 'n'] })
    const { table } = feed.push(0, { '': { n: 1 } })
    expect([table.key, table.columns]).toEqual(['time', ['time', 'value']])
    expect(rowsOf(feed.push(1000, { '': { n: 2 } }))).toEqual({
      [startMs]: { time: startMs, value: 1 },
      [startMs + 1000]: { time: startMs + 1000, value: 2 },
    })
  })

  test('a total beside other rows is one of many series, and stays one', () => {
    const feed = seriesOf({}, { key: '#', columns: ['#', 'n'] })
    const shown = (changed: Readonly<Record<string, Row | undefined>>): unknown => {
      const { table } = feed.push(1000, changed)
      return [table.key, [...table.rows.values()].map(row => row['value'])]
    }
    expect(shown({ '': { '#': '', n: 1 } })).toEqual(['time', [1]])
    expect(shown({ '["a"]': { '#': '["a"]', n: 2 } })).toEqual(['#', [1, 2]])
    expect(shown({ '["a"]': undefined })).toEqual(['#', [1, 2, 1]])
  })

  test('of minutes', () => {
    const feed = seriesOf({ keep: { kind: 'time', ms: 120_000 } }, { key: '#', columns: ['#', 'n'] })
    const values = [1, 2, 3, 4, 5].map(value => [...feed.push(60_000, { '': { n: value } }).table.rows.values()].map(row => row['value']))
    expect(values.slice(-2)).toEqual([
      [3, 4],
      [4, 5],
    ])
  })

  test('a clock that is set back loses no point, and a time that comes again is the newer point', () => {
    const feed = seriesOf({ keep: { kind: 'time', ms: 10_000 } }, { key: '#', columns: ['#', 'n'] })
    for (let i = 0; i < 5; i++) feed.push(1000, { '': { n: i } })
    feed.clock.setWall(feed.clock.now() - 3000)
    for (let i = 5; i < 7; i++) feed.push(1000, { '': { n: i } })
    expect([...feed.push(1000, { '': { n: 7 } }).table.rows.values()].map(row => row['value'])).toEqual([0, 1, 5, 6, 7])
    expect(feed.push(8500).table.rows.size).toBe(3)
  })

  test('over the cap the oldest go, and the feed says so', () => {
    const feed = seriesOf({ maxPoints: 2 })
    feed.push(0, { a: { n: 1 } })
    expect(feed.push(1000).degraded).toBeUndefined()
    const { table, degraded } = feed.push(1000)
    expect([...table.rows.values()].map(row => row['time'])).toEqual([startMs + 1000, startMs + 2000])
    expect(degraded).toEqual({ cause: 'cardinality', reason: 'maxPoints: 2 points are held, the oldest are gone' })
  })

  test('of a series names its rows by key', () => {
    const feed = seriesOf({}, { key: 'time', columns: ['time', 'n'] })
    const row = [...feed.push(0, { 7: { time: 7, n: 1 } }).table.rows.values()][0]
    expect(row).toEqual({ '#': `[7,${startMs}]`, time: startMs, key: 7, value: 1 })
  })
})

describe('events', () => {
  const eventsOf = (options: Partial<Events> = {}): TimedFeed =>
    new TimedFeed(clock => events({ keep: three, maxPoints: 1000, ...options }, clock), { key: 'id', columns: ['id', 'n', 'key'] })

  test('appeared, changed, left; the newest first; nothing of the first sample', () => {
    const feed = eventsOf({ keep: { kind: 'count', count: 10 } })
    const { table } = feed.push(0, { a: { n: 1 } })
    expect(table).toMatchObject({ key: 'seq', columns: ['seq', 'time', 'change', 'key', 'id', 'n'], kind: 'events' })
    expect([table.rows.size, table.order]).toEqual([0, [{ column: 'seq', descending: true }]])
    feed.push(1000, { b: { n: 2, key: 'mine' }, a: { n: 3 } })
    expect(Object.values(rowsOf(feed.push(1000, { a: undefined })))).toEqual([
      { seq: 1, time: startMs + 1000, change: 'changed', key: 'a', id: 'a', n: 3 },
      { seq: 2, time: startMs + 1000, change: 'appeared', key: 'b', id: 'b', n: 2 },
      { seq: 3, time: startMs + 2000, change: 'left', key: 'a', id: 'a', n: 3 },
    ])
  })

  test('of some columns only', () => {
    const feed = eventsOf({ columns: ['n'] })
    feed.push(0, { a: { n: 1, other: 1 } })
    feed.push(1000, { a: { n: 1, other: 2 } })
    expect(feed.push(1000, { a: { n: 2, other: 2 } }).table.rows.size).toBe(1)
  })

  test('the last so many, or those of a time', () => {
    const counted = eventsOf()
    counted.push(0, {})
    for (let i = 0; i < 5; i++) counted.push(1000, { [`k${i}`]: { n: i } })
    expect(Object.keys(rowsOf(counted.push(0)))).toEqual(['3', '4', '5'])
    const timed = eventsOf({ keep: { kind: 'time', ms: 2500 } })
    timed.push(0, {})
    for (let i = 0; i < 5; i++) timed.push(1000, { [`k${i}`]: { n: i } })
    expect(Object.keys(rowsOf(timed.push(1000)))).toEqual(['4', '5'])
  })

  test('over the cap the oldest go, and the feed says so', () => {
    const feed = eventsOf({ maxPoints: 2 })
    feed.push(0, {})
    const { table, degraded } = feed.push(0, { a: {}, b: {}, c: {} })
    expect([...table.rows.keys()]).toEqual(['2', '3'])
    expect(degraded).toEqual({ cause: 'cardinality', reason: 'maxPoints: 2 events are held, the oldest are gone' })
  })
})
