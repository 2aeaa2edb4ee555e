import { EMPTY } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import type { FeedDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { everything } from '../../src/hub/principal.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { MillraceError } from '../../src/model/errors.ts'
import { where } from '../../src/operator/where.ts'
import type { DeltaMessage, SnapshotMessage } from '../../src/protocol/messages.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asker, HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let quotes: ScriptedSource
let trades: ScriptedSource
let hub: Hub
let graph: Graph

const a = { id: 'a', price: 1 }
const b = { id: 'b', price: 2 }

/** Quotes that cost more. */
function dear(least: number, more: Partial<FeedDefinition> = {}): FeedDefinition {
  const dearer = compileExpression(`price > ${least}`, { origin: 'config' })
  return {
    name: 'dear',
    inputs: ['quotes'],
    public: true,
    fingerprint: `over ${least}`,
    demand: 'auto',
    holdsPast: false,
    pipeline: ([input = EMPTY]) => input.pipe(where(dearer)),
    ...more,
  }
}

beforeEach(() => {
  clock = new ManualClock()
  quotes = new ScriptedSource('quotes', clock)
  trades = new ScriptedSource('trades', clock)
  graph = new Graph({
    sources: [quotes.definition, trades.definition],
    feeds: [dear(0)],
    clock,
    random: seededRandom(1),
    log: silentLogger,
  })
  hub = new Hub({ graph, clock, random: seededRandom(2), log: silentLogger, snapshotPartLength: 500 })
  graph.start()
})

function replace(sources: readonly ScriptedSource[], feeds: readonly FeedDefinition[] = []): void {
  graph.replace({ sources: sources.map(source => source.definition), feeds })
}

/** A reader of these, up to date. */
function readerOf(...feeds: readonly string[]): HubReader {
  const reader = new HubReader(hub)
  for (const feed of feeds) subscribe(reader, { feed })
  reader.take()
  return reader
}

function subscribe(reader: HubReader, request: Parameters<Hub['subscribe']>[1]): void {
  hub.subscribe(reader.outbox, request, () => undefined)
}

describe('readers of a feed that goes on', () => {
  test('notice nothing: not a message, and the next delta follows on what they hold', () => {
    quotes.answer([a])
    const reader = readerOf('quotes', 'quotes?limit=1', 'dear')
    replace([new ScriptedSource('quotes', clock)], [dear(0)])
    expect(reader.take({ status: true })).toEqual([])
    quotes.answer([b])
    expect(reader.take().filter(({ type }) => type === 'delta')).toMatchObject(
      ['dear', 'quotes', 'quotes?limit=1'].map(feed => ({ feed, from: 1, to: 2 })),
    )
  })

  test('and come back resume', () => {
    quotes.answer([a])
    const { epoch, version } = graph.feed('quotes')?.position ?? { epoch: '', version: 0 }
    replace([quotes, trades], [dear(1)])
    quotes.answer([a, b])
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes', since: { epoch, version } })
    expect(reader.take().slice(0, 2)).toMatchObject([
      { type: 'subscribed', resumed: true },
      { type: 'delta', from: 1, to: 2 },
    ])
  })

  test('are read by the new description', () => {
    replace([quotes, trades], [dear(0, { description: 'over nothing' })])
    expect(hub.list(false, everything).map(({ feed, description }) => [feed, description])).toContainEqual(['dear', 'over nothing'])
  })
})

describe('readers of a feed that begins anew', () => {
  test('get a snapshot of the new epoch, at once where its inputs have data, then deltas', () => {
    quotes.answer([a, b])
    const reader = readerOf('dear', 'dear?limit=1&order=-price', 'quotes')
    const before = graph.feed('dear')?.epoch ?? '~'
    replace([quotes, trades], [dear(1)])
    const all = reader.take({ status: true })
    const snapshots = all.filter((message): message is SnapshotMessage => message.type === 'snapshot')
    expect(snapshots).toMatchObject([
      { feed: 'dear', to: 2, rows: [b] },
      { feed: 'dear?limit=1&order=-price', to: 2, rows: [b] },
    ])
    expect(snapshots.every(({ epoch }) => epoch > before)).toBe(true)
    expect(all.filter(({ type }) => !['snapshot', 'tick'].includes(type))).toEqual([])
    quotes.answer([a, { ...b, price: 3 }])
    expect(reader.take().filter((message): message is DeltaMessage => message.type === 'delta')).toMatchObject([
      { feed: 'dear', from: 2, to: 3, set: { b: { price: 3 } } },
      { feed: 'dear?limit=1&order=-price', from: 2, to: 3, set: { b: { price: 3 } } },
      { feed: 'quotes', from: 1, to: 2 },
    ])
  })

  test('are told that it waits where there is no data, and who comes then waits with them', () => {
    quotes.answer([a])
    const reader = readerOf('dear', 'dear?where=price%20%3C%209')
    const other = new ScriptedSource('quotes', clock, { fingerprint: 'other' })
    replace([other, trades], [dear(0)])
    expect(reader.take({ status: true })).toMatchObject([
      { type: 'status', feed: 'dear', state: 'waiting' },
      { type: 'status', feed: 'dear?where=price%20%3C%209', state: 'waiting' },
    ])
    const late = new HubReader(hub)
    subscribe(late, { feed: 'dear', where: 'price<9' })
    expect(late.take()).toMatchObject([{ type: 'subscribed', version: 0, resumed: false }])
    hub.resync(reader.outbox, 'dear')
    expect(reader.take()).toEqual([])
    other.answer([b])
    for (const one of [reader, late])
      expect(one.take().filter(({ type }) => type === 'snapshot')).toMatchObject(
        [...(one === reader ? [{ feed: 'dear' }] : []), { feed: 'dear?where=price%20%3C%209' }].map(feed => ({
          ...feed,
          to: 2,
          rows: [b],
        })),
      )
  })

  test('and come back with a position of before get a snapshot, or resume where their rows are the same', () => {
    quotes.answer([b])
    const feed = graph.feed('dear')
    const { epoch, version } = feed?.position ?? { epoch: '', version: 0 }
    const sum = { count: 1, sum: feed?.store.sum ?? '' }
    replace([quotes, trades], [dear(1)])
    const [blind, knowing] = [new HubReader(hub), new HubReader(hub)]
    subscribe(blind, { feed: 'dear', since: { epoch, version } })
    subscribe(knowing, { feed: 'dear', since: { epoch, version, ...sum } })
    expect(blind.take()).toMatchObject([{ type: 'subscribed', resumed: false }, { type: 'snapshot' }])
    expect(knowing.take()).toMatchObject([{ type: 'subscribed', resumed: true, version: 2 }, { type: 'check' }])
  })

  test('that are slow get it once they have room, and never what was before', () => {
    quotes.answer([a, b])
    const reader = readerOf('dear')
    reader.isFull = true
    quotes.answer([a, { ...b, price: 5 }])
    replace([quotes, trades], [dear(1)])
    expect(reader.take()).toEqual([])
    reader.isFull = false
    hub.drained(reader.outbox)
    expect(reader.take()).toMatchObject([{ type: 'snapshot', to: 3, rows: [{ id: 'b', price: 5 }] }])
  })

  test('that wait for a large snapshot do not get one of before', () => {
    quotes.answer(Array.from({ length: 50 }, (_, i) => ({ id: `r${i}`, price: 1 })))
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'dear' })
    expect(reader.take().map(({ type }) => type)).toEqual(['subscribed'])
    const other = new ScriptedSource('quotes', clock, { fingerprint: 'other' })
    replace([other, trades], [dear(0)])
    clock.advance(100)
    expect(reader.take()).toEqual([])
    other.answer([b])
    clock.advance(100)
    expect(reader.take()).toMatchObject([{ type: 'snapshot', to: 2, rows: [b] }])
  })
})

describe('readers of a feed that is no more', () => {
  const removed = (): void => replace([quotes, trades])
  const hidden = (): void => replace([quotes, trades], [dear(0, { public: false })])

  test.each([
    ['removed', removed],
    ['hidden', hidden],
    ['hidden and defined otherwise', () => replace([quotes, trades], [dear(1, { public: false })])],
  ])('%s: are told not_found for each of its addresses, and of others nothing', (_, edit) => {
    quotes.answer([a])
    const reader = readerOf('dear', 'dear?limit=1', 'quotes')
    edit()
    expect(reader.take({ status: true })).toEqual(['dear', 'dear?limit=1'].map(feed => ({ type: 'unsubscribed', feed, code: 'not_found' })))
    expect([reader.outbox.size, reader.outbox.viewCount, hub.figures.of('dear').readers, hub.viewCount]).toEqual([1, 0, 0, 1])
    quotes.answer([a, b])
    expect(reader.take()).toMatchObject([{ type: 'delta', feed: 'quotes' }])
    expect(() => hub.unsubscribe(reader.outbox, 'dear')).toThrow("no feed 'dear'")
    hub.disconnect(reader.outbox)
    clock.advance(60_000)
    expect([graph.wantedBy('quotes'), hub.viewCount]).toEqual(['', 0])
  })

  test('whose subscribe is still to be answered: every one is refused', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'dear', id: 1, since: { epoch: 'x', version: 3 } })
    subscribe(reader, { feed: 'dear', id: 2 })
    expect(reader.take()).toEqual([])
    removed()
    const refusal = { type: 'error', feed: 'dear', code: 'not_found', message: "there is no feed 'dear' any more", retry: false }
    expect(reader.take()).toEqual([
      { id: 1, ...refusal },
      { id: 2, ...refusal },
    ])
    expect(reader.outbox.size).toBe(0)
  })

  test('who asked once are refused at once', async () => {
    const asked = hub.get('dear', {}, asker)
    removed()
    await expect(asked).rejects.toMatchObject({ code: 'not_found' } satisfies Partial<MillraceError>)
    expect(hub.viewCount).toBe(0)
  })

  test('may follow it again once it is back, at a later epoch', () => {
    quotes.answer([a])
    const reader = readerOf('dear')
    const before = graph.feed('dear')?.epoch ?? '~'
    removed()
    replace([quotes, trades], [dear(0)])
    reader.take()
    subscribe(reader, { feed: 'dear', id: 9 })
    const [subscribed, snapshot] = reader.take()
    expect([subscribed, snapshot]).toMatchObject([
      { type: 'subscribed', id: 9, resumed: false },
      { type: 'snapshot', to: 2, rows: [a] },
    ])
    expect((snapshot as SnapshotMessage).epoch > before).toBe(true)
  })

  test('let go of their sources, whose polls end after the linger', () => {
    replace([quotes, trades], [dear(0, { inputs: ['trades'] })])
    readerOf('dear')
    expect(trades.polling).toBe(true)
    removed()
    clock.advance(30_000)
    expect(trades.polling).toBe(false)
  })
})
