import { describe, expect, test } from 'vitest'
import type { FeedStats, TableView } from '../../src/client/face.ts'
import { cardQuery } from '../../src/dashboard/card-query.ts'
import { FrameLog } from '../../src/dashboard/frame-log.ts'
import { stepFacts, wayTo } from '../../src/dashboard/step-facts.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('frames that were seen', () => {
  const stats = (messages: number, bytes: number): FeedStats => ({ messages, bytes, snapshots: 1, deltas: messages - 1, resyncs: 0 })
  const table = (version: number) => ({ version }) as TableView
  const changes = new Map([['a', undefined]])

  test('are what came since the last one, the newest first; what is shown again without any is none', () => {
    const log = new FrameLog(new ManualClock(5000))
    log.note(stats(1, 900), { type: 'snapshot', table: table(3), changes })
    log.note(stats(3, 1000), { type: 'delta', table: table(9), changes })
    log.note(stats(3, 1000), { type: 'delta', table: table(9), changes })
    expect(log.frames.map(({ type, messages, bytes, version, rows, at }) => [type, messages, bytes, version, rows, at])).toEqual([
      ['delta', 2, 100, 9, 1, 5000],
      ['snapshot', 1, 900, 3, 1, 5000],
    ])
  })

  test('of another view count from nothing; the last 60 are kept', () => {
    const log = new FrameLog(new ManualClock())
    log.note(stats(9, 9000), { type: 'snapshot', table: table(1), changes })
    log.note(stats(1, 500), { type: 'snapshot', table: table(1), changes })
    expect(log.frames[0]?.bytes).toBe(500)
    for (let i = 2; i < 100; i++) log.note(stats(i, 500 + i), { type: 'delta', table: table(i), changes })
    expect(log.frames).toHaveLength(60)
  })
})

describe('the way to a feed', () => {
  const from = (feed: string, ...inputs: string[]) => stepFacts({ feed, step: 0, kind: 'from', inputs })

  test('begins at the sources and ends at it; what is reached twice is there once', () => {
    const steps = [from('low', 'regions', 'names'), from('regions', 'stations'), from('names', 'stations')]
    expect(wayTo('low', steps)).toEqual(['stations', 'regions', 'names', 'low'])
    expect(wayTo('stations', steps)).toEqual(['stations'])
  })

  test('ends also where rows of two times meet that make a circle', () => {
    expect(wayTo('a', [from('a', 'b'), from('b', 'a')])).toEqual(['b', 'a'])
  })

  test('rows are read as far as they are known', () => {
    expect(stepFacts({ feed: 'a', step: 1, kind: 'where', rowsIn: 3, inputs: [1, 'x'] })).toMatchObject({
      rowsIn: 3,
      rowsOut: undefined,
      inputs: ['x'],
      error: '',
    })
  })
})

test('a card asks for little, seldom: the newest of a series, the alerts that fire', () => {
  expect(['table', 'series', 'alerts', 'events'].map(cardQuery)).toEqual([
    { limit: 4, throttle: 1000 },
    { order: ['-time'], limit: 240, throttle: 1000 },
    { order: ['state', '-since'], limit: 4, throttle: 1000 },
    { limit: 4, throttle: 1000 },
  ])
})
