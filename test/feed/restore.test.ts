import { EMPTY, type Observable } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FeedDefinition, SourceDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import { liveTables, standings } from '../../src/feed/kept.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { tableSum } from '../../src/model/checksum.ts'
import type { Row } from '../../src/model/row.ts'
import type { LeftOff, SavedTable } from '../../src/model/saved.ts'
import type { Sample } from '../../src/model/table.ts'
import { change } from '../../src/operator/change.ts'
import { rate } from '../../src/operator/rate.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { Budget } from '../../src/source/budget.ts'
import { FirstPolls } from '../../src/source/first-polls.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { RecordedLog } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let log: RecordedLog
let s: ScriptedSource

const same: FeedDefinition = {
  name: 'f',
  inputs: ['s'],
  public: true,
  fingerprint: 'f',
  demand: 'auto',
  holdsPast: false,
  pipeline: ([input]) => input as Observable<Sample>,
}

beforeEach(() => {
  clock = new ManualClock()
  log = new RecordedLog()
  s = new ScriptedSource('s', clock)
})

function graphOf(sources: readonly SourceDefinition[] = [s.definition]): Graph {
  return new Graph({ sources, feeds: sources.length > 1 ? [] : [same], clock, random: seededRandom(1), log: log.logger })
}

/** The table of one row `a` as it was so many ms ago. */
function saved(n: number, agoMs: number, more: Partial<SavedTable> = {}): SavedTable {
  const rows = new Map([['a', { id: 'a', n }]])
  const columns = ['id', 'n']
  const table = { key: 'id', columns, rows, order: [], kind: 'table' } as const
  return { table, count: 1, sum: tableSum('id', columns, rows), validatedAt: clock.now() - agoMs, ...more }
}

const left = ({ count, sum }: SavedTable, version: number): LeftOff => ({ epoch: '0mi4k2x8b7f3', version, count, sum })
const restored = (graph: Graph, table: SavedTable, ...at: readonly (readonly [string, LeftOff])[]): Graph => {
  graph.restore(new Map([['s', table]]), new Map(at))
  return graph
}

describe('after a crash', () => {
  test('source and feeds have data at once, stale since its old proof, until a poll proves it', () => {
    const graph = restored(graphOf(), saved(1, 500))
    const release = graph.want('f')
    for (const name of ['s', 'f']) {
      const feed = graph.feed(name)
      expect(feed?.store.row('a')).toEqual({ id: 'a', n: 1 })
      expect([feed?.position.version, feed?.isBehind]).toEqual([1, true])
      expect(feed?.freshness).toMatchObject({
        state: 'stale',
        reason: 'kept from before a restart, not proved since',
        validatedAt: clock.now() - 500,
      })
    }
    s.answer([{ id: 'a', n: 1 }])
    for (const name of ['s', 'f']) {
      const feed = graph.feed(name)
      expect([feed?.freshness.state, feed?.position.version, feed?.isBehind]).toEqual(['fresh', 1, false])
    }
    release()
  })

  test('while nobody wants it, it is paused', () => {
    expect(restored(graphOf(), saved(1, 500)).feed('s')?.freshness).toMatchObject({ state: 'stale', cause: 'paused' })
  })

  test('a source that fails says so, and stays behind', () => {
    const graph = restored(graphOf(), saved(1, 500))
    graph.want('f')
    s.fail()
    expect(graph.feed('f')?.freshness).toMatchObject({ state: 'stale', cause: 'refused' })
    expect(graph.feed('f')?.isBehind).toBe(true)
  })

  test('an answer that a guard keeps back proves nothing', () => {
    const graph = restored(graphOf(), saved(1, 500))
    graph.want('f')
    s.answer([{ id: 'a', n: 1 }], { degraded: { cause: 'rows', reason: 'no rows, after 1' } })
    expect([graph.feed('f')?.freshness.state, graph.feed('f')?.isBehind]).toEqual(['stale', true])
    expect(graph.feed('f')?.freshness.validatedAt).toBe(clock.now() - 500)
    s.answer([])
    expect([graph.feed('f')?.freshness.state, graph.feed('f')?.isBehind]).toEqual(['fresh', false])
  })

  test('what is behind is no position to go on from: the next run is behind as well', () => {
    const graph = restored(graphOf(), saved(1, 500))
    expect([...standings(graph)]).toEqual([])
    s.answer([{ id: 'a', n: 2 }])
    expect([...standings(graph)].map(({ name, version }) => `${name} ${version}`)).toEqual(['s 2', 'f 2'])
  })
})

describe('after a clean stop', () => {
  test('epoch and version go on, nothing older is known, and its age counts', () => {
    const table = saved(1, 500)
    const graph = restored(graphOf(), table, ['s', left(table, 41)], ['f', left(table, 17)])
    expect(graph.feed('s')?.position).toEqual({ epoch: '0mi4k2x8b7f3', version: 41 })
    expect(graph.feed('f')?.position).toEqual({ epoch: '0mi4k2x8b7f3', version: 17 })
    expect([graph.feed('f')?.store.floor, graph.feed('f')?.store.deltaSince(16), graph.feed('f')?.isBehind]).toEqual([17, undefined, false])
    expect(graph.feed('f')?.freshness.state).toBe('fresh')
    clock.advance(2500)
    expect(graph.feed('f')?.freshness).toMatchObject({ state: 'stale', cause: 'paused', validatedAt: clock.now() - 3000 })
    s.answer([{ id: 'a', n: 2 }])
    expect(graph.feed('f')?.position).toEqual({ epoch: '0mi4k2x8b7f3', version: 18 })
    expect([...(graph.feed('f')?.store.deltaSince(17)?.set ?? [])]).toEqual([['a', { n: 2 }]])
  })

  test('with another table than the one of the record: a later epoch, numbers go on, and it is behind', () => {
    const graph = restored(graphOf(), saved(1, 500), ['s', left(saved(2, 0), 41)])
    const feed = graph.feed('s')
    expect([feed?.position.version, feed?.isBehind, feed?.freshness.state]).toEqual([41, true, 'stale'])
    expect((feed?.epoch ?? '') > '0mi4k2x8b7f3').toBe(true)
  })

  test('a feed without a table goes on with its first one, if it is the same', () => {
    for (const [n, epoch] of [
      [1, '0mi4k2x8b7f3'],
      [2, undefined],
    ] as const) {
      const graph = graphOf([(s = new ScriptedSource('s', clock)).definition])
      graph.restore(new Map(), new Map([['s', left(saved(1, 0), 41)]]))
      expect([graph.feed('s')?.position.version, graph.feed('s')?.hasData]).toEqual([0, false])
      s.answer([{ id: 'a', n }])
      expect(graph.feed('s')?.position.version).toBe(41)
      expect(graph.feed('s')?.epoch === '0mi4k2x8b7f3').toBe(epoch !== undefined)
    }
  })

  test('a wall clock that was set back since tells no age: it is stale', () => {
    const table = saved(1, -60_000)
    expect(restored(graphOf(), table, ['s', left(table, 41)]).feed('s')?.freshness.state).toBe('stale')
  })

  test('what was kept back is so still', () => {
    const table = saved(1, 500, { degraded: { cause: 'key', reason: 'two of a key' } })
    const graph = restored(graphOf(), table, ['s', left(table, 41)])
    expect(graph.feed('s')?.freshness).toMatchObject({ state: 'degraded', cause: 'key' })
  })
})

describe('steps that look back', () => {
  const columns = new Map([['by', (row: Row) => row['n'] ?? null]])
  const operators = {
    rate: (): Operator => rate({ overMs: 60_000, columns, maxPoints: 1000 }, clock),
    change: (): Operator => change({ columns, maxPoints: 1000 }, clock),
  }

  test.each([
    ['rate', 'the rise by the time since the last proof', 10_000, 150, 5],
    ['rate', 'a counter that was reset meanwhile', 10_000, 20, 2],
    ['rate', 'longer ago than it looks back', 60_000, 150, null],
    ['change', 'the previous sample is the table that was taken up', 60_000, 150, 50],
  ] as const)('%s begins with the table that was taken up: %s', (kind, _, agoMs, n, expected) => {
    const pipeline: FeedDefinition['pipeline'] = ([input]) => (input ?? EMPTY).pipe(operators[kind]())
    const feeds = [{ ...same, holdsPast: true, pipeline }]
    const graph = new Graph({ sources: [s.definition], feeds, clock, random: seededRandom(1), log: log.logger })
    restored(graph, saved(100, agoMs)).start()
    expect(graph.feed('f')?.store.row('a')).toMatchObject({ n: 100, by: null })
    s.answer([{ id: 'a', n }])
    expect(graph.feed('f')?.store.row('a')).toMatchObject({ n, by: expected })
  })
})

describe('what is kept', () => {
  test('is each source with its proof and sum; not the server itself', () => {
    const own = new ScriptedSource('$own', clock)
    const graph = graphOf([s.definition, own.definition])
    own.answer([{ id: 'x' }])
    s.answer([{ id: 'a', n: 1 }], { degraded: { cause: 'key', reason: 'two of a key' } })
    const [kept, ...others] = [...liveTables(graph)]
    expect(others).toEqual([])
    expect(kept).toEqual({
      table: expect.any(Function),
      source: 's',
      fingerprint: 'same',
      position: graph.feed('s')?.position,
      count: 1,
      sum: graph.feed('s')?.store.sum,
      validatedAt: clock.now(),
      degraded: { cause: 'key', reason: 'two of a key' },
    })
    expect(kept?.table().rows).toEqual(new Map([['a', { id: 'a', n: 1 }]]))
  })

  test('of a poll that waits for its tick is the table and the proof before it', () => {
    const graph = graphOf()
    s.answer([{ id: 'a', n: 1 }])
    const before = clock.now()
    clock.advance(100)
    graph.pace.spent(50)
    s.answer([{ id: 'a', n: 2 }])
    // Somebody comes, which has it judged.
    graph.want('s')
    const [kept] = [...liveTables(graph)]
    expect([kept?.validatedAt, kept?.table().rows.get('a')]).toEqual([before, { id: 'a', n: 1 }])
  })
})

describe('500 sources that are all wanted after a restart', () => {
  const intervalMs = 10_000

  async function polls(ageMs: (i: number) => number): Promise<number[]> {
    const budget = new Budget(clock, { firstPolls: [new FirstPolls(20, clock)] })
    const asks: ScriptedAsk[] = []
    const random = seededRandom(1)
    const sources = Array.from({ length: 500 }, (_, i): SourceDefinition => {
      const ask = new ScriptedAsk(clock)
      asks.push(ask)
      const poller = (onPoll: ConstructorParameters<typeof Poller>[0]['onPoll']): Poller =>
        new Poller({
          ask,
          policy: new GridPolicy({ identity: `s${i}`, intervalMs, maxBackoffMs: 1, clock, random }),
          budget,
          clock,
          random,
          onPoll,
        })
      return { ...s.definition, name: `s${i}`, demand: 'always', everyMs: intervalMs, createPoller: poller }
    })
    const graph = graphOf(sources)
    graph.restore(new Map(sources.map(({ name }, i) => [name, saved(i, ageMs(i))])), new Map())
    graph.start()
    const bySecond: number[] = []
    for (let second = 0; second < 10; second++) {
      const before = asks.reduce((sum, ask) => sum + ask.asked.length, 0)
      await clock.advanceAsync(1000)
      bySecond.push(asks.reduce((sum, ask) => sum + ask.asked.length, 0) - before)
    }
    await graph.close()
    return bySecond
  }

  test('young: each is asked once, in its own place of the interval; there is no burst', async () => {
    const bySecond = await polls(i => (i * 19) % intervalMs)
    expect(bySecond.reduce((sum, count) => sum + count)).toBe(500)
    expect(Math.max(...bySecond)).toBeLessThan(80)
    expect(Math.min(...bySecond)).toBeGreaterThan(20)
  })

  test('old: they are let in a few at a time, as any that are wanted at once', async () => {
    expect(Math.max(...(await polls(() => 2 * intervalMs)))).toBeLessThan(100)
  })
})
