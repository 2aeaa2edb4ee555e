import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GoodReaders } from '../support/good-readers.ts'
import { RawReader } from '../support/raw-reader.ts'
import { requestText, upgradeHeaders } from '../support/raw-request.ts'

/** Readers that are slow, silent, half-open or many, and expressions made to be slow, beside ten that do nothing wrong. */

let good: GoodReaders

beforeEach(async () => {
  good = await GoodReaders.start({ maxViewsPerFeed: 30, viewTimePerSecond: '1ms' })
})

afterEach(() => good.close())

describe('never-reading or slow readers', () => {
  test('are held to what the window lets out, then owed one net message; who answers no ping is ended by 4508 in three heartbeats', async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => new RawReader(good.socketUrl('?feed=rows')).open()))
    for (const { socket } of slow) socket.pause()
    const before = good.answers
    await vi.waitUntil(() => good.answers > before + 10, { timeout: 5000 })
    await good.areUndisturbed()
    const [first, ...others] = slow
    if (first === undefined) throw new Error('nobody')
    const sent = first.messages.length
    first.socket.resume()
    await first.next('delta', ({ to }) => to > before + 5)
    // What was under way when it stopped to read, and one message for all that it missed.
    expect(first.messages.length - sent).toBeLessThanOrEqual(4)
    await vi.waitUntil(async () => (await good.metric('millrace_connections')) === good.count + 1, { timeout: 8000 })
    for (const reader of others) {
      reader.socket.resume()
      expect([4508, 1006]).toContain((await reader.closed).code)
    }
    first.socket.terminate()
    await good.areUndisturbed()
  }, 20_000)
})

describe('a reader that sends unasked pongs while it never reads', () => {
  test('passes no heartbeat by them: only the answer to the last ping counts', async () => {
    const deaf = await Promise.all(Array.from({ length: 5 }, () => new RawReader(good.socketUrl('?feed=rows')).open()))
    for (const { socket } of deaf) socket.pause()
    const talking = setInterval(() => {
      for (const [i, { socket }] of deaf.entries()) if (socket.readyState === socket.OPEN) socket.pong(['', '1', 'x'][i % 3])
    }, 20)
    await vi.waitUntil(async () => (await good.metric('millrace_connections')) === good.count, { timeout: 8000 })
    clearInterval(talking)
    await good.areUndisturbed()
    for (const { socket } of deaf) socket.terminate()
  }, 20_000)
})

describe('half-open TCP', () => {
  test('a peer that upgrades and is never heard of again is found within three heartbeats', async () => {
    const { hostname, port } = new URL(good.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.write(requestText('/ws', upgradeHeaders))
    socket.resume()
    await vi.waitUntil(async () => (await good.metric('millrace_connections')) === good.count + 1)
    const began = performance.now()
    await new Promise(resolve => socket.once('close', resolve))
    expect(performance.now() - began).toBeLessThan(5000)
    await good.areUndisturbed()
  })
})

describe('thousands of connects, reconnect storms', () => {
  test('are let in as many a second as it says, the others are told when to come back; nothing is left of them', async () => {
    await good.close()
    good = await GoodReaders.start({ upgradesPerSecond: 15 })
    const storm = Array.from({ length: 500 }, () => new RawReader(good.socketUrl('?feed=rows?limit=1')))
    await Promise.all(storm.map(({ closed, socket }) => Promise.race([closed, new Promise(resolve => socket.once('message', resolve))])))
    await good.areUndisturbed()
    expect(await good.metric('millrace_limit_total{limit="upgradesPerSecond"}')).toBeGreaterThan(100)
    for (const { socket } of storm) socket.terminate()
    await vi.waitUntil(async () => (await good.metric('millrace_connections')) === good.count, { timeout: 5000 })
    await good.areUndisturbed()
  }, 20_000)
})

describe('10 000 distinct views', () => {
  test('end at maxViewsPerFeed and at the messages of a connection; they are gone with the linger', async () => {
    const greedy = await Promise.all(Array.from({ length: 5 }, () => new RawReader(good.socketUrl()).open()))
    for (const [who, reader] of greedy.entries())
      for (let i = 0; i < 2000; i++) reader.send({ type: 'subscribe', id: i, feed: 'rows', where: `n > ${who * 2000 + i}` })
    for (const reader of greedy) expect((await reader.closed).code).toBe(4429)
    const refusals = greedy.flatMap(({ messages }) => messages.filter(message => message.type === 'error').map(({ code }) => code))
    expect(new Set(refusals)).toContain('rate_limited')
    await good.areUndisturbed()
    await vi.waitUntil(async () => (await good.metric('millrace_views')) === 1, { timeout: 5000 })
  }, 20_000)
})

describe('expressions made to be slow', () => {
  test('are refused where they could cost without bound, and counted against the client where each row costs', async () => {
    const reader = await new RawReader(good.socketUrl()).open()
    reader.send({ type: 'subscribe', id: 1, feed: 'rows', where: 'text.matches("(x+)+y")' })
    expect((await reader.next('error')).message).toContain('patterns can take for ever')
    const heavy = (i: number): string => Array.from({ length: 12 }, (_, j) => `text.contains("y${i * 12 + j}")`).join(' || ')
    let i = 0
    for (; i < 60; i++) reader.send({ type: 'subscribe', id: 100 + i, feed: 'rows', where: heavy(i) })
    const refusal = await reader.next(
      'error',
      ({ details }) => details?.some(detail => 'limit' in detail && detail.limit === 'viewTimePerSecond') === true,
    )
    expect(refusal).toMatchObject({ code: 'rate_limited', retry: true })
    reader.socket.terminate()
    await good.areUndisturbed()
  })
})
