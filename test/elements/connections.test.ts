import { expect, test } from 'vitest'
import { connect } from '../../src/client/client.ts'
import { Connections } from '../../src/elements/connections.ts'
import { FakeNetwork } from '../support/fake-socket.ts'
import { ManualClock } from '../support/manual-clock.ts'

function page() {
  const clock = new ManualClock()
  const network = new FakeNetwork()
  const connections = new Connections(clock, {
    connect: (server, token) => connect(server, { clock, random: () => 0.5, WebSocket: network.WebSocket, token }),
    contextOf: millrace => ({ millrace }),
  })
  return { clock, network, connections }
}

const calm = { heartbeat: 10_000_000 }
/** A server that asks for a token. */
const asking = { ...calm, type: 'welcome', features: [], limits: { messagesPerSecond: 1000 }, auth: 'required' }
const here = 'http://localhost:8080/'

test('one connection for each server, whoever reads from it', () => {
  const { network, connections } = page()
  expect(connections.join(here)).toBe(connections.join(here))
  connections.join('http://localhost:9090/')
  expect(network.sockets.map(({ url }) => url)).toEqual(['ws://localhost:8080/ws', 'ws://localhost:9090/ws'])
})

test('it ends some seconds after the last has left, and not when one comes back before', () => {
  const { clock, network, connections } = page()
  connections.join(here)
  connections.join(here)
  network.socket.welcome(calm)
  connections.leave(here)
  clock.advance(60_000)
  connections.leave(here)
  clock.advance(4000)
  connections.join(here)
  clock.advance(10_000)
  expect(network.socket.closedByClient).toBe(false)
  connections.leave(here)
  clock.advance(5000)
  expect(network.socket.closedByClient).toBe(true)
  connections.join(here)
  expect(network.sockets).toHaveLength(2)
})

test('one that is shared stays; a token that comes late is tried at once', async () => {
  const { clock, network, connections } = page()
  connections.join(here)
  network.socket.say(asking)
  await clock.advanceAsync(0)
  const millrace = connections.share(here, () => 'a-token')
  expect(network.sockets).toHaveLength(2)
  network.socket.say(asking)
  await clock.advanceAsync(0)
  expect(network.socket.heard()).toContainEqual(expect.objectContaining({ type: 'hello', token: 'a-token' }))
  network.socket.say({ ...asking, id: 'token', auth: undefined })
  expect(millrace.state.phase).toBe('open')
  connections.leave(here)
  clock.advance(60_000)
  expect(network.socket.closedByClient).toBe(false)
})
