import { EMPTY } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import type { FeedDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { defaultHubLimits } from '../../src/hub/limits.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { where } from '../../src/operator/where.ts'
import type { DeltaMessage, SnapshotMessage, SubscribedMessage } from '../../src/protocol/messages.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asker, HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let quotes: ScriptedSource
let trades: ScriptedSource
let hub: Hub
let graph: Graph

beforeEach(() => {
  clock = new ManualClock()
  quotes = new ScriptedSource('quotes', clock)
  trades = new ScriptedSource('trades', clock)
  graph = new Graph({ sources: [quotes.definition, trades.definition], feeds: [dear], clock, random: seededRandom(1), log: silentLogger })
  hub = new Hub({ graph, clock, random: seededRandom(2), log: silentLogger, limits: { ...defaultHubLimits, maxViewsPerFeed: 2 } })
  graph.start()
})

const admit = () => undefined
/** Derived by a step that keeps rows of its own. */
const dear: FeedDefinition = {
  name: 'dear',
  inputs: ['quotes'],
  public: true,
  fingerprint: 'same',
  demand: 'auto',
  holdsPast: false,
  pipeline: ([input = EMPTY]) => input.pipe(where(compileExpression('price > 0', { origin: 'config' }))),
}
const a = { id: 'a', price: 1 }
const b = { id: 'b', price: 2 }

function subscribe(reader: HubReader, request: Parameters<Hub['subscribe']>[1]): void {
  hub.subscribe(reader.outbox, request, admit)
}

describe('a subscription', () => {
  test('is answered at once, and gets its snapshot with the first data, also when that is empty', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes', id: 1 })
    expect(reader.take()).toMatchObject([{ type: 'subscribed', id: 1, feed: 'quotes', version: 0, resumed: false }])
    quotes.answer([])
    expect(reader.take()).toMatchObject([{ type: 'snapshot', feed: 'quotes', to: 1, rows: [] }])
  })

  test('gets one delta per change, from its position', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes' })
    quotes.answer([a, b])
    reader.take()
    clock.advance(1000)
    quotes.answer([a, { ...b, price: 3 }])
    expect(reader.take()).toMatchObject([{ type: 'delta', from: 1, to: 2, set: { b: { price: 3 } } }])
    quotes.answer([a, { ...b, price: 3 }])
    expect(reader.take()).toEqual([])
  })

  test('twice to one address is one, and says where it stands', () => {
    const reader = new HubReader(hub)
    quotes.answer([a])
    subscribe(reader, { feed: 'quotes', where: 'price>0' })
    reader.take()
    subscribe(reader, { feed: 'quotes?where=price%20%3E%20%200', id: 'again' })
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', id: 'again', feed: 'quotes?where=price%20%3E%200', version: 1, resumed: true },
    ])
  })

  test('to an unknown feed is refused with what was probably meant', () => {
    const reader = new HubReader(hub)
    expect(() => subscribe(reader, { feed: 'quote' })).toThrow("no feed 'quote'; did you mean 'quotes'?")
  })

  test('whose address has a query takes no members beside it', () => {
    const reader = new HubReader(hub)
    expect(() => subscribe(reader, { feed: 'quotes?limit=1', limit: 2 })).toThrow('use one of the two')
  })
})

describe('a flush', () => {
  test('of several feeds is opened by a tick, in address order', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'trades' })
    subscribe(reader, { feed: 'quotes', where: 'price > 1' })
    subscribe(reader, { feed: 'quotes' })
    reader.take()
    quotes.answer([a, b])
    const messages = reader.take()
    expect(messages).toMatchObject([
      { type: 'tick', messages: 2, throttle: 0 },
      { type: 'snapshot', feed: 'quotes' },
      { type: 'snapshot', feed: 'quotes?where=price%20%3E%201' },
    ])
    expect(reader.flushes).toBe(1)
  })

  test('L8: encodes one frame for all readers at one position', () => {
    const readers = Array.from({ length: 50 }, () => new HubReader(hub))
    quotes.answer([a, b])
    for (const reader of readers) subscribe(reader, { feed: 'quotes' })
    const before = hub.figures.of('quotes').encodes
    expect(before).toBe(1)
    for (let price = 10; price < 20; price++) {
      clock.advance(1000)
      quotes.answer([a, { ...b, price }])
    }
    expect(hub.figures.of('quotes').encodes - before).toBe(10)
    const frames = readers.map(reader => reader.frames.at(-1))
    expect(new Set(frames).size).toBe(1)
  })
})

describe('a slow reader', () => {
  test('L5: is owed one net delta, however much it missed', () => {
    const reader = new HubReader(hub)
    quotes.answer([a, b])
    subscribe(reader, { feed: 'quotes' })
    reader.take()
    reader.isFull = true
    for (let price = 10; price < 200; price++) {
      clock.advance(1000)
      quotes.answer(price % 2 === 0 ? [a, { ...b, price }] : [a])
    }
    expect(reader.take()).toEqual([])
    reader.isFull = false
    hub.drained(reader.outbox)
    expect(reader.take({ status: true }).filter(message => message.type !== 'status')).toMatchObject([
      { type: 'delta', from: 1, del: ['b'] },
      // Some minutes passed since the last one.
      { type: 'check', count: 1 },
    ])
  })
})

describe('one who asks and does not read', () => {
  test('L5: gets no snapshot after another: each is held until there is room, and then comes once', () => {
    const reader = new HubReader(hub)
    quotes.answer([a, b])
    reader.isFull = true
    for (let i = 0; i < 10; i++) {
      subscribe(reader, { feed: 'quotes' })
      clock.advance(2000)
      hub.resync(reader.outbox, 'quotes')
      if (i < 9) hub.unsubscribe(reader.outbox, 'quotes')
    }
    expect(reader.take().filter(({ type }) => type === 'snapshot')).toEqual([])
    reader.isFull = false
    hub.drained(reader.outbox)
    expect(reader.take()).toMatchObject([{ type: 'snapshot', to: 1 }])
  })

  test('who comes back to a full line is told no checksum of what it does not hold yet', () => {
    const first = new HubReader(hub)
    quotes.answer([a, b])
    subscribe(first, { feed: 'quotes' })
    const [subscribed] = first.take() as [SubscribedMessage]
    quotes.answer([a, { ...b, price: 9 }])
    const reader = new HubReader(hub)
    reader.isFull = true
    subscribe(reader, { feed: 'quotes', since: { epoch: subscribed.epoch, version: 1 } })
    expect(reader.take({ status: true }).map(({ type }) => type)).toEqual(['subscribed'])
    reader.isFull = false
    hub.drained(reader.outbox)
    expect(reader.take({ status: true }).map(({ type }) => type)).toEqual(['delta', 'status'])
  })
})

describe('resume', () => {
  function leaveAndReturn(since: (subscribed: SubscribedMessage, last: number) => Parameters<Hub['subscribe']>[1]['since']): HubReader {
    const first = new HubReader(hub)
    quotes.answer([a, b, { id: 'c', price: 3 }, { id: 'd', price: 4 }, { id: 'e', price: 5 }])
    subscribe(first, { feed: 'quotes' })
    const [subscribed] = first.take() as [SubscribedMessage, SnapshotMessage]
    hub.disconnect(first.outbox)
    clock.advance(1000)
    quotes.answer([a, { ...b, price: 7 }, { id: 'c', price: 3 }, { id: 'd', price: 4 }, { id: 'e', price: 5 }])
    const reader = new HubReader(hub)
    const position = since(subscribed, 2)
    subscribe(reader, { feed: 'quotes', ...(position === undefined ? {} : { since: position }) })
    return reader
  }

  test('from a known version: one net delta, then the checksum', () => {
    const reader = leaveAndReturn(({ epoch, version }) => ({ epoch, version }))
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', resumed: true, version: 1 },
      { type: 'delta', from: 1, to: 2, set: { b: { price: 7 } } },
      { type: 'check', version: 2, count: 5 },
    ])
  })

  test('from the own version: nothing but the checksum', () => {
    const reader = leaveAndReturn(({ epoch }, version) => ({ epoch, version }))
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', resumed: true, version: 2 },
      { type: 'check', version: 2 },
    ])
  })

  test('of another epoch: a snapshot', () => {
    const reader = leaveAndReturn(() => ({ epoch: '0'.repeat(12), version: 1 }))
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', resumed: false, version: 2 },
      { type: 'snapshot', to: 2 },
    ])
  })

  test('of another epoch with the same table: by its sum, nothing is sent', () => {
    const reader = leaveAndReturn(() => {
      const { count, sum } = graph.feed('quotes')?.store ?? { count: 0, sum: '' }
      return { epoch: '0'.repeat(12), version: 99, count, sum }
    })
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', resumed: true, version: 2 },
      { type: 'check', version: 2 },
    ])
  })

  test('before there is data: subscribed waits for it, the status does not', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes', id: 5, since: { epoch: '0'.repeat(12), version: 7 } })
    expect(reader.take({ status: true })).toMatchObject([{ type: 'status', state: 'waiting' }])
    quotes.answer([a])
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', id: 5, resumed: false },
      { type: 'snapshot', to: 1 },
    ])
  })

  test('from ahead of the server: waits 5 s, then a snapshot', () => {
    const reader = leaveAndReturn(({ epoch }) => ({ epoch, version: 900 }))
    expect(reader.take()).toEqual([])
    clock.advance(5000)
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', resumed: false, version: 2 },
      { type: 'snapshot', to: 2 },
    ])
  })

  test('a view that was dropped and built again resumes at the version its rows have not changed since', () => {
    const view = { feed: 'quotes', where: 'price > 1' }
    const first = new HubReader(hub)
    quotes.answer([a, b])
    subscribe(first, view)
    first.take()
    const { epoch } = graph.feed('quotes')?.position ?? { epoch: '' }
    hub.disconnect(first.outbox)
    clock.advance(30_001)
    quotes.answer([{ ...a, price: 0 }, b])
    const reader = new HubReader(hub)
    subscribe(reader, { ...view, since: { epoch, version: 2 } })
    expect(reader.take()).toMatchObject([{ type: 'subscribed', resumed: true, version: 2 }, { type: 'check' }])
  })
})

describe('a resync', () => {
  test('is answered by a snapshot, at most one a second, later and not never', () => {
    const reader = new HubReader(hub)
    quotes.answer([a])
    subscribe(reader, { feed: 'quotes' })
    reader.take()
    hub.resync(reader.outbox, 'quotes')
    hub.resync(reader.outbox, 'quotes')
    expect(reader.take()).toMatchObject([{ type: 'snapshot', to: 1 }])
    clock.advance(1000)
    expect(reader.take()).toMatchObject([{ type: 'snapshot', to: 1 }])
  })

  test('of what is not held is refused', () => {
    const reader = new HubReader(hub)
    expect(() => hub.resync(reader.outbox, 'quotes')).toThrow("not subscribed to 'quotes'")
  })
})

describe('views', () => {
  test('equal ones are one; they go after the linger', () => {
    quotes.answer([a, b])
    const [one, two] = [new HubReader(hub), new HubReader(hub)]
    subscribe(one, { feed: 'quotes', where: 'price>1' })
    subscribe(two, { feed: 'quotes', where: 'price  >  1' })
    expect(hub.viewCount).toBe(1)
    hub.disconnect(one.outbox)
    hub.disconnect(two.outbox)
    expect(hub.viewCount).toBe(1)
    clock.advance(30_000)
    expect(hub.viewCount).toBe(0)
  })

  test('are capped per feed, and those nobody reads make room', () => {
    quotes.answer([a, b])
    const [one, two, three] = [new HubReader(hub), new HubReader(hub), new HubReader(hub)]
    subscribe(one, { feed: 'quotes', limit: 1 })
    subscribe(two, { feed: 'quotes', limit: 2 })
    expect(() => subscribe(three, { feed: 'quotes', limit: 3 })).toThrow('2 views')
    hub.disconnect(one.outbox)
    subscribe(three, { feed: 'quotes', limit: 3 })
    expect(three.take()).toMatchObject([{ type: 'subscribed' }, { type: 'snapshot', feed: 'quotes?limit=3' }])
  })

  test('share the numbers of their feed, and skip those at which they did not change', () => {
    const reader = new HubReader(hub)
    quotes.answer([a, b])
    subscribe(reader, { feed: 'quotes', where: 'price > 1', fields: ['price'] })
    reader.take()
    quotes.answer([{ ...a, price: 0 }, b])
    expect(reader.take()).toEqual([])
    clock.advance(1000)
    quotes.answer([
      { ...a, price: 0 },
      { ...b, price: 5 },
    ])
    const [delta] = reader.take() as [DeltaMessage]
    expect(delta).toMatchObject({ type: 'delta', from: 1, to: 3, set: { b: { price: 5 } } })
  })

  test('built again say when their rows changed, not when they were built', () => {
    const reader = new HubReader(hub)
    quotes.answer([a, b])
    const look = (): unknown => {
      subscribe(reader, { feed: 'quotes' })
      const found = reader.take().find(({ type }) => type === 'snapshot') as SnapshotMessage
      hub.unsubscribe(reader.outbox, 'quotes')
      clock.advance(3_600_000)
      trades.answer([a, { ...b, price: clock.now() }])
      return [found.tick, found.at]
    }
    const first = look()
    expect([look(), look()]).toEqual([first, first])
  })

  test('with a limit hold the first rows of the order', () => {
    const reader = new HubReader(hub)
    quotes.answer([a, b])
    subscribe(reader, { feed: 'quotes', order: ['-price'], limit: 1 })
    expect(reader.take()[1]).toMatchObject({ type: 'snapshot', order: ['-price'], rows: [{ id: 'b' }] })
    clock.advance(1000)
    quotes.answer([{ ...a, price: 9 }, b])
    expect(reader.take()).toMatchObject([{ type: 'delta', set: { a: { price: 9 } }, del: ['b'] }])
  })

  test('are capped per feed; one that is refused counts for nobody, and one that only lingers makes room', () => {
    const reader = new HubReader(hub)
    for (const limit of [1, 2]) subscribe(reader, { feed: 'quotes', limit })
    expect(() => subscribe(reader, { feed: 'quotes', limit: 3 })).toThrow(expect.objectContaining({ code: 'too_many' }))
    expect([reader.outbox.size, reader.outbox.viewCount, hub.viewCount]).toEqual([2, 2, 2])
    hub.unsubscribe(reader.outbox, 'quotes?limit=1')
    subscribe(reader, { feed: 'quotes', limit: 3 })
    expect([reader.outbox.size, reader.outbox.viewCount, hub.viewCount]).toEqual([2, 2, 2])
  })
})

describe('demand', () => {
  test('L7: a feed with no reader is not polled, one with a reader is, and for the linger after it', () => {
    expect(quotes.polling).toBe(false)
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes', limit: 3 })
    expect([quotes.polling, trades.polling]).toEqual([true, false])
    hub.unsubscribe(reader.outbox, 'quotes?limit=3')
    clock.advance(29_999)
    expect(quotes.polling).toBe(true)
    clock.advance(1)
    expect(quotes.polling).toBe(false)
  })

  test('get is a reader until the linger ends, and waits for first data', async () => {
    const answer = hub.get('quotes', {}, asker)
    expect(quotes.polling).toBe(true)
    quotes.answer([a])
    expect((await answer).store.count).toBe(1)
    clock.advance(30_000)
    expect(quotes.polling).toBe(false)
  })

  test('get without data for 5 s is unavailable', async () => {
    const answer = hub.get('quotes', {}, asker)
    clock.advance(5000)
    await expect(answer).rejects.toMatchObject({ code: 'unavailable', retry: true })
  })
})

describe('freshness', () => {
  test('is told before first rows and after what is new: held rows are never called fresher than they are', () => {
    const [early, late] = [new HubReader(hub), new HubReader(hub)]
    const types = (reader: HubReader): string[] => reader.take({ status: true }).map(message => message.type)
    subscribe(early, { feed: 'quotes' })
    expect(types(early)).toEqual(['subscribed', 'status'])
    quotes.answer([a])
    expect(early.take({ status: true })).toMatchObject([{ type: 'status', state: 'fresh' }, { type: 'snapshot' }])
    subscribe(late, { feed: 'quotes' })
    expect(types(late)).toEqual(['subscribed', 'status', 'snapshot'])
    clock.advance(1000)
    quotes.fail()
    clock.advance(3000)
    quotes.answer([{ ...a, price: 2 }])
    expect(types(late)).toEqual(['status', 'delta', 'status'])
  })

  test('L6: a failing source turns stale, then down, visibly, keeps its rows, and recovers without a snapshot', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes' })
    quotes.answer([a])
    reader.take({ status: true })
    quotes.fail()
    clock.advance(3000)
    expect(reader.take({ status: true })).toMatchObject([
      { type: 'status', state: 'stale', cause: 'refused', reason: 'connection refused' },
    ])
    clock.advance(57_000)
    expect(reader.take({ status: true })).toMatchObject([{ type: 'status', state: 'down', cause: 'refused' }])
    quotes.answer([a])
    expect(reader.take({ status: true })).toMatchObject([{ type: 'status', state: 'fresh' }])
  })

  test('a proof that changed nothing is told at most every 5 s', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes' })
    quotes.answer([a])
    reader.take({ status: true })
    let told = 0
    for (let second = 0; second < 20; second++) {
      clock.advance(1000)
      quotes.answer([a])
      told += reader.take({ status: true }).length
    }
    expect(told).toBe(4)
  })

  test('a checksum goes out every 60 s on a feed that changed', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes' })
    let checks = 0
    for (let second = 0; second < 150; second++) {
      quotes.answer([{ ...a, price: second }])
      checks += reader.take().filter(message => message.type === 'check').length
      clock.advance(1000)
    }
    expect(checks).toBe(2)
  })
})

describe('columns that an upstream let go', () => {
  test('begin another epoch in the feed, in what is derived of it and in views', () => {
    const readers = ['quotes', 'dear', 'quotes?limit=5'].map(feed => {
      const reader = new HubReader(hub)
      subscribe(reader, { feed })
      return reader
    })
    quotes.answer([{ ...a, old: 1 }, b])
    const epochs = readers.map(reader => (reader.take().find(({ type }) => type === 'snapshot') as SnapshotMessage).epoch)
    quotes.answer([{ ...a, fresh: 2 }, b], { anew: true })
    for (const [i, reader] of readers.entries()) {
      const [snapshot, ...rest] = reader.take().filter(({ type }) => type !== 'tick') as SnapshotMessage[]
      expect(rest).toEqual([])
      expect(snapshot).toMatchObject({ type: 'snapshot', columns: ['id', 'price', 'fresh'] })
      expect(snapshot?.epoch).not.toBe(epochs[i])
    }
  })
})

describe('another key column', () => {
  test('is another epoch, which begins with a snapshot; versions go on', () => {
    const reader = new HubReader(hub)
    subscribe(reader, { feed: 'quotes' })
    quotes.answer([a, b])
    const before = graph.feed('quotes')?.position.epoch ?? ''
    reader.take()
    clock.advance(1000)
    quotes.answer([{ isin: 'x', price: 1 }], { key: 'isin' })
    const [snapshot] = reader.take() as [SnapshotMessage]
    expect(snapshot).toMatchObject({ type: 'snapshot', key: 'isin', to: 2, rows: [{ isin: 'x' }] })
    expect(snapshot.epoch > before).toBe(true)
  })
})
