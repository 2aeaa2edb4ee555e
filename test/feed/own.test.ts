import { map, type Observable } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { ChangeRate, clientRows, feedRows, ownSource, sourceRows, type FeedFigures } from '../../src/feed/own.ts'
import { Budget } from '../../src/source/budget.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const figures: FeedFigures = { readers: 2, bytesSent: 100, messagesSent: 3, bytesSaved: 900 }

let clock: ManualClock
let stations: ScriptedSource
let hidden: ScriptedSource
let graph: Graph
let made: number

beforeEach(() => {
  clock = new ManualClock()
  stations = new ScriptedSource('stations', clock, {
    description: 'Bikes',
    origin: 'https://bikes.example',
    everyMs: 5000,
    staleAfterMs: 15_000,
  })
  hidden = new ScriptedSource('hidden', clock, { public: false })
  const deps = { clock, random: seededRandom(1), log: silentLogger }
  const rate = new ChangeRate(clock)
  made = 0
  graph = new Graph({
    ...deps,
    sources: [
      stations.definition,
      hidden.definition,
      ownSource('$sources', 'source', 'What is asked', () => (made++, sourceRows(graph)), deps),
      ownSource(
        '$feeds',
        'feed',
        'Every feed',
        () =>
          feedRows(
            graph,
            () => figures,
            (feed, version) => rate.of(feed, version),
          ),
        deps,
      ),
    ],
    feeds: [
      {
        name: 'regions',
        inputs: ['stations'],
        public: true,
        fingerprint: 'same',
        demand: 'auto',
        holdsPast: false,
        pipeline: ([input]) => (input as Observable<Sample>).pipe(map(sample => sample)),
      },
    ],
  })
})

const rows = (name: string): Row[] => [...(graph.feed(name)?.store.rows() ?? [])].map(([, row]) => row)

describe('$sources', () => {
  test('has a row per source, hidden ones too, itself and $feeds not', async () => {
    graph.want('regions')
    graph.want('$sources')
    stations.answer([{ id: 1 }])
    stations.answer([{ id: 1 }])
    stations.fail({ cause: 'timeout', reason: 'no answer', status: 200 })
    await clock.advanceAsync(0)
    expect(rows('$sources').map(row => row['source'])).toEqual(['stations', 'hidden'])
    expect(rows('$sources')[0]).toEqual({
      source: 'stations',
      state: 'fresh',
      cause: null,
      reason: null,
      every: 5000,
      next: null,
      why: '',
      period: null,
      expected: null,
      deviation: null,
      price: null,
      wanted: '1 reader',
      changed: 1,
      unchanged: 1,
      spurious: null,
      suggestion: null,
      failed: 1,
      lastStatus: 200,
      lastDuration: 1,
      lastBytes: 0,
      validatedAt: clock.now(),
      asOf: null,
      since: clock.now(),
      origin: 'https://bikes.example',
      budget: null,
      budgetRate: null,
      budgetWait: null,
      budgetUnderWay: null,
    })
    expect(rows('$sources')[1]).toMatchObject({ source: 'hidden', state: 'waiting', wanted: '', changed: 0, lastStatus: null })
  })

  test('tells what a source shares with others', async () => {
    const budget = new Budget(clock, { name: 'bikes', ratePerSecond: 0.5 })
    const shared = new ScriptedSource('shared', clock, { budget })
    const deps = { clock, random: seededRandom(1), log: silentLogger }
    const own = new Graph({ ...deps, sources: [shared.definition], feeds: [] })
    expect(sourceRows(own)[0]).toMatchObject({ budget: 'bikes', budgetRate: 30, budgetWait: 2000, budgetUnderWay: 0 })
    clock.advance(2000)
    budget.admit(() => undefined)
    expect(sourceRows(own)[0]).toMatchObject({ budgetWait: 2000, budgetUnderWay: 1 })
  })

  test('tells state, cause and reason of one that fails', async () => {
    graph.want('$sources')
    stations.fail({ cause: 'dns', reason: 'the name cannot be resolved' })
    await clock.advanceAsync(0)
    expect(rows('$sources')[0]).toMatchObject({ state: 'down', cause: 'dns', reason: 'the name cannot be resolved' })
  })
})

describe('$feeds', () => {
  test('has a row per public feed, with what only hub and connections know', async () => {
    graph.want('$feeds')
    stations.answer([{ id: 1 }, { id: 2 }])
    await clock.advanceAsync(0)
    expect(rows('$feeds').map(row => row['feed'])).toEqual(['stations', 'regions'])
    expect(rows('$feeds')[1]).toEqual({
      feed: 'regions',
      kind: 'table',
      state: 'fresh',
      cause: null,
      reason: null,
      rows: 2,
      firing: null,
      version: 1,
      changesPerSecond: 0,
      ...figures,
      every: 5000,
      validatedAt: clock.now(),
      asOf: null,
      since: clock.now(),
      description: null,
    })
    expect(rows('$feeds')[0]?.['description']).toBe('Bikes')
  })
})

describe('own state', () => {
  test('is made once a second while somebody reads it, and not otherwise', async () => {
    await clock.advanceAsync(10_000)
    expect(made).toBe(0)
    const release = graph.want('$sources')
    await clock.advanceAsync(10_000)
    expect(made).toBeGreaterThanOrEqual(10)
    expect(made).toBeLessThanOrEqual(11)
    release()
    await clock.advanceAsync(5000)
    const before = made
    await clock.advanceAsync(60_000)
    expect(made).toBe(before)
  })

  test('is a reader of nothing', async () => {
    graph.want('$sources')
    graph.want('$feeds')
    await clock.advanceAsync(5000)
    expect([stations.polling, hidden.polling]).toEqual([false, false])
  })

  test('that did not change moves no version', async () => {
    graph.want('$feeds')
    await clock.advanceAsync(10_000)
    expect(graph.feed('$feeds')?.position.version).toBe(1)
  })

  test('whose making fails is down, with a cause', async () => {
    graph.want('$sources')
    await clock.advanceAsync(0)
    Object.defineProperty(stations.definition, 'origin', {
      get: () => {
        throw new Error('a bug')
      },
    })
    await clock.advanceAsync(70_000)
    expect(graph.feed('$sources')?.freshness).toMatchObject({ state: 'down', cause: 'internal' })
  })
})

describe('changes per second', () => {
  test('come near the true rate, and fall to nothing', () => {
    const rate = new ChangeRate(clock)
    expect(rate.of('a', 0)).toBe(0)
    let version = 0
    for (let i = 0; i < 40; i++) {
      clock.advance(1000)
      version += 4
      rate.of('a', version)
    }
    expect(rate.of('a', version)).toBe(4)
    for (let i = 0; i < 60; i++) {
      clock.advance(1000)
      rate.of('a', version)
    }
    expect(rate.of('a', version)).toBe(0)
  })

  test('looked at twice within an instant are the same', () => {
    const rate = new ChangeRate(clock)
    rate.of('a', 0)
    clock.advance(1000)
    expect(rate.of('a', 10)).toBe(rate.of('a', 20))
  })
})

test('$clients has a row per connection', () => {
  const client = { id: 7, name: 'wall', address: '192.0.2.1', since: 5, subscriptions: 2, held: true, bytes: 9 }
  expect(clientRows([client, { ...client, id: 8, name: '' }])).toEqual([client, { ...client, id: 8, name: '' }])
})
