import { setTimeout as pause } from 'node:timers/promises'
import type { HostileClient } from './hostile-client.ts'

/** One kind of client that does what it should not; what servers are to do about each is in the tests. */
export interface HostileKind {
  readonly name: string
  /** At a time. */
  readonly clients: number
  /** Least ms from one visit of a client to its next. */
  readonly everyMs: number
  /** One visit; the socket is destroyed after it. `i` counts all visits of the kind. */
  readonly visit: (client: HostileClient, i: number) => Promise<void> | void
}

/** How long a client stays that waits for its end, in ms. */
const stayMs = 4000

const many = (count: number, of: (i: number) => void): void => {
  for (let i = 0; i < count; i++) of(i)
}

async function drip(client: HostileClient): Promise<void> {
  for (const letter of `GET /ws HTTP/1.1\r\nHost: ${'a'.repeat(100)}`) {
    client.write(letter)
    await pause(100)
    if (client.socket.destroyed) return
  }
}

const wrongRequests: readonly ((client: HostileClient) => void)[] = [
  client => client.request('/elsewhere'),
  client => client.request('/ws', { Origin: 'https://evil.example' }),
  client => client.request('/ws', { Host: 'evil.example' }),
  client => client.request('/ws', { 'Sec-WebSocket-Version': '8' }),
  client => client.request('/ws', { 'Sec-WebSocket-Key': 'short' }),
  client => client.request('/ws', { X: 'a'.repeat(20_000) }),
  client => client.request(`/ws?feed=${'a'.repeat(5000)}`),
  client => client.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1])),
  client => client.request('/ws', { Host: 'localhost\r\nHost: localhost' }),
]

const wrongFrames: readonly ((client: HostileClient) => void)[] = [
  client => client.frame(0x81, Buffer.alloc(70_000, 0x61)),
  client => many(1100, () => client.frame(0x00, 'a')),
  client => client.frame(0xc1, 'reserved bit'),
  client => client.frame(0x83, 'reserved opcode'),
  client => client.frame(0x81, Buffer.from([0xc3, 0x28])),
  client => client.frame(0x89, Buffer.alloc(126)),
  client => client.write(Buffer.from([0x81, 0x03, 0x61, 0x62, 0x63])),
  client => client.frame(0x82, 'binary'),
]

const wrongMessages: readonly (object | string)[] = [
  '{"type":',
  '[]',
  '"text"',
  '['.repeat(20_000),
  { type: 'subscribe' },
  { type: 'subscribe', feed: 3, where: {}, __proto__: null },
  { type: 'nonsense', id: 'x'.repeat(65) },
  { type: 'subscribe', feed: 'quotes', since: { epoch: 1 } },
]

/** Each is let in, and follows what its query says. */
function guest(name: string, clients: number, everyMs: number, visit: HostileKind['visit'], path = '/ws'): HostileKind {
  return {
    name,
    clients,
    everyMs,
    visit: (client, i) => {
      client.request(path)
      return visit(client, i)
    },
  }
}

const stay = (client: HostileClient): Promise<void> => client.ended(stayMs)

export const hostileKinds: readonly HostileKind[] = [
  {
    name: 'upgrade on a wrong path, Origin, Host, version; oversized headers',
    clients: 10,
    everyMs: 50,
    visit: (client, i) => {
      wrongRequests[i % wrongRequests.length]?.(client)
      return client.ended(1000)
    },
  },
  { name: 'slow and silent upgrades', clients: 200, everyMs: 50, visit: (client, i) => (i % 2 === 0 ? drip(client) : stay(client)) },
  guest('reconnect storm', 50, 250, client => client.ended(50), '/ws?feed=quotes'),
  guest('half-open TCP: upgraded, then never heard of again', 200, 100, client => (client.socket.pause(), stay(client))),
  guest('never-reading readers', 50, 100, client => (client.socket.pause(), stay(client)), '/ws?feed=quotes'),
  guest(
    'never-reading readers with unasked pongs',
    50,
    100,
    async client => {
      client.socket.pause()
      for (let i = 0; i < 40 && !client.socket.destroyed; i++) {
        client.frame(0x8a, String(i))
        await pause(100)
      }
    },
    '/ws?feed=quotes',
  ),
  guest('oversized, fragmented, reserved, unmasked frames', 10, 50, (client, i) => {
    wrongFrames[i % wrongFrames.length]?.(client)
    return client.ended(500)
  }),
  guest('malformed JSON, wrong shapes, deep nesting', 10, 50, (client, i) => {
    client.say(wrongMessages[i % wrongMessages.length] ?? '')
    return client.ended(200)
  }),
  guest('floods of messages', 10, 500, client => {
    many(1000, i => client.say({ type: 'ping', id: i }))
    return client.ended(2000)
  }),
  guest('floods of pings', 10, 500, client => {
    many(1000, () => client.frame(0x89, 'x'))
    return client.ended(2000)
  }),
  guest('subscribe and unsubscribe churn', 10, 100, async client => {
    for (let i = 0; i < 40 && !client.socket.destroyed; i++) {
      client.say({ type: i % 2 === 0 ? 'subscribe' : 'unsubscribe', feed: 'quotes?limit=5' })
      await pause(50)
    }
  }),
  guest('10 000 distinct views', 10, 500, (client, visit) => {
    many(100, i => client.say({ type: 'subscribe', feed: 'quotes', where: `price > ${visit * 100 + i}` }))
    return client.ended(1000)
  }),
  guest('expressions made to be slow', 10, 500, (client, visit) => {
    const heavy = (i: number): string => Array.from({ length: 12 }, (_, j) => `text.contains("y${visit}-${i}-${j}")`).join(' || ')
    many(50, i => client.say({ type: 'subscribe', feed: 'quotes', where: heavy(i) }))
    return client.ended(1000)
  }),
  {
    name: 'random bytes',
    clients: 10,
    everyMs: 50,
    visit: (client, i) => {
      if (i % 2 === 0) client.request('/ws')
      client.write(Buffer.from(Array.from({ length: 500 }, (_, j) => (i * 7919 + j * j * 31) % 251)))
      return client.ended(200)
    },
  },
]
