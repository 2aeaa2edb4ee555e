import { beforeEach, describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Connection } from '../../src/connection/connection.ts'
import type { ConnectionContext } from '../../src/connection/context.ts'
import { Heartbeat } from '../../src/connection/heartbeat.ts'
import { defaultConnectionLimits } from '../../src/connection/limits.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { errorTable } from '../../src/model/errors.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const heartbeatMs = 25_000
const rows = [
  { id: 'a', price: 1 },
  { id: 'b', price: 2 },
]

let clock: ManualClock
let quotes: ScriptedSource
let hub: Hub
let context: ConnectionContext
let limited: string[]
let transport: FakeTransport
let connection: Connection
/** One who does nothing wrong; nothing that happens to the other may reach it. */
let neighbour: FakeTransport
let neighbourConnection: Connection

beforeEach(() => {
  clock = new ManualClock()
  quotes = new ScriptedSource('quotes', clock, { staleAfterMs: 3_600_000 })
  const cold = new ScriptedSource('cold', clock)
  const graph = new Graph({
    sources: [quotes.definition, cold.definition],
    feeds: [],
    clock,
    random: seededRandom(1),
    log: silentLogger,
  })
  hub = new Hub({ graph, clock, random: seededRandom(2), log: silentLogger })
  graph.start()
  limited = []
  context = {
    hub,
    clock,
    random: seededRandom(3),
    log: silentLogger,
    limits: defaultConnectionLimits,
    heartbeat: new Heartbeat(heartbeatMs, clock),
    server: 'millrace/0.0.0',
    limited: limit => limited.push(limit),
  }
  neighbour = new FakeTransport()
  neighbourConnection = new Connection(neighbour, context)
  neighbourConnection.receive('{"type":"subscribe","feed":"quotes"}')
  quotes.answer(rows)
  neighbour.take()
  transport = new FakeTransport()
  connection = new Connection(transport, context)
})

function say(message: object): void {
  connection.receive(JSON.stringify(message))
}

/** Keeps what comes of it. */
function follow(...feeds: readonly string[]): void {
  for (const feed of feeds) say({ type: 'subscribe', feed })
}

function welcomed(): void {
  transport.only('welcome')
}

/** Follows `quotes` and is sent so much of it that the window is full. */
function fill(pings: readonly string[] = []): void {
  say({ type: 'subscribe', feed: 'quotes' })
  for (const text of ['x', 'y', 'z']) {
    clock.advance(100)
    quotes.answer([{ id: 'a', price: 1, note: text.repeat(40_000) }])
  }
  expect(transport.pings).toEqual(pings.length > 0 ? pings : ['1'])
  clock.advance(100)
  quotes.answer(rows)
  transport.take()
  neighbourConnection.ponged(neighbour.lastPing)
  neighbour.take()
}

/** The neighbour still gets what changes, and nothing else came to it meanwhile. */
function neighbourIsUndisturbed(): void {
  expect(neighbour.take().filter(message => message.type !== 'status' && message.type !== 'beat')).toEqual([])
  clock.advance(100)
  quotes.answer([{ id: 'a', price: clock.monotonic() + 10 }, ...rows.slice(1)])
  expect(neighbour.take()).toMatchObject([{ type: 'delta', set: { a: {} } }])
  expect(neighbour.closed).toBeUndefined()
}

describe('hello and welcome', () => {
  test('welcome comes first, before anything is asked, and tells limits and heartbeat', () => {
    expect(transport.only('welcome')).toEqual({
      type: 'welcome',
      protocol: 'millrace.v1',
      server: 'millrace/0.0.0',
      heartbeat: heartbeatMs,
      features: ['ack'],
      limits: { feeds: 256, message: 65_536, messagesPerSecond: 20 },
    })
  })

  test('hello is answered by another, with its id; members of later versions are ignored', () => {
    welcomed()
    say({ type: 'hello', id: 'h', client: 'dash/1.2', features: ['ack', 'new'], unknown: { a: 1 } })
    expect(transport.only('welcome')).toMatchObject({ id: 'h' })
  })
})

describe('messages', () => {
  beforeEach(welcomed)

  test('subscribe, what changes, unsubscribe', () => {
    say({ type: 'subscribe', id: 1, feed: 'quotes' })
    expect(transport.take()).toMatchObject([
      { type: 'subscribed', id: 1, feed: 'quotes', resumed: false },
      { type: 'status', state: 'fresh' },
      { type: 'snapshot', rows },
    ])
    quotes.answer([rows[0] ?? {}])
    expect(transport.only('delta')).toMatchObject({ del: ['b'] })
    say({ type: 'unsubscribe', id: 2, feed: 'quotes' })
    expect(transport.only('unsubscribed')).toMatchObject({ id: 2, feed: 'quotes' })
    quotes.answer(rows)
    expect(transport.take()).toEqual([])
  })

  test('what one tick changes leaves in one write', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    say({ type: 'subscribe', feed: 'quotes', limit: 1, order: ['-price'] })
    transport.take()
    transport.writes.splice(0)
    quotes.answer([{ id: 'b', price: 7 }])
    expect(transport.take().map(({ type }) => type)).toEqual(['tick', 'delta', 'delta'])
    expect(transport.writes).toEqual([3])
  })

  test('the addresses of the URL are subscribed to; one that cannot be is told, the others stay', () => {
    connection.subscribeTo(['nope', 'quotes', 'quotes?limit=1'], 0)
    expect(transport.take().filter(({ type }) => type !== 'status')).toMatchObject([
      { type: 'error', feed: 'nope', code: 'not_found' },
      { type: 'subscribed', feed: 'quotes' },
      { type: 'snapshot', feed: 'quotes' },
      { type: 'subscribed', feed: 'quotes?limit=1' },
      { type: 'snapshot', feed: 'quotes?limit=1' },
    ])
  })

  test('get answers once and is no subscription', async () => {
    say({ type: 'get', id: 'g', feed: 'quotes', order: ['-price'], limit: 1 })
    await settle()
    expect(transport.only('result')).toMatchObject({ id: 'g', rows: [rows[1]] })
    quotes.answer([])
    expect(transport.take()).toEqual([])
  })

  test('list and ping', () => {
    say({ type: 'list', id: 5 })
    expect(transport.only('feeds')).toMatchObject({ id: 5, feeds: [{ feed: 'quotes', key: 'id' }, { feed: 'cold' }] })
    say({ type: 'ping', id: 6 })
    expect(transport.only('pong')).toEqual({ type: 'pong', id: 6, at: clock.now() })
  })

  test('resync is answered by a snapshot', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    transport.take()
    say({ type: 'resync', feed: 'quotes', reason: 'gap' })
    expect(transport.only('snapshot')).toMatchObject({ rows })
  })
})

test('what an operator is told of it', () => {
  clock.advance(500)
  transport = new FakeTransport()
  connection = new Connection(transport, context)
  clock.advance(1000)
  follow('quotes', 'quotes?limit=1')
  const sent = transport.take().reduce((bytes, message) => bytes + Buffer.byteLength(JSON.stringify(message)), 0)
  expect(connection.figures).toEqual({ name: '', peer: '192.0.2.1', began: 500, bytes: sent, subscriptions: 2, held: false })
  fill()
  expect(connection.figures).toMatchObject({ held: true })
})

describe('a wrong message', () => {
  beforeEach(welcomed)

  test.each([
    [{ type: 'subscribe', id: 1, feed: 'quots' }, 'not_found', "did you mean 'quotes'?"],
    [{ type: 'subscribe', id: 1, feed: 'quotes', where: 'price ==' }, 'bad_query', 'where'],
    [{ type: 'subscribe', id: 1, feed: 'quotes', throttle: -1 }, 'bad_query', 'throttle'],
    [{ type: 'subscribe', id: 1, feed: 'quotes', since: { epoch: 'x' } }, 'bad_message', 'since'],
    [{ type: 'subscribe', id: 1, feed: 7 }, 'bad_message', 'feed'],
    [{ type: 'resync', id: 1, feed: 'quotes' }, 'not_found', 'not subscribed'],
    [{ type: 'lst', id: 1 }, 'unsupported', "did you mean 'list'?"],
    [{ type: '__proto__', id: 1 }, 'unsupported', '__proto__'],
    [{ type: 3, id: 1 }, 'bad_message', 'type'],
  ])('%j is answered %s, and the connection stays', (message, code, text) => {
    say(message)
    const error = transport.only('error')
    expect(error).toMatchObject({ id: 1, code, retry: errorTable[code as keyof typeof errorTable].retry })
    expect(error.message).toContain(text)
    say({ type: 'ping' })
    transport.only('pong')
    neighbourIsUndisturbed()
  })

  test('one that nests too deep is refused before it is parsed, with the limit', () => {
    connection.receive(`{"type":"ping","x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`)
    expect(transport.only('error')).toMatchObject({ code: 'bad_message', details: [{ limit: 'maxMessageDepth', value: 16 }] })
    expect(limited).toEqual(['maxMessageDepth'])
    expect(transport.closed).toBeUndefined()
  })

  test('an id that is none is not echoed; a very long feed is cut', () => {
    say({ type: 'subscribe', id: { a: 1 }, feed: 'x'.repeat(10_000) })
    const error = transport.only('error')
    expect(error.id).toBeUndefined()
    expect(error.feed).toHaveLength(2048)
    expect(error.message.length).toBeLessThanOrEqual(200)
  })

  test.each(['', '{', '[]', 'null', '"text"', '7', '\u0000'])('%j is no JSON object: closed 4400', text => {
    connection.receive(text)
    expect(transport.closed).toEqual({ code: 4400, reason: 'a message is one JSON object' })
    neighbourIsUndisturbed()
  })

  test('any JSON is answered or closed 4400: nothing is thrown, the neighbour notices nothing', () => {
    const types = ['hello', 'subscribe', 'unsubscribe', 'get', 'list', 'resync', 'ping', 'x']
    const member = fc.jsonValue({ maxDepth: 3 })
    const shaped = fc
      .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom('id', 'feed', 'where', 'fields', 'order', 'limit', 'since'), member))
      .map(([type, members]) => ({ ...members, type }))
    fc.assert(
      fc.property(fc.oneof(shaped, member), message => {
        const other = new FakeTransport()
        const peer = new Connection(other, context)
        other.take()
        peer.receive(JSON.stringify(message))
        const isObject = typeof message === 'object' && message !== null && !Array.isArray(message)
        expect(other.closed?.code).toBe(isObject ? undefined : 4400)
        expect(other.take().every(answer => answer.type !== 'error' || answer.code !== 'internal')).toBe(true)
        peer.ended()
      }),
      { numRuns: 300 },
    )
    neighbourIsUndisturbed()
  })

  test('a fault of the server is told by an id alone', async () => {
    const broken: ConnectionContext = {
      ...context,
      hub: Object.assign(Object.create(hub) as Hub, {
        connect: hub.connect.bind(hub),
        list: () => {
          throw new Error('secret /path/of/the/server')
        },
      }),
    }
    const other = new FakeTransport()
    const peer = new Connection(other, broken)
    other.take()
    peer.receive('{"type":"list","id":9}')
    await settle()
    const error = other.only('error')
    expect(error).toMatchObject({ id: 9, code: 'internal', retry: true })
    expect(error.message).not.toContain('secret')
  })
})

describe('limits', () => {
  beforeEach(welcomed)

  test('subscriptions: too_many with the limit; an address held already is none more', () => {
    const few = new Connection(transport, { ...context, limits: { ...defaultConnectionLimits, maxFeedsPerConnection: 2 } })
    transport.take()
    for (const limit of [1, 2, 3]) few.receive(JSON.stringify({ type: 'subscribe', id: limit, feed: 'quotes', limit }))
    const error = transport.take().at(-1)
    expect(error).toMatchObject({ type: 'error', id: 3, code: 'too_many', details: [{ limit: 'maxFeedsPerConnection', value: 2 }] })
    few.receive('{"type":"subscribe","id":4,"feed":"quotes?limit=1"}')
    expect(transport.only('subscribed')).toMatchObject({ id: 4, resumed: true })
    few.receive('{"type":"unsubscribe","feed":"quotes?limit=1"}')
    transport.take()
    few.receive('{"type":"subscribe","id":5,"feed":"quotes?limit=3"}')
    expect(transport.take()[0]).toMatchObject({ type: 'subscribed', id: 5 })
    expect(limited).toEqual(['maxFeedsPerConnection'])
  })

  test('views: too_many with the limit, the feed itself is none', () => {
    for (let limit = 1; limit <= 64; limit++) say({ type: 'subscribe', feed: 'quotes', limit })
    transport.take()
    say({ type: 'subscribe', id: 'v', feed: 'quotes?limit=65' })
    expect(transport.only('error')).toMatchObject({ id: 'v', details: [{ limit: 'maxViewsPerConnection', value: 64 }] })
    say({ type: 'subscribe', id: 'f', feed: 'quotes' })
    expect(transport.take()[0]).toMatchObject({ type: 'subscribed', id: 'f' })
  })

  test('messages: a burst of 100, then 20 a second; one refusal a second is told', () => {
    for (let i = 0; i < 100; i++) say({ type: 'ping' })
    expect(transport.take().every(({ type }) => type === 'pong')).toBe(true)
    say({ type: 'ping' })
    say({ type: 'ping' })
    expect(transport.only('error')).toMatchObject({
      code: 'rate_limited',
      retry: true,
      details: [{ limit: 'messagesPerSecond', value: 20 }],
    })
    // Each refusal counts once, told or not.
    expect(limited).toEqual(['messagesPerSecond', 'messagesPerSecond'])
    clock.advance(1000)
    for (let i = 0; i < 21; i++) say({ type: 'ping' })
    const answers = transport.take().map(({ type }) => type)
    expect(answers.filter(type => type === 'pong')).toHaveLength(20)
    expect(answers.filter(type => type === 'error')).toHaveLength(1)
    neighbourIsUndisturbed()
  })

  test('messages: closed 4429 once 100 were refused within 10 s, not before', () => {
    for (let i = 0; i < 199; i++) say({ type: 'ping' })
    expect(transport.closed).toBeUndefined()
    say({ type: 'ping' })
    expect(transport.closed).toEqual({ code: 4429, reason: 'messagesPerSecond retry-after-ms=10000' })
    transport.take()
    say({ type: 'ping' })
    expect(transport.take()).toEqual([])
    expect(limited).toContain('messagesPerSecond')
    neighbourIsUndisturbed()
  })

  test('messages: refusals of different times do not add up', () => {
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 150; i++) say({ type: 'ping' })
      expect(transport.closed).toBeUndefined()
      clock.advance(10_001)
      connection.ponged(Buffer.from(transport.pings.at(-1) ?? ''))
    }
  })

  test('pings: a burst of 50, then 5 a second; over it closed 4429', () => {
    for (let i = 0; i < 50; i++) connection.pinged()
    clock.advance(1000)
    for (let i = 0; i < 5; i++) connection.pinged()
    expect(transport.closed).toBeUndefined()
    connection.pinged()
    expect(transport.closed).toEqual({ code: 4429, reason: 'pingsPerSecond retry-after-ms=10000' })
  })

  test.each(['get', 'list'])('%s: whoever does not read is owed 16 answers at most, then 4429', async type => {
    fill()
    for (let id = 1; id <= 16; id++) say({ type, id, feed: 'quotes' })
    await settle()
    expect(transport.take()).toEqual([])
    say({ type, id: 17, feed: 'quotes' })
    expect(transport.only('error')).toMatchObject({ id: 17, code: 'rate_limited', retry: true })
    for (let i = 0; i < 200 && transport.closed === undefined; i++) {
      clock.advance(50)
      say({ type, id: 18, feed: 'quotes' })
    }
    expect(transport.closed).toEqual({ code: 4429, reason: 'answers retry-after-ms=10000' })
    expect(transport.take().filter(message => message.type !== 'error')).toEqual([])
    await settle()
    neighbourIsUndisturbed()
  })

  test.each(['get', 'list'])('%s: what is owed comes once there is room, true at that time', async type => {
    fill()
    for (let id = 1; id <= 3; id++) say({ type, id, feed: 'quotes' })
    quotes.answer([{ id: 'late', price: 1 }])
    connection.ponged(transport.lastPing)
    await settle()
    const answers = transport.take().filter(message => message.type === 'result' || message.type === 'feeds')
    expect(answers.map(({ id }) => id)).toEqual([1, 2, 3])
    const tables = answers.map(answer => (answer.type === 'result' ? answer.rows : undefined))
    expect(tables.every(table => table === undefined || table[0]?.['id'] === 'late')).toBe(true)
    expect(tables.includes(undefined)).toBe(type === 'list')
  })

  test('get: 16 may wait for first data; each is told when none came within 5 s', async () => {
    for (let id = 1; id <= 17; id++) say({ type: 'get', id, feed: 'cold' })
    expect(transport.only('error')).toMatchObject({ id: 17, code: 'rate_limited' })
    await clock.advanceAsync(5000)
    const refusals = transport.take().filter(message => message.type === 'error')
    expect(refusals.map(({ id, code }) => `${id} ${code}`)).toEqual(Array.from({ length: 16 }, (_, i) => `${i + 1} unavailable`))
    say({ type: 'get', id: 18, feed: 'quotes' })
    await settle()
    transport.only('result')
  })
})

describe('one that reads slowly', () => {
  test('is held, and brought up to date by one net delta', () => {
    fill()
    for (let price = 10; price < 20; price++) {
      clock.advance(100)
      quotes.answer([{ id: 'a', price }, ...rows.slice(1)])
    }
    expect(transport.take()).toEqual([])
    connection.ponged(transport.lastPing)
    expect(transport.take().filter(({ type }) => type !== 'status')).toMatchObject([{ type: 'delta', set: { a: { price: 19 } } }])
  })

  test('is asked for an acknowledgement after 32 KiB, sent 32 KiB more, and then nothing', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    const sent: number[] = []
    for (let i = 0; i < 100; i++) {
      clock.advance(100)
      quotes.answer([{ id: 'a', price: i, note: 'x'.repeat(1000) + String(i) }])
      if (transport.take().some(({ type }) => type === 'delta')) sent.push(transport.pings.length)
    }
    expect(sent.length).toBeGreaterThan(55)
    expect(sent.length).toBeLessThan(66)
    expect(sent.filter(pings => pings === 0).length).toBeGreaterThan(25)
    expect(transport.pings).toEqual(['1'])
  })

  test('a heartbeat ping outstanding at the wrong moment does not block it for ever', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    clock.advance(heartbeatMs)
    expect(transport.pings).toEqual(['1'])
    fill(['1'])
    // What its answer acknowledges was written before the data: the next ping goes at once, though all is held.
    connection.ponged(Buffer.from('1'))
    expect(transport.pings).toEqual(['1', '2'])
    quotes.answer([{ id: 'a', price: 4711 }])
    expect(transport.take().filter(({ type }) => type === 'delta')).toEqual([])
    connection.ponged(Buffer.from('2'))
    expect(transport.take().filter(({ type }) => type === 'delta')).toMatchObject([{ set: { a: { price: 4711 } } }])
  })

  test('with ack: is asked by messages, answers by messages, and a late answer of another kind proves nothing', () => {
    say({ type: 'hello', features: ['ack'] })
    say({ type: 'subscribe', feed: 'quotes' })
    transport.take()
    for (const text of ['x', 'y']) {
      clock.advance(100)
      quotes.answer([{ id: 'a', price: 1, note: text.repeat(40_000) }])
    }
    expect(transport.pings).toEqual([])
    expect(transport.take().map(({ type }) => type)).toEqual(['delta', 'ping', 'delta'])
    quotes.answer([{ id: 'a', price: 4711 }])
    clock.advance(100)
    connection.ponged(Buffer.from('2'))
    for (const message of [
      { type: 'pong', n: 2 },
      { type: 'pong', n: 0 },
    ])
      say(message)
    expect(transport.take()).toEqual([])
    say({ type: 'pong', n: 1 })
    expect(transport.take().filter(({ type }) => type !== 'status')).toMatchObject([
      { type: 'ping', n: 2 },
      { type: 'delta', set: { a: { price: 4711 } } },
    ])
  })

  test('with ack: the answer that is waited for is free of rate limits', () => {
    say({ type: 'hello', features: ['ack'] })
    for (let i = 0; i < 2000; i++) {
      clock.advance(heartbeatMs)
      const ping = transport.take().find(({ type }) => type === 'ping')
      if (ping !== undefined) say(ping.type === 'ping' ? { type: 'pong', n: ping.n } : {})
    }
    expect([transport.terminated, transport.closed]).toEqual([false, undefined])
  })

  test.each([
    ['with spaces', (n: number) => `{"type": "pong", "n": ${n}}`],
    ['in another order', (n: number) => `{"n":${n},"type":"pong"}`],
    ['with members of later versions', (n: number) => `{"type":"pong","n":${n},"lag":3}`],
  ])('with ack: so it is %s', (_, spelled) => {
    say({ type: 'hello', features: ['ack'] })
    for (let i = 0; i < 500; i++) say({ type: 'ping' })
    expect(transport.closed).toMatchObject({ code: 4429 })
    transport = new FakeTransport()
    connection = new Connection(transport, context)
    say({ type: 'hello', features: ['ack'] })
    for (let i = 0; i < 1000; i++) {
      clock.advance(100)
      quotes.answer([{ id: 'a', price: i, note: 'x'.repeat(33_000) }])
      if (i === 0) say({ type: 'subscribe', feed: 'quotes' })
      for (const message of transport.take()) if (message.type === 'ping') connection.receive(spelled(message.n))
    }
    clock.advance(3 * heartbeatMs)
    expect(transport.closed).toBeUndefined()
    expect(limited.filter(limit => limit === 'messagesPerSecond').length).toBeLessThanOrEqual(401)
  })

  test('that a large message takes long to reach is not given up before a slow line could have carried it', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    transport.take()
    // 2 MB at 256 kbit/s take 64 s, in which nothing can be answered.
    quotes.answer([{ id: 'a', price: 1, note: 'x'.repeat(2_000_000) }])
    clock.advance(75_000)
    expect([transport.closed, transport.terminated]).toEqual([undefined, false])
    connection.ponged(transport.lastPing)
    transport.take()
    quotes.answer([{ id: 'a', price: 2 }])
    expect(transport.take().map(({ type }) => type)).toContain('delta')
  })

  test('pongs that were not asked for open no window', () => {
    fill()
    for (const text of ['', '0', '2', '99', 'x', '1e0', ' 1', '01x']) connection.ponged(Buffer.from(text))
    quotes.answer([{ id: 'a', price: 4711 }])
    expect(transport.take()).toEqual([])
  })

  test('one that reads is never held, however much it is sent', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    transport.take()
    for (let i = 0; i < 200; i++) {
      clock.advance(100)
      quotes.answer([{ id: 'a', price: i, note: 'x'.repeat(3000) + String(i) }])
      expect(transport.take().filter(({ type }) => type === 'delta')).toHaveLength(1)
      connection.ponged(transport.lastPing)
    }
  })

  test('and answers no ping either is closed 4508: its close frame may yet be read', () => {
    fill()
    quotes.answer([])
    clock.advance(4 * heartbeatMs)
    expect(transport.closed).toEqual({ code: 4508, reason: 'too slow' })
    expect(transport.terminated).toBe(false)
  })
})

describe('the heartbeat', () => {
  beforeEach(welcomed)

  test('pings once an interval; with nothing else said, a beat goes with it', () => {
    clock.advance(heartbeatMs)
    expect(transport.pings).toEqual(['1'])
    transport.take()
    connection.ponged(Buffer.from('1'))
    clock.advance(heartbeatMs)
    expect(transport.pings).toEqual(['1', '2'])
    expect(transport.only('beat').at).toBe(clock.now())
  })

  test('no beat where something was said in the half interval before', () => {
    clock.advance(1.6 * heartbeatMs)
    connection.ponged(Buffer.from('1'))
    transport.take()
    say({ type: 'ping' })
    clock.advance(0.4 * heartbeatMs)
    expect(transport.take().map(({ type }) => type)).toEqual(['pong'])
  })

  test('what was said just after a beat is no sign of life at the next one: two intervals of silence end a client', () => {
    clock.advance(heartbeatMs)
    connection.ponged(Buffer.from('1'))
    say({ type: 'ping' })
    transport.take()
    clock.advance(heartbeatMs)
    expect(transport.take().map(({ type }) => type)).toEqual(['beat'])
  })

  test('a silent peer is dropped after two intervals without an answer', () => {
    clock.advance(3 * heartbeatMs - 1)
    expect(transport.terminated).toBe(false)
    clock.advance(1)
    expect(transport.terminated).toBe(true)
    expect(transport.pings).toEqual(['1'])
  })

  test('pongs with another payload prove nothing', () => {
    for (let i = 0; i < 100; i++) {
      clock.advance(heartbeatMs / 25)
      for (const text of ['', '0', '2', '99', 'x']) connection.ponged(Buffer.from(text))
    }
    expect(transport.terminated).toBe(true)
  })

  test('one that answers stays', () => {
    for (let i = 0; i < 20; i++) {
      clock.advance(heartbeatMs)
      connection.ponged(Buffer.from(transport.pings.at(-1) ?? ''))
    }
    expect(transport.terminated).toBe(false)
    expect(transport.pings).toHaveLength(20)
  })
})

describe('the end', () => {
  beforeEach(welcomed)

  test('frees everything the connection held; nothing is written any more', () => {
    say({ type: 'subscribe', feed: 'quotes' })
    say({ type: 'subscribe', feed: 'quotes', limit: 1 })
    transport.take()
    const timers = clock.pending
    connection.ended()
    connection.ended()
    quotes.answer([])
    say({ type: 'ping' })
    connection.ponged(Buffer.from('1'))
    clock.advance(4 * heartbeatMs)
    expect(transport.take()).toEqual([])
    expect(transport.pings).toEqual([])
    expect(hub.viewCount).toBe(1)
    expect(clock.pending).toBeLessThanOrEqual(timers)
  })

  test('closing says the meaning of the code where no reason is given, once', () => {
    connection.close(1013)
    connection.close(4500)
    expect(transport.closed).toEqual({ code: 1013, reason: 'overload' })
  })
})
