import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { RawReader } from '../support/raw-reader.ts'

const rows = [
  { id: 'a', region: 'north', bikes: 3 },
  { id: 'b', region: 'south', bikes: 5 },
]

let upstream: ChangingUpstream
let server: MillraceServer
let url: string
let socketUrl: string

beforeEach(async () => {
  upstream = await startChangingUpstream(JSON.stringify(rows))
  const loaded = configOf({
    server: { port: 0, hosts: ['live.example'] },
    sources: {
      stations: { url: upstream.url, every: '20ms' },
      always: { url: upstream.url, every: '1h', demand: 'always' },
    },
    feeds: { regions: { from: 'stations', steps: [{ group: { by: ['region'], columns: { bikes: 'sum(bikes)' } } }] } },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
  socketUrl = `${url.replace('http', 'ws')}/ws`
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

function statusOf(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { method, headers }, response => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
      .on('upgrade', () => resolve({ status: 101, text: '' }))
      .on('error', reject)
      .end()
  })
}

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

describe('a reader', () => {
  test('of the URL itself gets welcome, subscribed, snapshot, then what changed', async () => {
    const reader = await new RawReader(`${socketUrl}?feed=stations`).open()
    expect(await reader.next('subscribed')).toMatchObject({ feed: 'stations', throttle: 0 })
    expect(await reader.next('snapshot')).toMatchObject({ key: 'id', columns: ['id', 'region', 'bikes'], rows })
    upstream.body = JSON.stringify([rows[0], { ...rows[1], bikes: 6 }])
    expect(await reader.next('delta')).toMatchObject({ set: { b: { bikes: 6 } } })
    reader.socket.close()
  })

  test('of a derived feed gets what the same tick led to', async () => {
    const reader = await new RawReader(socketUrl).open()
    reader.send({ type: 'subscribe', id: 1, feed: 'regions' })
    reader.send({ type: 'subscribe', id: 2, feed: 'stations' })
    await reader.next('snapshot')
    await reader.next('snapshot')
    upstream.body = JSON.stringify([{ ...rows[0], bikes: 9 }, rows[1]])
    const opened = await reader.next('tick')
    expect(opened.messages).toBe(2)
    expect(await reader.next('delta')).toMatchObject({ feed: 'regions', set: { north: { bikes: 9 } }, tick: opened.tick })
    expect(await reader.next('delta')).toMatchObject({ feed: 'stations', set: { a: { bikes: 9 } }, tick: opened.tick })
    reader.socket.close()
  })

  test('100 of them cause no more polls than one', async () => {
    const readers = await Promise.all(Array.from({ length: 100 }, () => new RawReader(`${socketUrl}?feed=stations`).open()))
    await Promise.all(readers.map(reader => reader.next('snapshot')))
    const [first] = readers
    const before = upstream.requests
    for (let bikes = 10; bikes < 20; bikes++) {
      upstream.body = JSON.stringify([{ ...rows[0], bikes }, rows[1]])
      await first?.next('delta')
    }
    expect(upstream.requests - before).toBeLessThan(40)
    for (const reader of readers) reader.socket.close()
  })

  test('asks with get, list, ping and hello', async () => {
    const reader = await new RawReader(socketUrl).open()
    reader.send({ type: 'get', id: 'g', feed: 'stations?limit=1' })
    expect(await reader.next('result')).toMatchObject({ id: 'g', feed: 'stations?limit=1', rows: [rows[0]] })
    reader.send({ type: 'list', id: 2 })
    expect((await reader.next('feeds')).feeds.map(feed => feed.feed)).toEqual(['stations', 'always', 'regions'])
    reader.send({ type: 'ping', id: 3 })
    expect(await reader.next('pong')).toMatchObject({ id: 3 })
    reader.send({ type: 'hello', id: 4 })
    expect(await reader.next('welcome')).toMatchObject({ id: 4, protocol: 'millrace.v1' })
    reader.socket.close()
  })
})

describe('bad input from a client', () => {
  test.each([
    [{ type: 'subscribe', id: 1, feed: 'station' }, 'not_found', "did you mean 'stations'?"],
    [{ type: 'subscribe', id: 1, feed: 'stations', where: 'bikes >' }, 'bad_query', 'where'],
    [{ type: 'subscribe', id: 1, feed: 'stations', where: 'region.matches("a+")' }, 'bad_query', 'matches'],
    [{ type: 'subscribe', id: 1, feed: 'stations', limit: 0 }, 'bad_query', 'limit'],
    [{ type: 'subscribe', id: 1 }, 'bad_message', 'feed'],
    [{ type: 'subscrib', id: 1 }, 'unsupported', "did you mean 'subscribe'?"],
    [{ type: 'unsubscribe', id: 1, feed: 'stations' }, 'not_found', 'not subscribed'],
    [{ id: 1 }, 'bad_message', 'type'],
  ])('%j is answered %s and the connection stays', async (message, code, text) => {
    const reader = await new RawReader(socketUrl).open()
    reader.send(message)
    const error = await reader.next('error')
    expect(error).toMatchObject({ id: 1, code })
    expect(error.message).toContain(text)
    reader.send({ type: 'ping' })
    await reader.next('pong')
    reader.socket.close()
  })

  test.each([
    ['not JSON', '{"type":', 4400],
    ['no object', '[1]', 4400],
    ['over 64 KiB', `"${'x'.repeat(70_000)}"`, 1009],
  ])('%s ends the connection with %d', async (_what, text, code) => {
    const reader = await new RawReader(socketUrl).open()
    reader.send(text)
    expect((await reader.closed).code).toBe(code)
  })

  test('a binary frame ends it with 1003', async () => {
    const reader = await new RawReader(socketUrl).open()
    reader.socket.send(Buffer.from('{}'))
    expect((await reader.closed).code).toBe(1003)
  })

  test('too many subscriptions are refused with the limit', async () => {
    const reader = await new RawReader(socketUrl).open()
    for (let limit = 1; limit <= 65; limit++) reader.send({ type: 'subscribe', id: limit, feed: 'stations', limit })
    expect(await reader.next('error')).toMatchObject({ id: 65, code: 'too_many', details: [{ limit: 'maxViewsPerConnection', value: 64 }] })
    reader.socket.close()
  })

  test('a flood is refused, then ended with 4429', async () => {
    const reader = await new RawReader(socketUrl).open()
    for (let i = 0; i < 250; i++) reader.send({ type: 'ping' })
    expect(await reader.next('error')).toMatchObject({ code: 'rate_limited' })
    expect((await reader.closed).code).toBe(4429)
  })

  test('only unknown subprotocols: accepted and closed 4406', async () => {
    const reader = new RawReader(socketUrl, { protocols: ['other.v9'] })
    expect((await reader.closed).code).toBe(4406)
  })
})

describe('the door', () => {
  test.each([
    ['a wrong path', '/other', {}, 404],
    ['a foreign Origin', '/ws', { Origin: 'http://evil.example' }, 403],
    ['the Origin null', '/ws', { Origin: 'null' }, 403],
    ['a foreign Host', '/ws', { Host: 'evil.example' }, 403],
    ['a Host that is configured', '/ws', { Host: 'live.example' }, 101],
    ['version 8', '/ws', { 'Sec-WebSocket-Version': '8' }, 426],
  ])('an upgrade with %s', async (_what, path, headers, status) => {
    expect((await statusOf(path, { ...upgrade, ...headers })).status).toBe(status)
  })

  test('says which setting lets a name in', async () => {
    expect(await statusOf('/feeds', { Host: 'evil.example' })).toEqual({
      status: 403,
      text: 'unknown host: add evil.example to server.hosts',
    })
  })
})

describe('HTTP', () => {
  test('serves a snapshot with an ETag, and 304 to it', async () => {
    const first = await fetch(`${url}/feeds/stations`)
    expect(first.status).toBe(200)
    expect(await first.json()).toMatchObject({ type: 'snapshot', feed: 'stations', rows })
    const etag = first.headers.get('etag') ?? ''
    expect(first.headers.get('millrace-state')).toBe('fresh')
    expect((await fetch(`${url}/feeds/stations`, { headers: { 'If-None-Match': `W/${etag}` } })).status).toBe(304)
  })

  test('lists feeds, tells health, readiness and metrics', async () => {
    expect(((await (await fetch(`${url}/feeds`)).json()) as { feeds: unknown[] }).feeds).toHaveLength(3)
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok', failing: [] })
    expect((await statusOf('/ready')).status).toBe(200)
    expect((await statusOf('/metrics')).text).toContain('millrace_polls_total{source="stations",outcome="changed"}')
  })

  test.each([
    ['GET', '/ws', 426],
    ['POST', '/feeds', 405],
    ['GET', '/feeds/nope', 404],
    ['GET', '/feeds/stations?where=%3E', 400],
    ['GET', '/nothing', 404],
  ])('%s %s is %d', async (method, path, status) => {
    expect((await statusOf(path, {}, method)).status).toBe(status)
  })
})

describe('demand', () => {
  test('a feed with zero readers makes no poll; one with demand: always does', async () => {
    const reader = await new RawReader(socketUrl).open()
    reader.send({ type: 'get', id: 1, feed: 'always' })
    await reader.next('result')
    expect(upstream.requests).toBe(1)
    reader.socket.close()
  })
})
