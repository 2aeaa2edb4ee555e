import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { Flushes } from '../../src/hub/flushes.ts'
import { Hub } from '../../src/hub/hub.ts'
import { nextInstant, throttleGrid, throttleOf } from '../../src/hub/throttle.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { DeltaMessage, SubscribedMessage } from '../../src/protocol/messages.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

describe('the grid', () => {
  test('rounds up: nobody is sent more often than they asked for, but for the last class', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), wished => {
        const throttle = throttleOf(wished)
        expect(throttle).toBe(wished > 60_000 ? 60_000 : throttleGrid.find(known => known >= wished))
      }),
    )
  })

  test('has its instants for all alike: the next one is ahead, by no more than the class', () => {
    fc.assert(
      fc.property(fc.constantFrom(...throttleGrid.slice(1)), fc.double({ min: 0, max: 1e12, noNaN: true }), (throttle, mono) => {
        const instant = nextInstant(throttle, mono)
        expect(instant).toBeGreaterThan(mono)
        expect(instant - mono).toBeLessThanOrEqual(throttle)
        expect(instant % throttle).toBe(0)
      }),
    )
  })
})

let clock: ManualClock
let quotes: ScriptedSource
let trades: ScriptedSource
let hub: Hub

beforeEach(() => {
  clock = new ManualClock()
  quotes = new ScriptedSource('quotes', clock, { staleAfterMs: 3_600_000 })
  trades = new ScriptedSource('trades', clock, { staleAfterMs: 3_600_000 })
  const deps = { clock, log: silentLogger }
  const graph = new Graph({ ...deps, sources: [quotes.definition, trades.definition], feeds: [], random: seededRandom(1) })
  hub = new Hub({ ...deps, graph, random: seededRandom(2) })
  graph.start()
  clock.advance(1000 - (clock.monotonic() % 1000))
  answer(0)
  trades.answer([{ id: 'a', n: 0 }])
})

function answer(price: number): void {
  quotes.answer([
    { id: 'a', price },
    { id: 'b', price: 1 },
  ])
}

function follow(feed: string, throttle: number, reader = new HubReader(hub)): HubReader {
  hub.subscribe(reader.outbox, { feed, throttle }, () => undefined)
  return reader
}

/** The prices that a reader was sent, in order, and since when. */
function deltas(reader: HubReader): [number, unknown, unknown][] {
  const sent = reader.take().filter(({ type }) => type === 'delta') as DeltaMessage[]
  return sent.map(({ from, to, set }) => [from, to, set?.['a']?.['price']])
}

describe('an answer', () => {
  test('that had no room is written once there is some, not at the next instant of its class', () => {
    const reader = new HubReader(hub)
    reader.isFull = true
    follow('quotes', 60_000, reader)
    expect(reader.take()).toMatchObject([{ type: 'subscribed', resumed: false }])
    clock.advance(10)
    reader.isFull = false
    hub.drained(reader.outbox)
    expect(reader.take()).toMatchObject([{ type: 'snapshot', feed: 'quotes' }])
    reader.isFull = true
    clock.advance(2000)
    hub.resync(reader.outbox, 'quotes')
    reader.isFull = false
    hub.drained(reader.outbox)
    expect(reader.take()).toMatchObject([{ type: 'snapshot', feed: 'quotes' }])
  })

  test('goes ahead of what changes all the time', () => {
    const reader = follow('quotes', 0)
    reader.take()
    reader.isFull = true
    follow('trades', 60_000, reader)
    for (let price = 1; price < 5; price++) {
      clock.advance(100)
      answer(price)
      reader.fillsAfter = 1
      reader.isFull = false
      hub.drained(reader.outbox)
    }
    expect(reader.take().find(({ type }) => type === 'snapshot')).toMatchObject({ feed: 'trades' })
  })
})

describe('a checksum', () => {
  test.each([0, 1000, 5000])('comes every minute to who follows with throttle %d, however often the feed changes', throttle => {
    const reader = follow('quotes', throttle)
    for (let i = 0; i < 600; i++) {
      clock.advance(500)
      answer(i)
    }
    const checks = reader.take().filter(({ type }) => type === 'check')
    expect(checks.length).toBeGreaterThanOrEqual(4)
    expect(checks.length).toBeLessThanOrEqual(5)
  })
})

/** A clock whose timers are early, as those of Node may be, and never shorter than one ms. */
class EarlyClock extends ManualClock {
  override after(delayMs: number, run: () => void): () => void {
    return super.after(delayMs > 1 ? delayMs - 0.6 : 1, run)
  }
}

test('timers that are early give no class an instant twice', () => {
  const early = new EarlyClock()
  const written: number[] = []
  const flushes = new Flushes(
    early,
    () => written.push(early.monotonic()),
    () => undefined,
  )
  const { outbox } = new HubReader(hub)
  for (let i = 0; i < 1000; i++) {
    flushes.add(outbox, 100)
    early.advance(1)
  }
  expect(written.length).toBeLessThanOrEqual(10)
  for (const [i, at] of written.entries()) expect(at - (written[i - 1] ?? -100)).toBeGreaterThanOrEqual(99)
  flushes.close()
})

describe('a throttled reader', () => {
  test('is told its class, gets its snapshot at once, and then one net delta an instant', () => {
    const reader = follow('quotes', 700)
    expect(reader.take()).toMatchObject([{ type: 'subscribed', throttle: 1000 }, { type: 'snapshot' }])
    for (let price = 1; price <= 25; price++) {
      clock.advance(100)
      answer(price)
    }
    expect(deltas(reader)).toEqual([
      [1, 10, 9],
      [10, 20, 19],
    ])
    clock.advance(500)
    expect(deltas(reader)).toEqual([[20, 26, 25]])
    clock.advance(10_000)
    expect(deltas(reader)).toEqual([])
  })

  test('shares its frames with its class, whatever came between', () => {
    const readers = Array.from({ length: 5 }, (_, i) => follow('quotes', i < 4 ? 1000 : 0))
    for (const reader of readers) reader.take()
    const before = hub.figures.of('quotes').encodes
    for (let price = 1; price <= 5; price++) {
      clock.advance(100)
      answer(price)
    }
    clock.advance(600)
    // Five for the one that is not throttled, one for the class: no snapshot is made to be compared.
    expect(hub.figures.of('quotes').encodes - before).toBe(6)
    expect(new Set(readers.slice(0, 4).map(reader => reader.frames.findLast(frame => frame.includes('"delta"')))).size).toBe(1)
  })

  test('what goes back within its time is sent as nothing changed', () => {
    const reader = follow('quotes', 1000)
    reader.take()
    clock.advance(100)
    answer(5)
    clock.advance(100)
    answer(0)
    clock.advance(1000)
    expect(deltas(reader)).toEqual([[1, 3, 0]])
  })

  test('with several feeds sees them at one tick, opened as a flush of the class', () => {
    const reader = follow('quotes', 1000)
    follow('trades', 1000, reader)
    reader.take()
    clock.advance(100)
    answer(5)
    clock.advance(100)
    trades.answer([{ id: 'a', n: 1 }])
    clock.advance(1000)
    expect(reader.take()).toMatchObject([
      { type: 'tick', throttle: 1000, messages: 2 },
      { type: 'delta', feed: 'quotes' },
      { type: 'delta', feed: 'trades' },
    ])
  })

  test('and one that is not, on one connection: each by its own class', () => {
    const reader = follow('quotes', 1000)
    follow('trades', 0, reader)
    reader.take()
    clock.advance(100)
    answer(5)
    trades.answer([{ id: 'a', n: 1 }])
    expect(reader.take()).toMatchObject([{ type: 'delta', feed: 'trades' }])
    clock.advance(1000)
    expect(reader.take()).toMatchObject([{ type: 'delta', feed: 'quotes' }])
  })

  test('that has no room at its instant is brought up to date as soon as it has, before what is not throttled', () => {
    const reader = follow('quotes', 1000)
    reader.take()
    clock.advance(100)
    answer(5)
    reader.isFull = true
    clock.advance(1000)
    expect(deltas(reader)).toEqual([])
    answer(6)
    reader.isFull = false
    follow('trades', 0, reader)
    hub.drained(reader.outbox)
    expect(deltas(reader)).toEqual([[1, 3, 6]])
    clock.advance(1000)
    expect(deltas(reader)).toEqual([])
  })

  test('is not starved by what is not throttled on a line that is full at every instant', () => {
    const reader = follow('quotes', 1000)
    follow('trades', 0, reader)
    reader.take()
    const came: (string | undefined)[] = []
    for (let i = 1; i <= 10; i++) {
      reader.isFull = true
      answer(i)
      trades.answer([{ id: 'a', n: i }])
      clock.advance(1000)
      // Room for one message: whatever comes first fills the line again.
      reader.fillsAfter = 1
      reader.isFull = false
      hub.drained(reader.outbox)
      came.push(...reader.take().map(message => ('feed' in message ? message.feed : undefined)))
    }
    expect(came.filter(feed => feed === 'quotes').length).toBeGreaterThan(3)
    expect(came.filter(feed => feed === 'trades').length).toBeGreaterThan(3)
  })

  test('that left is sent nothing, and no timer stays', () => {
    const reader = follow('quotes', 1000)
    reader.take()
    clock.advance(100)
    answer(5)
    hub.disconnect(reader.outbox)
    clock.advance(2000)
    expect(reader.take()).toEqual([])
  })
})

describe('subscribing again changes the throttle alone', () => {
  test('to 0: what is pending goes out at once', () => {
    const reader = follow('quotes', 60_000)
    reader.take()
    clock.advance(100)
    answer(5)
    hub.subscribe(reader.outbox, { feed: 'quotes', id: 7, since: { epoch: 'x'.repeat(12), version: 9 } }, () => undefined)
    expect(reader.take()).toMatchObject([
      { type: 'subscribed', id: 7, throttle: 0, resumed: true, version: 1 },
      { type: 'delta', from: 1, to: 2 },
    ])
    clock.advance(60_000)
    expect(deltas(reader)).toEqual([])
  })

  test('to another class: at the instant of the new one', () => {
    const reader = follow('quotes', 60_000)
    reader.take()
    clock.advance(100)
    answer(5)
    follow('quotes', 250, reader)
    expect(reader.take()).toMatchObject([{ type: 'subscribed', throttle: 250, resumed: true, version: 1 }])
    clock.advance(250)
    expect(deltas(reader)).toEqual([[1, 2, 5]])
  })

  test('also by an address that was told before the key was known', () => {
    const cold = new ScriptedSource('cold', clock)
    const graph = new Graph({ sources: [cold.definition], feeds: [], clock, random: seededRandom(1), log: silentLogger })
    hub = new Hub({ graph, clock, random: seededRandom(2), log: silentLogger })
    const reader = new HubReader(hub)
    hub.subscribe(reader.outbox, { feed: 'cold', fields: ['price'] }, () => undefined)
    const [{ feed } = { feed: '' }] = reader.take() as SubscribedMessage[]
    cold.answer([{ id: 'a', price: 1 }])
    reader.take()
    follow(feed, 1000, reader)
    expect(reader.take()).toMatchObject([{ type: 'subscribed', feed, throttle: 1000, resumed: true, version: 1 }])
    expect(reader.outbox.size).toBe(1)
  })

  test('before there is data: what comes first goes out at once', () => {
    const cold = new ScriptedSource('cold', clock)
    const graph = new Graph({ sources: [cold.definition], feeds: [], clock, random: seededRandom(1), log: silentLogger })
    hub = new Hub({ graph, clock, random: seededRandom(2), log: silentLogger })
    const reader = follow('cold', 1000)
    follow('cold', 5000, reader)
    cold.answer([{ id: 'a', price: 1 }])
    clock.advance(5000)
    expect(reader.take().findLast(({ type }) => type === 'subscribed')).toMatchObject({ throttle: 5000 })
  })
})
