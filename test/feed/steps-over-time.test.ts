import { beforeEach, describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { Graph } from '../../src/feed/graph.ts'
import type { Tick } from '../../src/feed/graph-listener.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import { RecordedLog } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const minute = 60_000
const startMs = 1_769_090_400_000

let clock: ManualClock
let log: RecordedLog
let s: ScriptedSource
let t: ScriptedSource
let ticks: Tick[]

beforeEach(() => {
  clock = new ManualClock(startMs)
  log = new RecordedLog()
  s = new ScriptedSource('s', clock)
  t = new ScriptedSource('t', clock)
  ticks = []
})

/** The feeds of a config over the sources `s` and `t`, whose polls the test makes. */
function graphOf(feeds: object): Graph {
  const result = configOf({ sources: { s: 'http://x', t: 'http://y' }, feeds })
  if (!result.ok) throw new Error(result.problems.map(problem => problem.message).join('; '))
  const random = seededRandom(1)
  const compiled = compileConfig(result.config, { clock, random, log: log.logger, limited: () => undefined })
  const graph = new Graph({ sources: [s.definition, t.definition], feeds: compiled.feeds, clock, random, log: log.logger })
  graph.listen({ tick: tick => void ticks.push(tick), freshness: () => undefined })
  graph.start()
  return graph
}

function rows(graph: Graph, name: string): Row[] {
  return [...(graph.feed(name)?.store.rows() ?? [])].map(([, row]) => row)
}

const changedIn = (tick: Tick | undefined): string[] => [...(tick?.changed.keys() ?? [])].map(({ name }) => name)

describe('without a reader', () => {
  test('an alert keeps its source polled, fires in the tick of its sample and, with a time to wait, at the exact time', () => {
    const graph = graphOf({
      now: { from: 's', steps: [{ alert: { when: 'n < 5' } }] },
      later: { from: 's', steps: [{ alert: { when: 'n < 5', for: '1m', severity: 'page', text: '{{id}} has {{n}}' } }] },
      quiet: { from: 't', steps: [{ where: 'n < 5' }] },
    })
    expect([s.polling, t.polling]).toEqual([true, false])
    s.answer([{ id: 'a', n: 1 }])
    expect(changedIn(ticks[0])).toEqual(['s', 'now', 'later'])
    expect(rows(graph, 'now')[0]).toMatchObject({ key: 'a', state: 'firing' })
    clock.advance(minute - 1)
    expect(ticks).toHaveLength(1)
    clock.advance(1)
    expect(changedIn(ticks[1])).toEqual(['later'])
    expect(ticks[1]?.at).toBe(startMs + minute)
    expect(rows(graph, 'later')).toEqual([
      { key: 'a', state: 'firing', since: startMs + minute, activeAt: startMs, value: 1, severity: 'page', text: 'a has 1', id: 'a', n: 1 },
    ])
  })

  test('a window ends on time, and what is computed from it in the same tick', () => {
    const graph = graphOf({
      minutes: { from: 's', steps: [{ window: { size: '1m', columns: { n: 'avg(n)' } } }] },
      ended: { from: 'minutes', steps: [{ where: 'final' }] },
      low: { from: 'minutes', steps: [{ alert: { when: 'final && n < 5' } }] },
    })
    s.answer([{ id: 'a', n: 2 }])
    clock.advance(30_000)
    s.answer([{ id: 'a', n: 4 }])
    expect(rows(graph, 'ended')).toEqual([])
    clock.advance(30_000)
    expect(changedIn(ticks.at(-1))).toEqual(['minutes', 'ended', 'low'])
    expect(ticks.at(-1)?.at).toBe(startMs + minute)
    expect(rows(graph, 'ended')).toEqual([{ id: 'a', n: 3, final: true }])
    expect(rows(graph, 'low')[0]).toMatchObject({ state: 'firing', since: startMs + minute, n: 3 })
  })

  test('a chart that opens at minute 10 has ten minutes of points', () => {
    const graph = graphOf({
      total: { from: 's', steps: [{ group: { columns: { n: 'sum(n)' } } }] },
      chart: { from: 'total', steps: [{ series: { keep: '10m', columns: { n: 'n' } } }] },
    })
    for (let i = 0; i < 90; i++) {
      s.answer([{ id: 'a', n: i }])
      clock.advance(10_000)
    }
    const { kind, key } = graph.feed('chart')?.store ?? {}
    expect([kind, key, rows(graph, 'chart').length]).toEqual(['series', 'time', 60])
    expect(rows(graph, 'chart').at(-1)).toEqual({ time: startMs + 890_000, n: 89 })
  })

  test('a graph that is closed has no timer left', async () => {
    const graph = graphOf({
      later: { from: 's', steps: [{ window: { size: '1m', columns: { n: 'avg(n)' } } }, { alert: { when: 'n < 5', for: '1m' } }] },
    })
    s.answer([{ id: 'a', n: 1 }])
    expect(clock.pending).toBeGreaterThan(0)
    await graph.close()
    clock.advance(0)
    expect(ticks).toHaveLength(1)
    clock.advance(10 * minute)
    expect(ticks).toHaveLength(1)
  })
})

describe('two inputs', () => {
  const joined = {
    titled: { from: 's', steps: [{ join: { with: 't', on: 'title', kind: 'left', columns: { text: 'right.text' } } }] },
  }

  test('a join waits for both sources, and takes the slow one as of its last sample', () => {
    const graph = graphOf(joined)
    s.answer([{ id: 1, title: 'x' }])
    expect(graph.feed('titled')?.freshness.state).toBe('waiting')
    t.answer([{ id: 'x', text: 'one' }])
    expect(rows(graph, 'titled')).toEqual([{ id: 1, title: 'x', text: 'one' }])
    expect(graph.feed('titled')?.freshness.state).toBe('fresh')
    for (let i = 0; i < 3; i++) {
      clock.advance(1000)
      s.answer([{ id: 1, title: 'x', i }])
    }
    expect(rows(graph, 'titled')).toEqual([{ id: 1, title: 'x', i: 2, text: 'one' }])
    expect(graph.feed('titled')?.freshness.state).toBe('stale')
    t.answer([{ id: 'x', text: 'two' }])
    expect(rows(graph, 'titled')).toEqual([{ id: 1, title: 'x', i: 2, text: 'two' }])
  })

  test('of one and the same source give one sample a tick, never a mixture', () => {
    const graph = graphOf({
      left: { from: 's', steps: [{ derive: { l: 'n' } }] },
      right: { from: 's', steps: [{ derive: { r: 'n' } }] },
      both: {
        from: 'left',
        steps: [
          { join: { with: 'right', columns: { r: 'right.r' } } },
          { derive: { same: 'l == r' } },
          { change: { columns: { moved: 'n' } } },
        ],
      },
    })
    const seen: unknown[] = []
    graph.listen({ tick: () => seen.push(rows(graph, 'both')[0]), freshness: () => undefined })
    for (const n of [1, 5, 7]) s.answer([{ id: 'a', n }])
    expect(seen).toEqual([
      { id: 'a', n: 1, l: 1, r: 1, same: true, moved: null },
      { id: 'a', n: 5, l: 5, r: 5, same: true, moved: 4 },
      { id: 'a', n: 7, l: 7, r: 7, same: true, moved: 2 },
    ])
  })

  test('a feed of several sources is one table; a key that both have is told of', () => {
    const graph = graphOf({ all: { from: ['s', 't'], steps: [{ group: { columns: { n: 'count()' } } }] }, rows: { from: ['s', 't'] } })
    s.answer([{ id: 1, n: 1 }])
    t.answer([{ id: 2, n: 2 }])
    expect(rows(graph, 'all')).toEqual([{ '#': '', n: 2 }])
    expect(graph.feed('rows')?.freshness.state).toBe('fresh')
    t.answer([{ id: 1, n: 3 }])
    expect(rows(graph, 'rows')).toEqual([{ id: 1, n: 3 }])
    expect(graph.feed('rows')?.freshness).toMatchObject({
      state: 'degraded',
      cause: 'key',
      reason: '1 key is in several inputs; the last one listed counts',
    })
  })
})
