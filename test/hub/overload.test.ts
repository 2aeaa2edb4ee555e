import { describe, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { defaultHubLimits, type HubLimits } from '../../src/hub/limits.ts'
import { MillraceError } from '../../src/model/errors.ts'
import type { Asker } from '../../src/hub/principal.ts'
import { Overload } from '../../src/hub/overload.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asker, HubReader } from '../support/reader.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const limitsOf100ms = { maxLoopDelayMs: 100, maxHeapPart: 0.8 }

interface Served {
  readonly clock: ManualClock
  readonly quotes: ScriptedSource
  readonly hub: Hub
  readonly overload: Overload
}

/** A hub whose views take `viewMs` each to build. */
function served({ limits = {}, viewMs = 0 }: { limits?: Partial<HubLimits>; viewMs?: number } = {}): Served {
  const clock = new ManualClock()
  const quotes = new ScriptedSource('quotes', clock)
  const deps = { clock, log: silentLogger, random: seededRandom(1) }
  const overload = new Overload(limitsOf100ms, silentLogger)
  const graph = new Graph({ ...deps, sources: [quotes.definition], feeds: [] })
  const slow = { ...deps, clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), after: clock.after.bind(clock) } }
  const hub = new Hub({ ...slow, graph, overload, limits: { ...defaultHubLimits, ...limits } })
  graph.start()
  quotes.answer([{ id: 'a', n: 1 }])
  // Whatever looks for a view's first rows passes here: as if each took so long.
  const feed = graph.feed('quotes')
  if (feed === undefined) throw new Error('no feed')
  const { sample } = feed
  Object.defineProperty(feed, 'sample', {
    get: () => {
      clock.advance(viewMs)
      return sample
    },
  })
  return { clock, quotes, hub, overload }
}

function follow(hub: Hub, request: Parameters<Hub['subscribe']>[1], reader = new HubReader(hub)): HubReader {
  hub.subscribe(reader.outbox, request, () => undefined)
  return reader
}

describe('overload', () => {
  test('sheds one thing more each time the loop is too late, and one less at half', () => {
    const overload = new Overload(limitsOf100ms, silentLogger)
    expect(
      [101, 250, 99, 51, 150, 400, 50, 51, undefined, 0, 0].map(loopDelayMs => overload.judge({ loopDelayMs, heapPart: 0.1 })),
    ).toEqual([
      'longer throttles',
      'no new views',
      'no new views',
      'no new views',
      'no new connections',
      'no new connections',
      'no new views',
      'no new views',
      'longer throttles',
      'none',
      'none',
    ])
  })

  test('is told once for each change of what is shed', () => {
    const said: string[] = []
    const say = (_: unknown, text?: string): void => void said.push(text ?? '')
    const overload = new Overload(limitsOf100ms, { ...silentLogger, warn: say, info: say })
    for (const loopDelayMs of [150, 80, 80, 20, 20]) overload.judge({ loopDelayMs, heapPart: 0.1 })
    expect(said).toEqual([
      'maxLoopDelay: the event loop runs 150ms late, over 100ms: longer throttles',
      'the load is low again: nothing is shed any more',
    ])
  })

  test('a heap that is too full sheds as well, and is calm again a tenth below', () => {
    const overload = new Overload({ maxLoopDelayMs: undefined, maxHeapPart: 0.8 }, silentLogger)
    expect([0.8, 0.81, 0.9, 0.75, 0.72, 0.5].map(heapPart => overload.judge({ loopDelayMs: 1e6, heapPart }))).toEqual([
      'none',
      'longer throttles',
      'no new views',
      'no new views',
      'longer throttles',
      'none',
    ])
    overload.judge({ loopDelayMs: 0, heapPart: 0.9 })
    expect(overload.refusal().details).toEqual([{ limit: 'maxHeap', value: 0.8 }])
  })

  test('longer throttles: one net delta a second for readers of every class up to that, and at once again afterwards', () => {
    const { clock, quotes, hub, overload } = served()
    const readers = [0, 100, 2000].map(throttle => follow(hub, { feed: 'quotes', throttle }))
    for (const reader of readers) reader.take()
    clock.advance(2000 - (clock.monotonic() % 2000))
    overload.judge({ loopDelayMs: 101, heapPart: 0.1 })
    for (let n = 2; n < 8; n++) {
      quotes.answer([{ id: 'a', n }])
      clock.advance(400)
    }
    const sent = readers.map(reader => reader.take().map(message => (message.type === 'delta' ? message.to : message.type)))
    expect(sent).toEqual([[4, 6], [4, 6], [6]])
    overload.judge({ loopDelayMs: 0, heapPart: 0.1 })
    quotes.answer([{ id: 'a', n: 100 }])
    expect(readers.map(reader => reader.take().length)).toEqual([1, 0, 0])
  })

  test('no new views: one that is there can be followed, and every feed', () => {
    const { hub, overload } = served()
    follow(hub, { feed: 'quotes', where: 'n > 0' })
    for (let i = 0; i < 2; i++) overload.judge({ loopDelayMs: 101, heapPart: 0.1 })
    expect(() => follow(hub, { feed: 'quotes', where: 'n > 1' })).toThrow('the server is overloaded: no new views')
    follow(hub, { feed: 'quotes', where: 'n>0' })
    follow(hub, { feed: 'quotes' })
    expect(hub.viewCount).toBe(2)
  })
})

describe('expressions made to be slow', () => {
  const view = (i: number) => ({ feed: 'quotes', where: `n > ${i}` })

  test('what building views takes counts against the connection that asks, and against no other', () => {
    const { clock, hub } = served({ viewMs: 700 })
    const greedy = new HubReader(hub)
    const buildAll = (): void => {
      for (let i = 0; i < 4; i++) follow(hub, view(i), greedy)
    }
    expect(buildAll).toThrow(/^the views asked for took more than 100 ms a second; try again in \d s$/)
    // What is there costs nothing, and others are not asked to pay.
    follow(hub, view(0), greedy)
    follow(hub, view(4))
    clock.advance(20_000)
    follow(hub, view(5), greedy)
  })

  test('plain requests count together, and so do the gets of a connection', async () => {
    const { clock, hub } = served({ viewMs: 1400 })
    const reader = new HubReader(hub)
    const get = async (where: string, who: Asker): Promise<unknown> => {
      const answer = hub.get('quotes', { where }, who).catch((error: unknown) => error)
      // Each waits until the time that views may have makes up for the one before.
      clock.advance(4900)
      return await answer
    }
    for (const [name, who] of [
      ['a', asker],
      ['b', reader.outbox],
    ] as const) {
      expect(await get(`n > 1 && x != '${name}'`, who)).not.toBeInstanceOf(MillraceError)
      await get(`n > 2 && x != '${name}'`, who)
      expect(await get(`n > 3 && x != '${name}'`, who)).toMatchObject({
        code: 'rate_limited',
        details: [{ limit: 'viewTimePerSecond', value: 100 }],
      })
    }
  })

  test('off: nothing is counted', () => {
    const { hub } = served({ viewMs: 10_000, limits: { viewTimePerSecondMs: undefined } })
    const reader = new HubReader(hub)
    for (let i = 0; i < 5; i++) follow(hub, view(i), reader)
  })
})
