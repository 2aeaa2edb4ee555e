import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { startPrefixProxy } from '../support/prefix-proxy.ts'
import { RawReader } from '../support/raw-reader.ts'

let upstream: ChangingUpstream
let server: MillraceServer
let url: string
/** One who does nothing wrong, while others do. */
let neighbour: RawReader

beforeEach(async () => {
  upstream = await startChangingUpstream('[{"id":"a","n":1}]')
  await serve({})
})

afterEach(async () => {
  neighbour.socket.terminate()
  await server.close()
  await upstream.close()
})

async function serve(limits: object, more: object = {}): Promise<void> {
  const config = configOf({
    server: { port: 0, hosts: ['live.example'], ...more },
    limits: { upgradeTimeout: '200ms', maxConnections: 5, maxLoopDelay: 'off', ...limits },
    sources: { a: { url: upstream.url, every: '20ms' } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config })
  url = await server.listen()
  neighbour = await new RawReader(`${socketUrl()}?feed=a`).open()
  await neighbour.next('snapshot')
}

function socketUrl(): string {
  return `${url.replace('http', 'ws')}/ws`
}

let changes = 1
async function neighbourIsUndisturbed(): Promise<void> {
  upstream.body = JSON.stringify([{ id: 'a', n: ++changes }])
  expect(await neighbour.next('delta', ({ set }) => set?.['a']?.['n'] === changes)).toMatchObject({ feed: 'a' })
  expect(neighbour.messages.filter(({ type }) => type === 'error')).toEqual([])
}

/** A socket without any library: what it read, and when the server ended it. */
class RawSocket {
  readonly socket: Socket
  text = ''
  readonly ended: Promise<unknown>

  constructor(allowHalfOpen = false) {
    const { hostname, port } = new URL(url)
    this.socket = connect({ host: hostname, port: Number(port), allowHalfOpen })
    this.socket.on('data', data => (this.text += data.toString('latin1')))
    this.socket.on('error', () => undefined)
    this.ended = new Promise(resolve => {
      this.socket.once('close', resolve)
    })
  }

  async status(): Promise<number> {
    while (!this.text.includes('\r\n\r\n')) await once(this.socket, 'data')
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.text)?.[1])
  }
}

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const good = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key]

async function knock(headers: readonly string[], path = '/ws', method = 'GET'): Promise<{ status: number; text: string }> {
  const raw = new RawSocket()
  raw.socket.write([`${method} ${path} HTTP/1.1`, ...headers, '', ''].join('\r\n'))
  const status = await raw.status()
  if (status === 101) raw.socket.destroy()
  await raw.ended
  return { status, text: raw.text }
}

const without = (name: string): string[] => good.filter(line => !line.startsWith(name))

describe('the door', () => {
  test.each<[string, readonly string[], string, number]>([
    ['all in order', good, '/ws', 101],
    ['a query', good, '/ws?feed=a', 101],
    ['an IPv6 Host', ['Host: [::1]:8080', ...without('Host')], '/ws', 101],
    ['a Host that is configured', ['Host: live.example', ...without('Host')], '/ws', 101],
    ['a foreign Host', ['Host: evil.example', ...without('Host')], '/ws', 403],
    ['no Host', without('Host'), '/ws', 400],
    ['two Hosts', ['Host: localhost', ...good], '/ws', 400],
    ['two Hosts, one foreign', [...good, 'Host: evil.example'], '/ws', 400],
    ['a foreign Origin', [...good, 'Origin: https://evil.example'], '/ws', 403],
    ['two Origins', [...good, 'Origin: http://localhost', 'Origin: http://localhost'], '/ws', 403],
    ['the same Origin', [...good, 'Origin: http://localhost'], '/ws', 101],
    ['another path', good, '/wss', 404],
    ['the root', good, '/', 404],
    ['a path below', good, '/ws/a', 404],
    ['version 8', [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8'], '/ws', 426],
    ['no version', without('Sec-WebSocket-Version'), '/ws', 426],
    ['no key', without('Sec-WebSocket-Key'), '/ws', 400],
    ['two keys', [...good, key], '/ws', 400],
    ['a key that is none', [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short'], '/ws', 400],
    ['a URL over 2 KiB', good, `/ws?feed=${'a'.repeat(2048)}`, 414],
    ['headers over 16 KiB', [...good, `X: ${'a'.repeat(17_000)}`], '/ws', 431],
  ])('%s', async (_what, headers, path, status) => {
    const answer = await knock(headers, path)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toMatch(/node|ws\/|at .*:\d+/i)
    await neighbourIsUndisturbed()
  })

  test.each([100, 1000])('%d headers: 431, and none of them is overlooked, such as a foreign Origin', async count => {
    const many = Array.from({ length: count }, (_, i) => `X${i}: 1`)
    expect((await knock([...good, ...many, 'Origin: https://evil.example'])).status).toBe(431)
    expect((await knock(['Host: localhost', 'Connection: close', ...many, 'Origin: https://evil.example'], '/feeds')).status).toBe(431)
    await neighbourIsUndisturbed()
  })

  test('an Upgrade to another protocol is ignored, as curl --http2 and Java expect: a plain answer', async () => {
    const asked = ['Host: localhost', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
    const { status, text } = await knock(asked, '/feeds/a')
    expect(status).toBe(200)
    expect(text).toMatch(/Connection: close\r\n/i)
    expect(text).toContain('"type":"snapshot"')
    expect((await knock(['Host: evil.example', ...asked.slice(1)], '/feeds/a')).status).toBe(403)
    await neighbourIsUndisturbed()
  })

  test('a POST is no upgrade', async () => {
    expect((await knock(good, '/ws', 'POST')).status).toBeGreaterThanOrEqual(400)
  })

  test('426 names the version', async () => {
    expect((await knock(without('Sec-WebSocket-Version'))).text).toContain('Sec-WebSocket-Version: 13')
  })

  test('a full house: 503 with Retry-After and the limit; one that leaves makes room', async () => {
    const guests = await Promise.all(Array.from({ length: 4 }, () => new RawReader(socketUrl()).open()))
    const refused = await knock(good)
    expect(refused.status).toBe(503)
    expect(refused.text).toMatch(/Retry-After: 5\r\n/)
    expect(refused.text).toContain('maxConnections: 5 reached')
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('millrace_limit_total{limit="maxConnections"} 1')
    guests[0]?.socket.close()
    await guests[0]?.closed
    await expect.poll(async () => (await knock(good)).status).toBe(101)
    for (const guest of guests) guest.socket.terminate()
    await neighbourIsUndisturbed()
  })

  test('thousands of connects, reconnect storms: over upgradesPerSecond 503 and Retry-After, the next second has room again', async () => {
    await server.close()
    await serve({ maxConnections: 100, upgradesPerSecond: 4 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => knock(good)))
    const refused = answers.filter(({ status }) => status === 503)
    // The neighbour took one of four.
    expect(answers.filter(({ status }) => status === 101)).toHaveLength(3)
    expect(refused).toHaveLength(7)
    for (const { text } of refused) expect(text).toMatch(/Retry-After: 1\r\n[^]*upgradesPerSecond: 4 exceeded/)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('millrace_limit_total{limit="upgradesPerSecond"} 7')
    await expect.poll(async () => (await knock(good)).status, { timeout: 3000 }).toBe(101)
    await neighbourIsUndisturbed()
  })

  test('too many connections of one address: 503 for it alone, until one of them is gone', async () => {
    await server.close()
    await serve({ maxConnections: 100, maxConnectionsPerAddress: 2 }, { trustProxy: ['127.0.0.1'] })
    const enter = (address: string): Promise<RawReader> => new RawReader(socketUrl(), { headers: { 'X-Forwarded-For': address } }).open()
    const guests = [await enter('198.51.100.7'), await enter('198.51.100.7')]
    const refused = await knock([...good, 'X-Forwarded-For: 198.51.100.7'])
    expect(refused.text).toMatch(/^HTTP\/1.1 503 [^]*Retry-After: 5\r\n[^]*maxConnectionsPerAddress: 2 reached/)
    guests.push(await enter('198.51.100.8'))
    guests[0]?.socket.close()
    await expect.poll(async () => (await knock([...good, 'X-Forwarded-For: 198.51.100.7'])).status).toBe(101)
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/millrace_limit_total\{limit="maxConnectionsPerAddress"\} \d/)
    for (const { socket } of guests) socket.terminate()
    await neighbourIsUndisturbed()
  })

  test('connections of this machine do not count by address where there is no proxy', async () => {
    await server.close()
    await serve({ maxConnections: 100, maxConnectionsPerAddress: 1 })
    expect((await knock(good)).status).toBe(101)
  })

  test('a refused peer that never closes its half keeps no descriptor', async () => {
    const raw = new RawSocket(true)
    raw.socket.write(['GET /other HTTP/1.1', ...good, '', ''].join('\r\n'))
    expect(await raw.status()).toBe(404)
    // The server's half is gone altogether: writing on leads to a reset.
    const writing = setInterval(() => raw.socket.write('x'), 5)
    await raw.ended
    clearInterval(writing)
  })

  test('a peer that vanishes in the midst of the upgrade disturbs nobody', async () => {
    for (let i = 0; i < 20; i++) {
      const raw = new RawSocket()
      raw.socket.write(['GET /ws?feed=a HTTP/1.1', ...good, '', ''].join('\r\n'))
      raw.socket.resetAndDestroy()
      await raw.ended
    }
    await neighbourIsUndisturbed()
  })

  test.each(['', 'GET /ws HTTP/1.1\r\nHost: loc'])('a slow upgrade (%j) is ended within upgradeTimeout and a second', async begin => {
    const raw = new RawSocket()
    raw.socket.write(begin)
    await once(raw.socket, 'connect')
    const began = performance.now()
    await raw.ended
    expect(performance.now() - began).toBeLessThan(1500)
    await neighbourIsUndisturbed()
  })
})

describe('subprotocols', () => {
  test.each([
    [['millrace.v1'], 'millrace.v1'],
    [['x', 'millrace.v1'], 'millrace.v1'],
    [[], ''],
  ])('%j: taken as %j', async (protocols, chosen) => {
    const reader = await new RawReader(socketUrl(), { protocols }).open()
    expect(reader.socket.protocol).toBe(chosen)
    reader.socket.terminate()
  })

  test('only unknown ones: the first is echoed, closed 4406, nothing was said', async () => {
    const reader = new RawReader(socketUrl(), { protocols: ['millrace.v9', 'x'] })
    expect(await reader.closed).toEqual({ code: 4406, reason: 'the subprotocol is millrace.v1' })
    expect(reader.socket.protocol).toBe('millrace.v9')
    expect(reader.messages).toEqual([])
  })
})

describe('frames', () => {
  /** A masked frame of a client; the mask is zero. */
  function frame(first: number, payload: Buffer, masked = true): Buffer {
    const mask = masked ? Buffer.alloc(4) : Buffer.alloc(0)
    const bit = masked ? 0x80 : 0
    const length =
      payload.length < 126 ? Buffer.from([bit | payload.length]) : Buffer.from([bit | 126, payload.length >> 8, payload.length & 255])
    return Buffer.concat([Buffer.from([first]), length, mask, payload])
  }

  /** The code of the close frame in what a server wrote. */
  function closeCode(bytes: Buffer): number | undefined {
    const at = bytes.lastIndexOf(0x88)
    return at < 0 ? undefined : bytes.readUInt16BE(at + 2)
  }

  test.each<[string, Buffer, number]>([
    ['not masked', frame(0x81, Buffer.from('{}'), false), 1002],
    ['compressed though nothing was agreed', frame(0xc1, Buffer.from('{}')), 1002],
    ['of an unknown opcode', frame(0x83, Buffer.from('{}')), 1002],
    ['a fragmented ping', frame(0x09, Buffer.from('x')), 1002],
    ['a ping of 126 bytes', frame(0x89, Buffer.alloc(126)), 1002],
    ['a continuation of nothing', frame(0x80, Buffer.from('{}')), 1002],
    ['no UTF-8', frame(0x81, Buffer.from([0xff, 0xfe])), 1007],
    ['binary', frame(0x82, Buffer.from('{}')), 1003],
    ['no JSON', frame(0x81, Buffer.from('hello')), 4400],
  ])('%s', async (_what, bytes, code) => {
    const raw = new RawSocket()
    const chunks: Buffer[] = []
    raw.socket.on('data', chunk => chunks.push(chunk))
    raw.socket.write(['GET /ws HTTP/1.1', ...good, '', ''].join('\r\n'))
    await raw.status()
    raw.socket.write(bytes)
    await raw.ended
    expect(closeCode(Buffer.concat(chunks))).toBe(code)
    await neighbourIsUndisturbed()
  })

  test('over 64 KiB, in one frame or in many: 1009, counted', async () => {
    const reader = await new RawReader(socketUrl()).open()
    reader.send(`"${'x'.repeat(65_536)}"`)
    expect((await reader.closed).code).toBe(1009)
    const other = await new RawReader(socketUrl()).open()
    for (let i = 0; i < 20; i++) other.socket.send('x'.repeat(5000), { fin: false })
    expect((await other.closed).code).toBe(1009)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('millrace_limit_total{limit="maxMessage"} 2')
    await neighbourIsUndisturbed()
  })

  test('fragments without end: 1008, counted', async () => {
    const reader = await new RawReader(socketUrl()).open()
    for (let i = 0; i < 1100; i++) reader.socket.send('x', { fin: false })
    expect((await reader.closed).code).toBe(1008)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('millrace_limit_total{limit="maxFragments"} 1')
    await neighbourIsUndisturbed()
  })

  test('a flood of pings: 4429', async () => {
    const reader = await new RawReader(socketUrl()).open()
    for (let i = 0; i < 60; i++) reader.socket.ping()
    expect(await reader.closed).toEqual({ code: 4429, reason: 'pingsPerSecond retry-after-ms=10000' })
    await neighbourIsUndisturbed()
  })

  test('the query of the URL: an address as it is, or encoded; a throttle that is none is told', async () => {
    const plain = await new RawReader(`${socketUrl()}?feed=a?limit=1`).open()
    expect((await plain.next('subscribed')).feed).toBe('a?limit=1')
    const encoded = await new RawReader(`${socketUrl()}?feed=${encodeURIComponent('a?limit=2')}&throttle=0`).open()
    expect((await encoded.next('subscribed')).feed).toBe('a?limit=2')
    const wrong = await new RawReader(`${socketUrl()}?feed=a&throttle=soon`).open()
    expect(await wrong.next('error')).toMatchObject({ code: 'bad_query' })
    for (const reader of [plain, encoded, wrong]) reader.socket.terminate()
  })
})

describe('under a prefix', () => {
  test('of a proxy the WebSocket works, by the Host that the browser sent', async () => {
    const proxy = await startPrefixProxy(url, '/live/')
    const reader = await new RawReader(`${proxy.url.replace('http', 'ws')}ws?feed=a`, {
      headers: { Host: 'live.example', Origin: 'https://live.example' },
    }).open()
    await reader.next('snapshot')
    reader.socket.terminate()
    await proxy.close()
  })
})

describe('the end', () => {
  test('a server that stops closes 1012 with a delay to stay away', async () => {
    const closing = server.close()
    const { code, reason } = await neighbour.closed
    expect(code).toBe(1012)
    expect(reason).toMatch(/^restart retry-after-ms=\d{1,4}$/)
    await closing
  })

  test('a server that stops lets nobody in any more', async () => {
    const deaf = new RawSocket()
    deaf.socket.write(['GET /ws HTTP/1.1', ...good, '', ''].join('\r\n'))
    expect(await deaf.status()).toBe(101)
    const late = new RawSocket()
    late.socket.write(['GET /ws HTTP/1.1', ...good].join('\r\n'))
    // Answered after the late one's bytes were read: the request is under way when the stop begins.
    await fetch(`${url}/health`)
    const closing = server.close()
    late.socket.write('\r\n\r\n')
    expect(await late.status()).toBe(503)
    expect(late.text).toContain('the server is stopping')
    await closing
  })

  test('a silent peer is dropped within three heartbeats', async () => {
    const clock = new ManualClock()
    const loaded = configOf({ server: { port: 0 }, sources: { a: { url: upstream.url } } })
    if (!loaded.ok) throw new Error('config')
    const other = new MillraceServer({ config: loaded.config, clock })
    const { hostname, port } = new URL(await other.listen())
    const socket = connect(Number(port), hostname)
    socket.write(['GET /ws HTTP/1.1', ...good, '', ''].join('\r\n'))
    await once(socket, 'data')
    clock.advance(75_000)
    await once(socket, 'close')
    const closing = other.close()
    clock.advance(10_000)
    await closing
  })
})
