import { beforeEach, describe, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { SnapshotMessage } from '../../src/protocol/messages.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { asker, HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let quotes: ScriptedSource
let hub: Hub

/** So many turns of the loop are far more than any of these snapshots takes. */
const longEnoughMs = 100

beforeEach(() => {
  clock = new ManualClock()
  quotes = new ScriptedSource('quotes', clock)
  const deps = { clock, log: silentLogger }
  const graph = new Graph({ ...deps, sources: [quotes.definition], feeds: [], random: seededRandom(1) })
  hub = new Hub({ ...deps, graph, random: seededRandom(2), snapshotPartLength: 100 })
  graph.start()
  quotes.answer(rows(1))
})

function rows(price: number, count = 50): Row[] {
  return Array.from({ length: count }, (_, i) => ({ id: `row ${i}`, price: i === 0 ? price : 0 }))
}

function follow(reader = new HubReader(hub)): HubReader {
  hub.subscribe(reader.outbox, { feed: 'quotes' }, () => undefined)
  return reader
}

function snapshots(reader: HubReader): SnapshotMessage[] {
  return reader.take().filter(message => message.type === 'snapshot')
}

describe('a large snapshot', () => {
  test('is made in turns of the loop, once for all who wait for it, and is whole', () => {
    const readers = Array.from({ length: 300 }, () => follow())
    expect(readers.flatMap(snapshots)).toEqual([])
    expect(clock.pending).toBeGreaterThan(0)
    clock.advance(longEnoughMs)
    const frames = readers.map(reader => reader.frames.at(-1))
    expect(new Set(frames).size).toBe(1)
    expect(hub.figures.of('quotes').encodes).toBe(1)
    for (const reader of readers) expect(snapshots(reader)).toMatchObject([{ to: 1, rows: rows(1) }])
    const late = follow()
    expect(snapshots(late)).toMatchObject([{ to: 1, rows: rows(1) }])
    expect(hub.figures.of('quotes').encodes).toBe(1)
  })

  test('is waited for one at a time: what passes the window of a reader that is behind is bounded', () => {
    const reader = new HubReader(hub)
    reader.fillsAfter = 10
    // Each is made in parts, and none of them can be handed out at once.
    for (let i = 0; i < 8; i++) hub.subscribe(reader.outbox, { feed: 'quotes', limit: 40 + i }, () => undefined)
    reader.take()
    reader.isFull = true
    clock.advance(longEnoughMs)
    expect(snapshots(reader)).toHaveLength(1)
    for (let i = 0; i < 8; i++) {
      reader.isFull = false
      reader.fillsAfter = 1
      hub.drained(reader.outbox)
      clock.advance(longEnoughMs)
    }
    expect(snapshots(reader)).toHaveLength(7)
  })

  test('follows the one before, where there is room and nothing changes', () => {
    const reader = new HubReader(hub)
    for (let i = 0; i < 8; i++) hub.subscribe(reader.outbox, { feed: 'quotes', limit: 40 + i }, () => undefined)
    clock.advance(longEnoughMs)
    expect(snapshots(reader)).toHaveLength(8)
  })

  test('whose reader left lets the next one have its turn', () => {
    const reader = new HubReader(hub)
    for (const limit of [40, 41]) hub.subscribe(reader.outbox, { feed: 'quotes', limit }, () => undefined)
    hub.unsubscribe(reader.outbox, 'quotes?limit=40')
    clock.advance(longEnoughMs)
    expect(snapshots(reader)).toMatchObject([{ feed: 'quotes?limit=41' }])
  })

  test('is not made only to be compared with a delta', () => {
    const reader = follow()
    clock.advance(longEnoughMs)
    quotes.answer(rows(2))
    quotes.answer(rows(3))
    const before = hub.figures.of('quotes').encodes
    const late = new HubReader(hub)
    const { epoch } = snapshots(reader)[0] ?? { epoch: '' }
    hub.subscribe(late.outbox, { feed: 'quotes', since: { epoch, version: 1, count: 0, sum: '' } }, () => undefined)
    expect(late.take().map(({ type }) => type)).toEqual(['subscribed', 'delta', 'check'])
    clock.advance(longEnoughMs)
    expect(hub.figures.of('quotes').encodes - before).toBe(1)
  })

  test('is of one version, though the table goes on meanwhile; the rest comes as a delta', () => {
    const reader = follow()
    quotes.answer(rows(2))
    quotes.answer(rows(3))
    clock.advance(longEnoughMs)
    quotes.answer(rows(4))
    clock.advance(longEnoughMs)
    expect(reader.take()).toMatchObject([
      { type: 'subscribed' },
      { type: 'snapshot', to: 1, rows: rows(1) },
      { type: 'delta', from: 1, to: 3, set: { 'row 0': { price: 3 } } },
      { type: 'delta', from: 3, to: 4, set: { 'row 0': { price: 4 } } },
    ])
  })

  test('is written without waiting for a further change when the table went on', () => {
    const reader = follow()
    quotes.answer(rows(2))
    clock.advance(longEnoughMs)
    expect(reader.take().at(-1)).toMatchObject({ type: 'delta', from: 1, to: 2 })
  })

  test('that was begun before somebody came is too old for them: they get the next one', () => {
    follow()
    quotes.answer(rows(2))
    const late = follow()
    clock.advance(longEnoughMs)
    expect(snapshots(late)).toMatchObject([{ to: 2, rows: rows(2) }])
    expect(hub.figures.of('quotes').encodes).toBe(3)
  })

  test('that is waited for answers a resync as well: it comes once', () => {
    const reader = follow()
    quotes.answer(rows(2))
    hub.resync(reader.outbox, 'quotes')
    clock.advance(longEnoughMs)
    expect(reader.take().map(({ type }) => type)).toEqual(['subscribed', 'snapshot', 'delta'])
    clock.advance(longEnoughMs)
    expect(reader.take()).toEqual([])
  })

  test('comes to nobody who left meanwhile', () => {
    const reader = follow()
    hub.unsubscribe(reader.outbox, 'quotes')
    clock.advance(longEnoughMs)
    expect(snapshots(reader)).toEqual([])
  })

  test('is no part of a flush that it is not ready for', () => {
    const reader = new HubReader(hub)
    for (const limit of [1, 2]) hub.subscribe(reader.outbox, { feed: 'quotes', limit }, () => undefined)
    clock.advance(longEnoughMs)
    reader.take()
    follow(reader)
    quotes.answer(rows(2))
    expect(reader.take().map(({ type }) => type)).toEqual(['subscribed', 'tick', 'delta', 'delta'])
    clock.advance(longEnoughMs)
    expect(reader.take().map(({ type }) => type)).toEqual(['snapshot', 'delta'])
  })

  test('answers a get, and is never older than the question', async () => {
    follow()
    quotes.answer(rows(2))
    const asked = hub.snapshot('quotes', {}, asker)
    await clock.advanceAsync(longEnoughMs)
    const { frame, position } = await asked
    expect(position.version).toBe(2)
    expect(JSON.parse(frame.toString())).toMatchObject({ to: 2, rows: rows(2) })
    await settle()
  })

  test('passes a line that filled up since it was asked for: what changes all the time must not starve it', () => {
    const reader = follow()
    reader.isFull = true
    clock.advance(longEnoughMs)
    expect(snapshots(reader)).toHaveLength(1)
  })
})
