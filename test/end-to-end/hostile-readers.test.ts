import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer } from '../../src/server.ts'
import { RawReader } from '../support/raw-reader.ts'
import { json, Upstream } from '../support/upstream.ts'

/** The rows of hardening.md section 2 on readers that are slow, silent, half-open or many, and on expressions. */

let upstream: Upstream
let server: MillraceServer
let url: string
let good: RawReader[]
/** How often the upstream answered. */
let answers: number

const goodCount = 10
/** A full table of these is about 100 KB, and all of it changes with each answer. */
const rowCount = 500

beforeEach(async () => {
  answers = 0
  upstream = await Upstream.start((request, response) => {
    answers++
    const rows = Array.from({ length: rowCount }, (_, i): Row => ({ id: `r${i}`, n: answers, text: `${answers}`.padStart(150, 'x') }))
    json(rows)(request, response)
  })
  const config = configOf({
    server: { port: 0, drain: '200ms', heartbeat: '1s' },
    limits: { upgradesPerSecond: 100, maxViewsPerFeed: 30, viewTimePerSecond: '1ms' },
    sources: { rows: { url: upstream.url, every: '40ms', key: 'id', linger: '100ms' } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config })
  url = `${(await server.listen()).replace('http', 'ws')}/ws`
  good = await Promise.all(Array.from({ length: goodCount }, () => new RawReader(`${url}?feed=rows`).open()))
  for (const reader of good) await reader.next('snapshot')
})

afterEach(async () => {
  for (const { socket } of good) socket.terminate()
  await server.close()
  await upstream.close()
})

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url.replace('ws', 'http').replace('/ws', '')}/metrics`)).text()
  return Number(
    text
      .split('\n')
      .find(line => line.startsWith(`${name} `))
      ?.split(' ')[1] ?? 0,
  )
}

/** Ten who do nothing wrong are sent what is new, without a gap and without an error. */
async function othersAreUndisturbed(): Promise<void> {
  for (const reader of good) {
    const first = await reader.next('delta')
    const second = await reader.next('delta')
    expect(second.from).toBe(first.to)
    expect(reader.socket.readyState).toBe(reader.socket.OPEN)
    expect(reader.messages.filter(({ type }) => type === 'error' || type === 'snapshot')).toEqual([])
  }
}

describe('never-reading or slow readers', () => {
  test('are held to what the window lets out, then owed one net message; who answers no ping is ended by 4508 in three heartbeats', async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => new RawReader(`${url}?feed=rows`).open()))
    for (const { socket } of slow) socket.pause()
    const before = answers
    await vi.waitUntil(() => answers > before + 20, { timeout: 5000 })
    await othersAreUndisturbed()
    const [first, ...others] = slow
    if (first === undefined) throw new Error('nobody')
    const sent = first.messages.length
    first.socket.resume()
    await first.next('delta', ({ to }) => to > before + 15)
    // What was under way when it stopped to read, and one message for all that it missed.
    expect(first.messages.length - sent).toBeLessThanOrEqual(4)
    await vi.waitUntil(async () => (await metric('millrace_connections')) === goodCount + 1, { timeout: 8000 })
    for (const reader of others) {
      reader.socket.resume()
      expect([4508, 1006]).toContain((await reader.closed).code)
    }
    first.socket.terminate()
    await othersAreUndisturbed()
  }, 20_000)
})

describe('half-open TCP', () => {
  test('a peer that upgrades and is never heard of again is found within three heartbeats', async () => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    const headers = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    socket.write(['GET /ws HTTP/1.1', `Host: ${hostname}`, ...headers, '', ''].join('\r\n'))
    socket.resume()
    await vi.waitUntil(async () => (await metric('millrace_connections')) === goodCount + 1)
    const began = performance.now()
    await new Promise(resolve => socket.once('close', resolve))
    expect(performance.now() - began).toBeLessThan(3500)
    await othersAreUndisturbed()
  })
})

describe('thousands of connects, reconnect storms', () => {
  test('are let in as many a second as it says, the others are told when to come back; nothing is left of them', async () => {
    const storm = Array.from({ length: 500 }, () => new RawReader(`${url}?feed=rows?limit=1`))
    await Promise.all(storm.map(({ closed, socket }) => Promise.race([closed, new Promise(resolve => socket.once('message', resolve))])))
    await othersAreUndisturbed()
    expect(await metric('millrace_limit_total{limit="upgradesPerSecond"}')).toBeGreaterThan(100)
    for (const { socket } of storm) socket.terminate()
    await vi.waitUntil(async () => (await metric('millrace_connections')) === goodCount, { timeout: 5000 })
    await othersAreUndisturbed()
  }, 20_000)
})

describe('10 000 distinct views', () => {
  test('end at maxViewsPerFeed and at the messages of a connection; they are gone with the linger', async () => {
    const greedy = await Promise.all(Array.from({ length: 5 }, () => new RawReader(url).open()))
    for (const [who, reader] of greedy.entries())
      for (let i = 0; i < 2000; i++) reader.send({ type: 'subscribe', id: i, feed: 'rows', where: `n > ${who * 2000 + i}` })
    for (const reader of greedy) expect((await reader.closed).code).toBe(4429)
    const refusals = greedy.flatMap(({ messages }) => messages.filter(message => message.type === 'error').map(({ code }) => code))
    expect(new Set(refusals)).toContain('rate_limited')
    await othersAreUndisturbed()
    await vi.waitUntil(async () => (await metric('millrace_views')) === 1, { timeout: 5000 })
  }, 20_000)
})

describe('expressions made to be slow', () => {
  test('are refused where they could cost without bound, and counted against the client where each row costs', async () => {
    const reader = await new RawReader(url).open()
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
    await othersAreUndisturbed()
  })
})
