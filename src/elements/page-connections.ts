import { connect } from '../client/client.ts'
import type { Millrace } from '../client/face.ts'
import { systemClock, type Cancel } from '../lib/clock.ts'
import { Connections } from './connections.ts'
import type { SharedConnectionOptions } from './face.ts'
import { FeedHints } from './feed-hints.ts'
import { createFormat } from './format.ts'
import type { LiveContext } from './live-element.ts'
import { Pulse } from './pulse.ts'
import { serverAddress } from './server-address.ts'
import { ServerClock } from './server-clock.ts'
import { Trails } from './trail.ts'

const clock = systemClock()
const pulse = new Pulse(clock, 500, () => document.hidden)
const format = createFormat(navigator.languages)
document.addEventListener('visibilitychange', () => pulse.wake())

const connections = new Connections<LiveContext>(clock, {
  connect: (server, token) => connect(server, { clock, token }),
  contextOf: millrace => ({
    millrace,
    clock,
    hints: new FeedHints(millrace),
    pulse,
    format,
    board: new ServerClock(millrace, clock),
    trails: new Trails({ windowMs: 310_000, stepMs: 250 }, 64),
  }),
})

/** @throws TypeError where it is no URL, or one that no WebSocket speaks with */
export function joinServer(server: string): { readonly context: LiveContext; readonly leave: Cancel } {
  const address = serverAddress(server, import.meta.url, document.baseURI)
  return { context: connections.join(address), leave: () => connections.leave(address) }
}

/** @see face.ts */
export function shareConnection(server = '', { token }: SharedConnectionOptions = {}): Millrace {
  return connections.share(serverAddress(server, import.meta.url, document.baseURI), token)
}
