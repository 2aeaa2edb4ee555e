import { beforeEach, expect, test } from 'vitest'
import { Connection } from '../../src/connection/connection.ts'
import type { ConnectionContext } from '../../src/connection/context.ts'
import { Heartbeat } from '../../src/connection/heartbeat.ts'
import { defaultConnectionLimits } from '../../src/connection/limits.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { ScriptedSource } from '../support/scripted-source.ts'
import { WorkingClock } from '../support/working-clock.ts'

let clock: WorkingClock
let context: ConnectionContext

beforeEach(() => {
  clock = new WorkingClock()
  const quotes = new ScriptedSource('quotes', clock, { lingerMs: 60_000, staleAfterMs: 3_600_000 })
  const deps = { clock, random: seededRandom(1), log: silentLogger }
  const graph = new Graph({ ...deps, sources: [quotes.definition], feeds: [] })
  const heartbeat = new Heartbeat(10_000, clock)
  context = {
    ...deps,
    hub: new Hub({ ...deps, graph }),
    limits: defaultConnectionLimits,
    heartbeat,
    server: 'millrace/0.0.0',
    limited: () => undefined,
  }
  graph.start()
  quotes.answer([{ id: 'a', price: 1 }])
})

class Client {
  readonly transport = new FakeTransport()
  readonly connection = new Connection(this.transport, context)

  say(message: object): void {
    this.connection.receive(JSON.stringify(message))
  }

  /** The ids that were answered since the last call, in order. */
  answered(): unknown[] {
    return this.transport.take().flatMap(message => ('id' in message ? [message.id] : []))
  }
}

/** Views that take 20 ms each: all that the greedy one asks for takes long. */
function greedy(): Client {
  const client = new Client()
  clock.perLookMs = 20
  for (let id = 1; id <= 4; id++) client.say({ type: 'subscribe', id, feed: 'quotes', where: `price < ${id}` })
  client.say({ type: 'unsubscribe', id: 5, feed: 'quotes?where=price%20%3C%204' })
  clock.perLookMs = 0
  return client
}

test('who asks for views waits while the time for them is used up, and goes on in its order', () => {
  const client = greedy()
  expect(client.answered()).toEqual([1])
  clock.advance(5000)
  expect(client.answered()).toEqual([2, 3, 4, 5])
})

test('who it is and that it is there is heard at once', () => {
  const client = greedy()
  client.answered()
  client.say({ type: 'ping', id: 'ping' })
  client.say({ type: 'hello', id: 'hello' })
  expect(client.answered()).toEqual(['ping', 'hello'])
})

test('another who asks for a view waits for its turn, not behind all of the greedy one; who follows a feed does not wait', () => {
  const client = greedy()
  const other = new Client()
  other.say({ type: 'subscribe', id: 'feed', feed: 'quotes' })
  other.say({ type: 'subscribe', id: 'view', feed: 'quotes', where: 'price > 0' })
  other.say({ type: 'subscribe', id: 'own', feed: '$none' })
  expect(other.answered()).toEqual(['feed'])
  client.answered()
  const order: unknown[] = []
  clock.perLookMs = 2
  for (let ms = 0; ms < 500; ms++) {
    clock.advance(1)
    order.push(...other.answered(), ...client.answered())
  }
  expect(order.indexOf('view')).toBeLessThan(order.indexOf(4))
  expect(order).toHaveLength(6)
})

test('of one who says too much meanwhile nothing more is read until some of it was acted on; it is not taken for dead', () => {
  const client = greedy()
  const long = { type: 'subscribe', feed: 'quotes', where: `price < 9 && "${'x'.repeat(400)}" != ""` }
  for (let i = 0; i < 80; i++) client.say({ ...long, id: `more ${i}`, fields: Array.from({ length: 90 }, (_, j) => `column${j}`) })
  expect(client.transport.paused).toBe(true)
  context.hub.viewPace.spent(3000)
  clock.advance(9000)
  expect(client.transport.terminated).toBe(false)
  clock.advance(30_000)
  expect(client.transport.paused).toBe(false)
})

test('what one said who is gone is not acted on', () => {
  const client = greedy()
  client.connection.ended()
  client.transport.take()
  clock.advance(60_000)
  expect(client.answered()).toEqual([])
  expect(context.hub.viewCount).toBe(0)
})
