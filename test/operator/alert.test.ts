import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import { compileTemplate } from '../../src/expression/template.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { alert, type Alert } from '../../src/operator/alert.ts'
import { rowsOf, startMs, TimedFeed } from './timed-history.ts'

const cel = (text: string) => compileExpression(text, { origin: 'config' })
const minute = 60_000

function feedOf(options: Partial<Alert> = {}): TimedFeed {
  return new TimedFeed(clock =>
    alert({ when: cel('n < 50'), forMs: minute, keepFiringForMs: 0, onMissing: 'keep', maxGroups: 100, ...options }, clock),
  )
}

/** `state since activeAt` of each alert, times in seconds since the start. */
function told(sample: Sample | undefined): Record<string, string> {
  const second = (cell: unknown): number => (Number(cell) - startMs) / 1000
  const text = (row: Row): string => `${row['state'] as string} ${second(row['since'])} ${second(row['activeAt'])}`
  return Object.fromEntries(Object.entries(sample === undefined ? {} : rowsOf(sample)).map(([key, row]) => [key, text(row)]))
}

const now = (feed: TimedFeed): Record<string, string> => told(feed.runner.emitted.at(-1))

describe('an alert', () => {
  test('is pending, fires at the exact time by itself, is resolved, and stays for 15 min', () => {
    const feed = feedOf()
    expect(told(feed.push(0, { a: { n: 60 }, b: { n: 40 } }))).toEqual({ b: 'pending 0 0' })
    feed.push(50_000)
    feed.runner.advance(9999)
    expect(now(feed)).toEqual({ b: 'pending 0 0' })
    feed.runner.advance(1)
    expect(feed.runner.emitted.at(-1)?.time).toBe(startMs + minute)
    expect(now(feed)).toEqual({ b: 'firing 60 0' })
    expect(told(feed.push(10_000, { b: { n: 50 } }))).toEqual({ b: 'resolved 70 0' })
    feed.runner.advance(15 * minute - 1)
    expect(now(feed)).toEqual({ b: 'resolved 70 0' })
    feed.runner.advance(1)
    expect(now(feed)).toEqual({})
    expect(feed.clock.pending).toBe(0)
  })

  test('has columns of its own, then those of the row, and is about the newest', () => {
    const feed = feedOf({
      severity: 'page',
      text: (row, key) => compileTemplate('{{id}} has {{n}} of {{row.total}}{{x}}', { origin: 'config' }).render(row, key),
      value: row => row['n'] ?? null,
    })
    const { table } = feed.push(0, { a: { n: 4, total: 10, state: 'hidden' } })
    expect(table).toMatchObject({ key: 'key', kind: 'alerts', order: [{ column: 'since', descending: true }] })
    expect(table.columns).toEqual(['key', 'state', 'since', 'activeAt', 'value', 'severity', 'text', 'id', 'n'])
    expect(table.rows.get('a')).toEqual({
      key: 'a',
      state: 'pending',
      since: startMs,
      activeAt: startMs,
      value: 4,
      severity: 'page',
      text: 'a has 4 of 10',
      id: 'a',
      n: 4,
      total: 10,
    })
  })

  test('without a time to wait fires in the tick of its sample', () => {
    expect(told(feedOf({ forMs: 0 }).push(5000, { a: { n: 1 } }))).toEqual({ a: 'firing 5 5' })
  })

  test('that was true not long enough never was', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 } })
    expect(told(feed.push(30_000, { a: { n: 99 } }))).toEqual({})
    feed.runner.advance(10 * minute)
    expect(now(feed)).toEqual({})
    expect(told(feed.push(0, { a: { n: 1 } }))).toEqual({ a: 'pending 630 630' })
  })

  test('with a condition of its own for the end goes on between the two', () => {
    const feed = feedOf({ forMs: 0, resolve: cel('n > 80') })
    feed.push(0, { a: { n: 1 } })
    expect(told(feed.push(1000, { a: { n: 70 } }))).toEqual({ a: 'firing 0 0' })
    expect(told(feed.push(1000, { a: { n: 81 } }))).toEqual({ a: 'resolved 2 0' })
    expect(told(feed.push(1000, { a: { n: 70 } }))).toEqual({ a: 'resolved 2 0' })
    expect(told(feed.push(1000, { a: { n: 1 } }))).toEqual({ a: 'firing 4 4' })
  })

  test('goes on firing for a time, unless it is alarming again', () => {
    const feed = feedOf({ forMs: 0, keepFiringForMs: 30_000 })
    feed.push(0, { a: { n: 1 } })
    feed.push(10_000, { a: { n: 99 } })
    feed.push(10_000, { a: { n: 1 } })
    feed.push(10_000, { a: { n: 98 } })
    feed.runner.advance(29_999)
    expect(now(feed)).toEqual({ a: 'firing 0 0' })
    feed.runner.advance(1)
    expect(now(feed)).toEqual({ a: 'resolved 60 0' })
  })

  test('a row that flaps is resolved by no gap, and its time stands still in it', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 } })
    for (let i = 0; i < 3; i++) {
      feed.push(10_000, { a: undefined })
      expect(told(feed.push(40_000, { a: { n: 1 } }))).toEqual({ a: 'pending 0 0' })
    }
    feed.runner.advance(29_999)
    expect(now(feed)).toEqual({ a: 'pending 0 0' })
    feed.runner.advance(1)
    expect(now(feed)).toEqual({ a: 'firing 180 0' })
    feed.push(0, { a: { n: null } })
    feed.runner.advance(60 * minute)
    expect(told(feed.push(0, { a: undefined }))).toEqual({ a: 'firing 180 0' })
    expect(told(feed.push(0, { a: { n: 60 } }))).toEqual({ a: 'resolved 3780 0' })
  })

  test('of a row that is gone is resolved where it is to be, and fires where that is what it is for', () => {
    const gone = feedOf({ onMissing: 'resolve', forMs: 0 })
    gone.push(0, { a: { n: 1 }, b: { n: 99 } })
    expect(told(gone.push(1000, { a: undefined, b: undefined }))).toEqual({ a: 'resolved 1 0' })
    const dead = feedOf({ onMissing: 'fire' })
    dead.push(0, { a: { n: 99 } })
    dead.push(1000, { a: undefined })
    dead.runner.advance(minute)
    expect(now(dead)).toEqual({ a: 'firing 61 1' })
    expect(told(dead.push(1000, { a: { n: 99 } }))).toEqual({ a: 'resolved 62 1' })
  })

  test('steps of the wall clock neither fire nor hold it back; times are told by the clock as it was', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 } })
    feed.clock.setWall(feed.clock.now() + 3_600_000)
    expect(told(feed.push(30_000))).toEqual({ a: 'pending 0 0' })
    feed.clock.setWall(feed.clock.now() - 7_200_000)
    feed.runner.advance(29_999)
    expect(now(feed)).toEqual({ a: 'pending 0 0' })
    feed.runner.advance(1)
    expect(now(feed)).toEqual({ a: `firing ${60 - 3600} 0` })
  })

  test('a sample that was proven after an alert fired, but came before it was told, changes what it finds', () => {
    const feed = feedOf()
    feed.push(0, { a: { n: 1 } })
    feed.runner.advance(minute)
    const time = feed.clock.now() - 5
    expect(told(feed.push(0, { a: { n: 99 } }, { time }))).toEqual({ a: 'resolved 60 0' })
  })

  test('a row that stays is not judged again', () => {
    let judged = 0
    const when = (row: Row): boolean => {
      judged++
      return Number(row['n']) < 50
    }
    const feed = feedOf({ when })
    feed.push(0, { a: { n: 1 }, b: { n: 1 } })
    for (let i = 0; i < 20; i++) feed.push(10_000, { b: { n: i } })
    expect(judged).toBe(22)
  })

  test('over the cap further ones are left out until there is room, and the feed says so', () => {
    const feed = feedOf({ forMs: 0, maxGroups: 2 })
    const first = feed.push(0, { a: { n: 1 }, b: { n: 1 }, c: { n: 1 }, d: { n: 1 } })
    expect(told(first)).toEqual({ a: 'firing 0 0', b: 'firing 0 0' })
    expect(first.degraded).toEqual({ cause: 'cardinality', reason: 'maxGroups: 2 alerts are held, 2 others are left out' })
    feed.push(1000, { a: { n: 99 }, d: { n: 99 } })
    feed.runner.advance(15 * minute)
    expect(now(feed)).toEqual({ b: 'firing 0 0', c: 'firing 901 901' })
    expect(feed.runner.emitted.at(-1)?.degraded).toBeUndefined()
  })
})
