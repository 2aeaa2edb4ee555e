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
  client.say({ type: 'ping', id: 5 })
  clock.perLookMs = 0
  return client
}

test('who used up the time that there is for views is read no further, and goes on in its order', () => {
  const client = greedy()
  expect(client.answered()).toEqual([1])
  expect(client.transport.paused).toBe(true)
  clock.advance(5000)
  expect(client.answered()).toEqual([2, 3, 4, 5])
  expect(client.transport.paused).toBe(false)
})

test('nobody else waits: neither for a feed, nor long for a view', () => {
  const client = greedy()
  const other = new Client()
  other.say({ type: 'subscribe', id: 'feed', feed: 'quotes' })
  other.say({ type: 'subscribe', id: 'view', feed: 'quotes', where: 'price > 0' })
  expect(other.answered()).toEqual(['feed', 'view'])
  expect(client.answered()).toEqual([1])
})

test('who has to wait is not taken for dead, and is given up once it is gone', () => {
  const client = greedy()
  client.connection.ended()
  expect(client.transport.paused).toBe(false)
  client.transport.take()
  clock.advance(60_000)
  expect(client.answered()).toEqual([])
  expect(client.transport.terminated).toBe(false)
})
