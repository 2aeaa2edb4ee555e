import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { GoodReaders } from '../support/good-readers.ts'
import { RawReader } from '../support/raw-reader.ts'
import { rawSocket, requestText, upgradeHeaders } from '../support/raw-request.ts'

/** Readers whose frames and messages are not what they should be, or too many, beside ten that do nothing wrong. */

let good: GoodReaders

beforeAll(async () => {
  good = await GoodReaders.start()
})

afterAll(() => good.close())

beforeEach(() => {
  failures.length = 0
})

/** Whatever reaches the top of the process. */
const failures: unknown[] = []
process.on('uncaughtExceptionMonitor', error => failures.push(error))

async function nothingIsLeft(): Promise<void> {
  await good.areUndisturbed()
  await vi.waitUntil(async () => (await good.metric('millrace_connections')) === good.count, { timeout: 5000 })
  expect(failures).toEqual([])
}

/** The code by which the server ends a client that sends these bytes after its upgrade; 0: it does not within a second. */
async function closedFor(bytes: Buffer): Promise<number> {
  const { socket, ended } = rawSocket(good.url)
  socket.write(requestText('/ws', upgradeHeaders))
  socket.write(bytes)
  setTimeout(() => socket.destroy(), 1000)
  const frames = Buffer.from(await ended, 'latin1')
  const at = frames.lastIndexOf(0x88)
  return at < 0 ? 0 : frames.readUInt16BE(at + 2)
}

/** A masked frame, as a client sends it; the mask is of zeros. */
function frame(firstByte: number, payload: Buffer): Buffer {
  const { length } = payload
  const size = length < 126 ? [0x80 | length] : length < 65_536 ? [0xfe, length >> 8, length & 0xff] : []
  const long = Buffer.alloc(9)
  long[0] = 0xff
  long.writeUInt32BE(length, 5)
  return Buffer.concat([Buffer.from([firstByte]), size.length === 0 ? long : Buffer.from(size), Buffer.alloc(4), payload])
}

describe('compression bomb inbound', () => {
  test('compression is not negotiated, whatever is offered; a compressed frame is refused: 1002', async () => {
    const offering = new WebSocket(good.socketUrl(), { perMessageDeflate: true })
    await new Promise(resolve => void offering.once('open', resolve))
    expect(offering.extensions).toBe('')
    offering.terminate()
    const bomb = deflateRawSync(Buffer.alloc(50_000_000, 0x20))
    expect(bomb.length).toBeLessThan(65_536)
    const before = process.memoryUsage.rss()
    expect(await closedFor(frame(0xc1, bomb))).toBe(1002)
    expect(process.memoryUsage.rss() - before).toBeLessThan(40_000_000)
    await nothingIsLeft()
  })
})

describe('oversized message, fragments without end', () => {
  test.each([
    ['one frame', [frame(0x81, Buffer.alloc(65_537, 0x20))], 1009],
    ['fragments', [frame(0x01, Buffer.alloc(40_000, 0x20)), frame(0x80, Buffer.alloc(40_000, 0x20))], 1009],
    ['fragments without end', [frame(0x01, Buffer.from('x')), ...Array.from({ length: 1100 }, () => frame(0x00, Buffer.from('x')))], 1008],
    ['a length of 2^62, of which nothing comes', [Buffer.from('81ff3fffffffffffffff00000000', 'hex')], 1009],
  ])('%s', async (_what, frames, code) => {
    expect(await closedFor(Buffer.concat(frames))).toBe(code)
    await nothingIsLeft()
  })
})

describe('malformed JSON, wrong shapes, unknown types, deep nesting', () => {
  test.each(['', ' ', '{"type":', '[]', '"hello"', 'null', '{"type":"ping"}{}', '\u0000', 'NaN'])('%j: 4400', async text => {
    const reader = await new RawReader(good.socketUrl()).open()
    reader.send(text)
    expect((await reader.closed).code).toBe(4400)
    await nothingIsLeft()
  })

  test.each<[string, object | string]>([
    ['no type', {}],
    ['a type that is no text', { type: 7 }],
    ['a feed that is no text', { type: 'subscribe', feed: { toString: 1 } }],
    ['an id that is an object', { type: 'ping', id: {} }],
    ['a where that is a list', { type: 'subscribe', feed: 'rows', where: ['n > 1'] }],
    ['a limit beyond all numbers', '{"type":"subscribe","feed":"rows","limit":1e999}'],
    ['a throttle below zero', { type: 'subscribe', feed: 'rows', throttle: -1 }],
    ['since of another shape', { type: 'subscribe', feed: 'rows', since: 'yesterday' }],
    ['an unknown type', { type: 'launch' }],
    ['a type of a prototype', { type: '__proto__' }],
    ['a member __proto__', '{"type":"subscribe","feed":"rows","__proto__":{"limit":3},"where":3}'],
    ['a feed of a prototype', { type: 'subscribe', feed: 'constructor' }],
    ['a query that cannot be decoded', { type: 'subscribe', feed: 'rows?where=%E0%A4%A' }],
    ['deep nesting', `{"type":"ping","id":${'['.repeat(30_000)}`],
  ])('%s: an error, and the connection stays', async (_what, message) => {
    const reader = await new RawReader(good.socketUrl()).open()
    reader.send(message)
    const { code, message: told } = await reader.next('error')
    expect(['bad_message', 'bad_query', 'unsupported', 'not_found']).toContain(code)
    expect(told).not.toMatch(/\n|at .*:\d+|node_modules/)
    reader.send({ type: 'ping', id: 'alive' })
    expect(await reader.next('pong')).toMatchObject({ id: 'alive' })
    reader.socket.terminate()
    await nothingIsLeft()
  })
})

describe('floods of messages, pings, subscribe/unsubscribe churn', () => {
  test('messages: told once a second at most, then 4429 with how long to stay away', async () => {
    const reader = await new RawReader(good.socketUrl()).open()
    for (let i = 0; i < 500; i++) reader.send({ type: 'ping', id: i })
    expect(await reader.closed).toMatchObject({
      code: 4429,
      reason: expect.stringMatching(/^messagesPerSecond retry-after-ms=\d+$/) as string,
    })
    expect(reader.messages.filter(({ type }) => type === 'error').length).toBeLessThanOrEqual(3)
    await nothingIsLeft()
  })

  test('pings: 4429', async () => {
    const reader = await new RawReader(good.socketUrl()).open()
    for (let i = 0; i < 200; i++) reader.socket.ping()
    expect(await reader.closed).toMatchObject({ code: 4429, reason: expect.stringMatching(/^pingsPerSecond retry-after-ms=/) as string })
    await nothingIsLeft()
  })

  test('churn: as many as the messages allow, and nothing is left of views and subscriptions', async () => {
    const before = await good.metric('millrace_feed_readers{feed="rows"}')
    const restless = await Promise.all(Array.from({ length: 5 }, () => new RawReader(good.socketUrl()).open()))
    for (const [who, reader] of restless.entries())
      for (let i = 0; i < 300; i++) {
        const feed = `rows?limit=${(who + i) % 7}`
        reader.send(i % 2 === 0 ? { type: 'subscribe', id: i, feed } : { type: 'unsubscribe', id: i, feed })
      }
    for (const reader of restless) expect((await reader.closed).code).toBe(4429)
    await nothingIsLeft()
    await vi.waitUntil(async () => (await good.metric('millrace_views')) === 1, { timeout: 5000 })
    expect(await good.metric('millrace_feed_readers{feed="rows"}')).toBe(before)
  })
})
