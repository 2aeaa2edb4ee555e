import { beforeEach, describe, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { defaultHubLimits } from '../../src/hub/limits.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { settle } from '../support/manual-clock.ts'
import { asker, HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'
import { WorkingClock } from '../support/working-clock.ts'

let clock: WorkingClock
let quotes: ScriptedSource
let hub: Hub
let graph: Graph

beforeEach(() => {
  clock = new WorkingClock()
  quotes = new ScriptedSource('quotes', clock, { lingerMs: 60_000, staleAfterMs: 3_600_000 })
  const deps = { clock, log: silentLogger }
  graph = new Graph({ ...deps, sources: [quotes.definition], feeds: [], random: seededRandom(1) })
  hub = new Hub({ ...deps, graph, random: seededRandom(2), limits: { ...defaultHubLimits, viewTimePerSecondMs: 100 } })
  graph.start()
})

function answer(price: number): void {
  quotes.answer([
    { id: 'a', price },
    { id: 'b', price: 100 },
  ])
}

function follow(where: string, reader = new HubReader(hub)): HubReader {
  hub.subscribe(reader.outbox, { feed: 'quotes', where }, () => undefined)
  return reader
}

describe('a view that only lingers', () => {
  test('is what it would have been once it is read again, by one net delta or by nothing', async () => {
    answer(1)
    const reader = follow('price > 10')
    const [, { epoch }] = reader.take() as [unknown, { epoch: string }]
    hub.disconnect(reader.outbox)
    const other = new HubReader(hub)
    hub.subscribe(other.outbox, { feed: 'quotes' }, () => undefined)
    for (let price = 2; price < 50; price++) answer(price)
    const back = new HubReader(hub)
    hub.subscribe(back.outbox, { feed: 'quotes', where: 'price > 10', since: { epoch, version: 1, count: 1, sum: '' } }, () => undefined)
    expect(back.take()).toMatchObject([
      { type: 'subscribed', resumed: true, version: 1 },
      { type: 'delta', from: 1, to: 49, set: { a: { price: 49 } } },
      { type: 'check', version: 49 },
    ])
    hub.disconnect(back.outbox)
    answer(3)
    answer(4)
    const { frame } = await hub.snapshot('quotes', { where: 'price > 10' }, asker)
    expect(JSON.parse(frame.toString())).toMatchObject({ to: 51, rows: [{ id: 'b' }] })
    await settle()
  })

  test('costs nothing while it does', () => {
    answer(1)
    hub.subscribe(new HubReader(hub).outbox, { feed: 'quotes' }, () => undefined)
    hub.disconnect(follow('price > 10').outbox)
    const looked = { rows: 0 }
    const row = {
      id: 'a',
      get price() {
        looked.rows++
        return 5
      },
    }
    quotes.answer([row])
    const without = looked.rows
    follow('price > 10')
    expect(looked.rows).toBeGreaterThan(without)
  })
})

describe('keeping views up to date', () => {
  test('counts against who follows them: who takes too much gets no further view, and nobody else is hindered', () => {
    answer(1)
    const greedy = new HubReader(hub)
    for (let i = 0; i < 20; i++) follow(`price > ${i}`, greedy)
    clock.perLookMs = 10
    for (let price = 2; price < 20; price++) {
      answer(price)
      clock.advance(100)
    }
    clock.perLookMs = 0
    expect(() => follow('price > 1000', greedy)).toThrow(/took more than 100 ms a second/)
    expect(follow('price > 1000').take()).toMatchObject([{ type: 'subscribed' }, { type: 'snapshot' }])
    clock.advance(30_000)
    expect(
      follow('price > 2000', greedy)
        .take()
        .map(({ type }) => type),
    ).toContain('subscribed')
  })
})

describe('views that take too long to be kept up to date within the tick', () => {
  /** Two readers of views, and one of the feed, once the views are put off. */
  function putOff(): { readonly base: HubReader; readonly first: HubReader; readonly second: HubReader } {
    answer(1)
    const base = new HubReader(hub)
    hub.subscribe(base.outbox, { feed: 'quotes' }, () => undefined)
    const [first, second] = [follow('price > 0'), follow('price > 10')]
    for (const reader of [base, first, second]) reader.take({ status: true })
    clock.advance(10_000)
    hub.viewPace.spent(500)
    answer(50)
    return { base, first, second }
  }

  test('are behind their feed, which is told at once, and are then brought up to it by one delta each', () => {
    const { base, first, second } = putOff()
    expect(base.take()).toMatchObject([{ type: 'delta', from: 1, to: 2 }])
    expect([...first.take(), ...second.take()]).toEqual([])
    answer(60)
    clock.advance(5000)
    expect(first.take()).toMatchObject([{ type: 'delta', from: 1, to: 3, set: { a: { price: 60 } } }])
    expect(second.take()).toMatchObject([{ type: 'delta', from: 1, to: 3, set: { a: { id: 'a', price: 60 } } }])
  })

  const told = (reader: HubReader): readonly unknown[] =>
    reader
      .take({ status: true })
      .flatMap(message => (message.type === 'status' ? [`${message.state} ${message.validatedAt ?? ''}`] : [message.type]))

  test('are never believed further than what they show, and what goes wrong meanwhile is told at once', () => {
    const { base, first } = putOff()
    const shown = clock.now() - 10_000
    for (let i = 0; i < 400; i++) hub.viewPace.spent(3000)
    clock.advance(20)
    answer(50)
    const proved = clock.now()
    expect(told(first)).toEqual([])
    clock.advance(3_600_001)
    expect(told(first)).toEqual([`stale ${shown}`])
    clock.advance(3_600_000)
    expect(told(first)).toEqual(['delta', `stale ${proved}`, 'check'])
    expect(base.frames.length).toBeGreaterThan(0)
  })

  test('go on by what changed meanwhile alone, however many rows there are', () => {
    const price = (i: number, changed: number): number => (i === changed ? 60 : 50)
    const table = (changed: number): { id: string; price: number }[] =>
      Array.from({ length: 500 }, (_, i) => ({ id: `r${i}`, price: price(i, changed) }))
    let looks = 0
    const counted = (rows: { id: string; price: number }[]) =>
      rows.map(({ id, price: value }) => ({
        id,
        get price() {
          looks++
          return value
        },
      }))
    quotes.answer(table(-1))
    const reader = follow('price > 55')
    reader.take()
    hub.viewPace.spent(500)
    quotes.answer(counted(table(7)))
    looks = 0
    clock.advance(5000)
    expect(reader.take()).toMatchObject([{ type: 'delta', set: { r7: { price: 60 } } }])
    expect(looks).toBeLessThan(600)
  })

  test('show the table that their feed shows, not what a pipeline has gone on to within', () => {
    answer(1)
    const base = new HubReader(hub)
    hub.subscribe(base.outbox, { feed: 'quotes' }, () => undefined)
    const reader = follow('price > 0')
    reader.take()
    hub.viewPace.spent(500)
    answer(2)
    // As an alert or a window may, by a timer of its own: what it says comes with the next tick.
    const rows = graph.feed('quotes')?.sample?.table.rows as Map<string, { id: string; price: number }>
    rows.set('a', { id: 'a', price: 999 })
    clock.advance(5000)
    expect(reader.take()).toMatchObject([{ type: 'delta', set: { a: { price: 2 } } }])
  })

  test('somebody new is shown the table as it is, and so are those who wait', () => {
    const { first } = putOff()
    const late = follow('price > 0')
    expect(late.take()).toMatchObject([
      { type: 'subscribed', version: 2 },
      { type: 'snapshot', to: 2 },
    ])
    expect(first.take()).toMatchObject([{ type: 'delta', from: 1, to: 2 }])
    clock.advance(5000)
    expect(first.take()).toEqual([])
  })

  test('whose readers have gone are let rest', () => {
    const { second } = putOff()
    hub.disconnect(second.outbox)
    clock.advance(5000)
    expect(follow('price > 10').take()).toMatchObject([{ type: 'subscribed' }, { type: 'snapshot', rows: [{ id: 'b' }, { id: 'a' }] }])
  })
})

test('equal fields asked for before and after the first data are one subscription', () => {
  const reader = new HubReader(hub)
  const request = { feed: 'quotes', fields: ['price'] }
  hub.subscribe(reader.outbox, request, () => undefined)
  answer(1)
  hub.subscribe(reader.outbox, { ...request, throttle: 100 }, () => undefined)
  expect(reader.outbox.size).toBe(1)
  reader.take()
  clock.advance(1000)
  answer(2)
  clock.advance(1000)
  expect(reader.take().filter(({ type }) => type === 'delta')).toHaveLength(1)
  hub.unsubscribe(reader.outbox, 'quotes?fields=id,price')
  expect(reader.outbox.size).toBe(0)
})

describe('what all readers of a view are told', () => {
  test('of freshness, and of a resume by sum, is encoded once, and not written to all in one turn of the loop', () => {
    const readers = Array.from({ length: 1200 }, () => new HubReader(hub))
    const since = { epoch: '000000000000', version: 7, count: 2, sum: '0' }
    for (const reader of readers) hub.subscribe(reader.outbox, { feed: 'quotes', since }, () => undefined)
    for (const reader of readers) reader.take()
    answer(1)
    expect(readers.filter(({ frames }) => frames.length > 0)).toHaveLength(500)
    clock.advance(1)
    expect(readers.filter(({ frames }) => frames.length > 0)).toHaveLength(1200)
    for (const reader of readers) reader.frames.length = 0
    quotes.fail()
    clock.advance(3_600_001)
    for (const reader of readers)
      expect(reader.frames.map(frame => (JSON.parse(frame.toString()) as { state: string }).state)).toContain('down')
    expect(new Set(readers.map(({ frames }) => frames.at(-1))).size).toBe(1)
  })
})

test('L8: readers who come back to many positions of large deltas share them, or the snapshot', () => {
  const big = (n: number): { id: string; n: number; text: string }[] =>
    Array.from({ length: 40 }, (_, i) => ({ id: `r${i}`, n: i < 10 ? n : 0, text: i < 10 ? String(n).repeat(40_000) : 'x'.repeat(40_000) }))
  for (let n = 1; n <= 6; n++) quotes.answer(big(n))
  const first = new HubReader(hub)
  hub.subscribe(first.outbox, { feed: 'quotes' }, () => undefined)
  clock.advance(1000)
  const { epoch } = first.take().find(({ type }) => type === 'snapshot') as { epoch: string }
  const before = hub.figures.of('quotes').encodes
  for (let i = 0; i < 40; i++) {
    const reader = new HubReader(hub)
    hub.subscribe(reader.outbox, { feed: 'quotes', since: { epoch, version: 1 + (i % 5), count: 0, sum: '' } }, () => undefined)
    clock.advance(100)
    expect(reader.take().map(({ type }) => type)).toContainEqual(expect.stringMatching(/delta|snapshot/))
  }
  expect(hub.figures.of('quotes').encodes - before).toBeLessThanOrEqual(5)
})
