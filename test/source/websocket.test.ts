import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { z } from 'zod'
import type { Ask } from '../../src/source/ask.ts'
import { webSocketAsk } from '../../src/source/websocket.ts'
import { webSocketKeys, webSocketOptions } from '../../src/source/websocket.options.ts'
import { answered, failed, RecordedLog, rowsOf, until } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { status, Upstream } from '../support/upstream.ts'

const schema = z.strictObject(webSocketKeys)
let server: WebSocketServer
let url: string
let clock: ManualClock
let ask: Ask | undefined
let told: string[]
let pings: number
/** What is sent when somebody connects. */
let greeting: readonly string[]

beforeEach(async () => {
  clock = new ManualClock()
  told = []
  pings = 0
  greeting = []
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false })
  server.on('connection', (socket, request) => {
    told.push(`open ${String(request.headers['x-key'])}`)
    socket.on('message', (data: Buffer) => void told.push(data.toString()))
    socket.on('ping', data => {
      pings++
      if (told.at(-1) !== 'deaf') socket.pong(data)
    })
    for (const text of greeting) socket.send(text)
  })
  await new Promise(resolve => {
    server.once('listening', resolve)
  })
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ticker`
})

afterEach(async () => {
  await ask?.close()
  for (const socket of server.clients) socket.terminate()
  await new Promise(resolve => {
    server.close(resolve)
  })
})

function following(more: Partial<z.input<typeof schema>> = {}): Ask & { news: number } {
  const options = webSocketOptions(schema.parse({ url, headers: { 'x-key': 5 }, ...more }), 10_000)
  const made = webSocketAsk(options, { name: 'tested', clock, log: new RecordedLog().logger })
  ask = made
  const counted = Object.assign(made, { news: 0 })
  made.wakes?.(() => counted.news++)
  return counted
}

function client(): WebSocket {
  const [socket] = server.clients
  if (socket === undefined) throw new Error('nobody is connected')
  return socket
}

async function say(text: string, source: { readonly news: number }): Promise<void> {
  const before = source.news
  client().send(text)
  await until(() => source.news > before)
}

describe('a WebSocket is followed', () => {
  test('one that cannot be read is told of by a poll of its own, and takes no other with it', async () => {
    greeting = ['{"symbol":"N","price":1}', 'garbage', '{"symbol":"M","price":2}']
    const source = following({ message: 'rows', key: 'symbol' })
    await source.poll()
    await until(() => source.news > 0)
    const polls = [await source.poll(), await source.poll(), await source.poll()]
    const tables = polls.flatMap(poll => (poll.kind === 'failed' ? [] : [rowsOf(poll)]))
    expect(tables.at(-1)).toEqual([
      { symbol: 'N', price: 1 },
      { symbol: 'M', price: 2 },
    ])
    expect(polls.filter(({ kind }) => kind === 'failed')).toMatchObject([{ cause: 'decode' }])
  })

  test('a row that is not of the shape is told of by a poll of its own, and the others are set', async () => {
    greeting = ['{"symbol":"N","price":1}']
    const shape = { type: 'object', required: ['symbol', 'price'], properties: { price: { type: 'number' } } }
    const source = following({ message: 'rows', key: 'symbol', shape })
    await source.poll()
    await until(() => source.news === 1)
    await source.poll()
    for (const text of ['{"symbol":"M","price":"dear"}', '[{"symbol":"N","price":2},{"symbol":"O","price":3}]']) await say(text, source)
    expect(rowsOf(await source.poll())).toEqual([
      { symbol: 'N', price: 2 },
      { symbol: 'O', price: 3 },
    ])
    const reason = 'shape: the row at place 0, column price: expected number, received string'
    expect(failed(await source.poll())).toMatchObject({ cause: 'shape', reason })
    expect(answered(await source.poll()).kind).toBe('unchanged')
    await say('{"symbol":"M"}', source)
    expect(failed(await source.poll()).cause).toBe('shape')
    expect(rowsOf(await source.poll()).map(({ symbol }) => symbol)).toEqual(['N', 'O'])
  })

  test('more messages than rows may be are no more rows for that', async () => {
    greeting = Array.from({ length: 50 }, (_, i) => JSON.stringify({ symbol: `S${i % 3}`, price: i }))
    const source = following({ message: 'rows', key: 'symbol', maxRows: 5 })
    await source.poll()
    await until(() => source.news >= 50)
    expect(new Set(rowsOf(await source.poll()))).toEqual(
      new Set([
        { symbol: 'S2', price: 47 },
        { symbol: 'S0', price: 48 },
        { symbol: 'S1', price: 49 },
      ]),
    )
  })

  test('who says too much at once is left, and not only passed over', async () => {
    const source = following({ message: 'rows', key: 'symbol', maxBody: '1KiB' })
    await source.poll()
    await until(() => server.clients.size === 1)
    for (let i = 0; i < 20; i++) client().send(JSON.stringify({ symbol: `S${i}`, text: 'x'.repeat(200) }))
    await until(() => server.clients.size === 0)
    expect(failed(await source.poll())).toMatchObject({ cause: 'too_large', limit: 'maxBody' })
  })

  test('it is subscribed to, messages about something else are left out, and rows are set', async () => {
    greeting = ['{"type":"welcome"}', '{"data":{"symbol":"N","price":1}}']
    const source = following({ subscribe: ['{"op":"subscribe"}', 'more'], rows: 'data', key: 'symbol' })
    expect(rowsOf(await source.poll())).toEqual([{ symbol: 'N', price: 1 }])
    await until(() => told.length === 3)
    expect(told).toEqual(['open 5', '{"op":"subscribe"}', 'more'])
    await say('{"data":{"symbol":"M","price":2}}', source)
    await say('{"type":"heartbeat"}', source)
    expect(rowsOf(await source.poll())).toEqual([
      { symbol: 'N', price: 1 },
      { symbol: 'M', price: 2 },
    ])
    await say('{"type":"heartbeat"}', source)
    expect(answered(await source.poll()).kind).toBe('unchanged')
  })

  test('a welcome neither is the first table, nor says whether messages are tables', async () => {
    greeting = ['{"type":"welcome"}']
    const source = following({ subscribe: ['more'], rows: 'data', key: 'symbol' })
    const first = source.poll()
    await until(() => told.includes('more'))
    client().send('{"data":[{"symbol":"N","price":1},{"symbol":"M","price":2}]}')
    expect(rowsOf(await first)).toEqual([
      { symbol: 'N', price: 1 },
      { symbol: 'M', price: 2 },
    ])
    await say('{"data":[{"symbol":"M","price":3}]}', source)
    expect(rowsOf(await source.poll())).toEqual([{ symbol: 'M', price: 3 }])
  })

  test('where nothing came but a welcome the first poll says so', async () => {
    greeting = ['{"type":"welcome"}']
    const source = following({ subscribe: ['more'], rows: 'data', key: 'symbol' })
    const polled = source.poll()
    await until(() => told.includes('more'))
    // The pong comes after the welcome.
    client().ping()
    await new Promise(resolve => {
      client().once('pong', resolve)
    })
    clock.advance(10_000)
    const { host } = new URL(url)
    expect(failed(await polled)).toMatchObject({ cause: 'decode', reason: `${host}: no message has anything at rows: data` })
  })

  test('where nothing came a ping proves that it is there; where nobody answers it has failed, and is opened anew', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    expect(answered(await source.poll()).kind).toBe('unchanged')
    expect(pings).toBe(1)
    told.push('deaf')
    const polled = source.poll()
    await until(() => pings === 2)
    clock.advance(10_000)
    const { host } = new URL(url)
    expect(failed(await polled)).toMatchObject({ cause: 'timeout', reason: `${host}: no answer to a ping within 10s` })
    expect(source.isFollowing).toBe(false)
    expect(answered(await source.poll()).kind).toBe('unchanged')
    expect(told.filter(text => text.startsWith('open'))).toHaveLength(2)
  })

  test('however often it was pinged, nothing of that is left on the connection', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    const warnings: Error[] = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    try {
      // Node.js warns of what has more than ten listeners for an event.
      for (let asked = 0; asked < 12; asked++) expect(answered(await source.poll()).kind).toBe('unchanged')
      expect(pings).toBe(12)
      await new Promise(resolve => {
        setImmediate(resolve)
      })
    } finally {
      process.off('warning', warned)
    }
    expect(warnings).toEqual([])
  })

  test('a connection that breaks off is told at once; one that is closed well is opened again at the next poll', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    client().close(1011, 'no')
    await until(() => source.news > 0)
    expect(failed(await source.poll())).toMatchObject({ cause: 'reset', reason: `${new URL(url).host} closed the connection (1011)` })
    await source.poll()
    client().close(1001)
    await until(() => source.isFollowing === false)
    expect(answered(await source.poll()).kind).toBe('unchanged')
    expect(told.filter(text => text.startsWith('open'))).toHaveLength(3)
  })

  test.each([
    ['it is closed well', (): unknown => client().close(1001), 'reset', 'the connection ended before anything was said'],
    ['nobody wants it any more', (): unknown => ask?.rest?.(), 'reset', 'the connection ended before anything was said'],
    ['the source is closed', (): unknown => ask?.close(), 'internal', 'the source is closed'],
  ])('who waits for the first message is told at once: %s', async (_what, end, cause, reason) => {
    const source = following()
    const polled = source.poll()
    await until(() => source.isFollowing === true && server.clients.size === 1)
    end()
    expect(failed(await polled)).toMatchObject({ cause, reason: expect.stringContaining(reason) })
    expect(clock.pending).toBe(0)
    if (cause === 'internal') return
    await until(() => server.clients.size === 0)
    greeting = ['[{"id":1}]']
    expect(rowsOf(await source.poll())).toEqual([{ id: 1 }])
  })

  test('one that is closed well instead of answering a ping is no proof: it is opened anew', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    told.push('deaf')
    const polled = source.poll()
    await until(() => pings === 1)
    client().close(1000)
    expect(answered(await polled).kind).toBe('unchanged')
    expect(told.filter(text => text.startsWith('open'))).toHaveLength(2)
  })

  test('connections that are let in and end well without a word are no proof, however many; a message is', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    greeting = []
    client().close(1000)
    await until(() => source.isFollowing === false && server.clients.size === 0)
    expect(answered(await source.poll()).kind).toBe('unchanged')
    for (let connections = 2; connections < 5; connections++) {
      const polled = connections === 2 ? undefined : source.poll()
      await until(() => server.clients.size === 1 && source.isFollowing === true)
      client().close(1000)
      await until(() => source.isFollowing === false && server.clients.size === 0)
      const reason = `${new URL(url).host}: the connection ended before anything was said`
      expect(failed(await (polled ?? source.poll()))).toMatchObject({ cause: 'reset', reason })
    }
    greeting = ['[{"id":1}]']
    expect(answered(await source.poll()).kind).toBe('unchanged')
  })

  test('who answers no ping is not believed for being opened anew; a ping that is answered is proof again', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    greeting = []
    for (let round = 1; round < 4; round++) {
      told.push('deaf')
      const pinged = source.poll()
      await until(() => pings === round)
      clock.advance(10_000)
      expect(failed(await pinged).reason).toContain('no answer to a ping within 10s')
      await until(() => server.clients.size === 0)
      const opened = source.poll()
      await until(() => server.clients.size === 1 && source.isFollowing === true)
      clock.advance(10_000)
      expect(failed(await opened).reason).toContain('connected, but nothing was said within 10s')
    }
    told.push('hears')
    expect(answered(await source.poll()).kind).toBe('unchanged')
  })

  test('a message over maxBody, and a server that is none', async () => {
    greeting = [`["${'x'.repeat(2000)}"]`]
    const source = following({ maxBody: '1KiB' })
    const poll = failed(await source.poll())
    expect(poll).toMatchObject({ cause: 'too_large', limit: 'maxBody', reason: 'maxBody: 1 KiB exceeded' })
    const other = following({ url: 'ws://127.0.0.1:1/' })
    expect(failed(await other.poll())).toMatchObject({ cause: 'refused' })
    const upstream = await Upstream.start(status(403))
    const refused = following({ url: upstream.url.replace('http', 'ws') })
    const { host } = new URL(upstream.url)
    expect(failed(await refused.poll())).toMatchObject({ cause: 'http', status: 403, reason: `${host} answered 403 Forbidden` })
    upstream.script(status(200))
    const reason = `${host} answered 200 OK: there is no WebSocket at this URL, only HTTP`
    expect(failed(await refused.poll())).toMatchObject({ cause: 'http', status: 200, reason })
    await upstream.close()
  })

  test('nobody wants it: the connection is let go of', async () => {
    greeting = ['[{"id":1}]']
    const source = following()
    await source.poll()
    source.rest?.()
    await until(() => server.clients.size === 0)
    expect(rowsOf(await source.poll())).toEqual([{ id: 1 }])
  })
})
