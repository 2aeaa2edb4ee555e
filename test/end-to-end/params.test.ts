import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { RawReader } from '../support/raw-reader.ts'

/** Readers fill in what a source is asked for: each set of params is a table of its own, for as long as somebody follows it. */

let upstream: Server
let server: MillraceServer
let url: string
let asked: string[]
let readers: RawReader[]
let version: number
let status: number

beforeEach(async () => {
  asked = []
  readers = []
  version = 1
  status = 200
  upstream = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify([{ id: 1, path: request.url, version }]))
  })
  await new Promise<void>(resolve => {
    upstream.listen(0, '127.0.0.1', resolve)
  })
  server = new MillraceServer({ config: config('100ms') })
  url = await server.listen()
})

afterEach(async () => {
  for (const { socket } of readers) socket.terminate()
  await server.close()
  await new Promise(resolve => {
    upstream.close(resolve)
    upstream.closeAllConnections()
  })
})

function config(every: string, more: object = {}): Parameters<MillraceServer['reload']>[0] {
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const loaded = configOf({
    server: { port: 0, drain: '100ms' },
    limits: { maxParamSets: 2 },
    defaults: { every, linger: '50ms', key: 'id', private: true },
    sources: {
      quotes: {
        url: `${origin}/quotes/{symbol}?days={days}`,
        params: { symbol: { pattern: '[A-Z/]{1,9}' }, days: { type: 'integer', default: 7 } },
        ...more,
      },
      plain: `${origin}/plain`,
    },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

async function reader(): Promise<RawReader> {
  const opened = await new RawReader(`${url.replace('http', 'ws')}/ws`).open()
  readers.push(opened)
  return opened
}

async function refusal(message: object): Promise<string> {
  const asking = await reader()
  asking.send({ type: 'subscribe', id: 1, ...message })
  const { code, message: said } = await asking.next('error')
  return `${code}: ${said}`
}

test('a set of params is a table: any spelling of it is one address, equal sets are asked for once', async () => {
  const [a, b] = [await reader(), await reader()]
  a.send({ type: 'subscribe', id: 1, feed: 'quotes', params: { days: 30, symbol: 'A/B' } })
  const first = await a.next('snapshot')
  expect(first.feed).toBe('quotes?p.days=30&p.symbol=A%2FB')
  expect(first.rows).toEqual([{ id: 1, path: '/quotes/A%2FB?days=30', version: 1 }])
  b.send({ type: 'subscribe', id: 1, feed: 'quotes?p.symbol=A/B&p.days=30.0&fields=version' })
  expect(await b.next('snapshot')).toMatchObject({
    feed: 'quotes?fields=id,version&p.days=30&p.symbol=A%2FB'.replace(',', '%2C'),
    rows: [{ id: 1, version: 1 }],
  })
  a.send({ type: 'subscribe', id: 2, feed: 'quotes?p.symbol=A&p.days=7' })
  expect((await a.next('snapshot')).feed).toBe('quotes?p.symbol=A')
  version = 2
  expect((await a.next('delta', ({ feed }) => feed === first.feed)).set).toEqual({ 1: { version: 2 } })
  expect(new Set(asked)).toEqual(new Set(['/quotes/A%2FB?days=30', '/quotes/A?days=7']))
  a.send({ type: 'list', id: 3 })
  const { feeds } = await a.next('feeds')
  expect(feeds.map(({ feed, params }) => [feed, params])).toEqual([
    ['quotes', { symbol: { type: 'string', pattern: '[A-Z/]{1,9}', max: 64 }, days: { type: 'integer', default: '7', max: 64 } }],
    ['plain', undefined],
  ])
  const page = await fetch(`${url}/feeds/quotes?p.symbol=A`)
  expect(await page.json()).toMatchObject({ feed: 'quotes?p.symbol=A', rows: [{ path: '/quotes/A?days=7' }] })
})

test('once nobody follows it the table goes, and is asked for no more; one that is taken up again has positions of its own', async () => {
  const a = await reader()
  a.send({ type: 'subscribe', id: 1, feed: 'quotes?p.symbol=A' })
  const first = await a.next('snapshot')
  a.send({ type: 'unsubscribe', id: 2, feed: first.feed })
  await vi.waitUntil(() => server.graph.feed(first.feed) === undefined)
  const count = asked.length
  a.send({ type: 'subscribe', id: 3, feed: 'plain' })
  await a.next('snapshot')
  expect(asked.filter(path => path !== '/plain')).toHaveLength(count)
  version = 2
  a.send({ type: 'subscribe', id: 4, feed: first.feed, since: { epoch: first.epoch, version: first.to } })
  const again = await a.next('snapshot')
  expect(again.rows).toEqual([{ id: 1, path: '/quotes/A?days=7', version: 2 }])
  expect(again.epoch > first.epoch).toBe(true)
  expect(again.to).toBeGreaterThan(first.to)
})

test('health names the source, and not what a reader filled in', async () => {
  const a = await reader()
  status = 500
  for (const symbol of ['SECRET', 'OTHER']) a.send({ type: 'subscribe', id: symbol, feed: 'quotes', params: { symbol } })
  await a.next('status', ({ feed, state }) => feed.includes('SECRET') && state === 'down')
  await a.next('status', ({ feed, state }) => feed.includes('OTHER') && state === 'down')
  const health = await (await fetch(`${url}/health`)).text()
  expect(JSON.parse(health)).toMatchObject({ failing: [{ source: 'quotes', state: 'down', cause: 'http' }] })
  expect(health).not.toContain('SECRET')
})

test('more sets than maxParamSets are refused, unless one only lingers', async () => {
  const a = await reader()
  for (const symbol of ['A', 'B']) a.send({ type: 'subscribe', id: symbol, feed: 'quotes', params: { symbol } })
  await a.next('snapshot', ({ feed }) => feed.endsWith('B'))
  expect(await refusal({ feed: 'quotes', params: { symbol: 'C' } })).toBe("too_many: feed 'quotes' has 2 sets of params, as many as it may")
  a.send({ type: 'unsubscribe', id: 3, feed: 'quotes?p.symbol=A' })
  a.send({ type: 'subscribe', id: 4, feed: 'quotes', params: { symbol: 'C' } })
  expect((await a.next('snapshot')).feed).toBe('quotes?p.symbol=C')
  expect(server.graph.feed('quotes?p.symbol=A')).toBeUndefined()
})

describe('refused', () => {
  test.each<[object, string]>([
    [{ feed: 'quotes' }, "bad_query: feed 'quotes' needs the param 'symbol': a text like [A-Z/]{1,9}, up to 64 characters"],
    [{ feed: 'quotes?p.symbol=a' }, "bad_query: the param 'symbol' of feed 'quotes' is a text like [A-Z/]{1,9}, up to 64 characters"],
    [
      { feed: 'quotes', params: { symbol: 'A\nB' } },
      "bad_query: the param 'symbol' of feed 'quotes' is a text like [A-Z/]{1,9}, up to 64 characters",
    ],
    [
      { feed: 'quotes', params: { symbol: '..' } },
      "bad_query: the param 'symbol' of feed 'quotes' is a text like [A-Z/]{1,9}, up to 64 characters",
    ],
    [
      { feed: 'quotes', params: { symbol: 'A', days: 1.5 } },
      "bad_query: the param 'days' of feed 'quotes' is a whole number, up to 64 characters",
    ],
    [{ feed: 'quotes', params: { symbol: ['A'] } }, "bad_query: the param 'symbol' is a text, a number or a boolean"],
    [{ feed: 'quotes', params: { symbl: 'A' } }, "bad_query: feed 'quotes' declares no param 'symbl'; did you mean 'symbol'?"],
    [{ feed: 'plain', params: { symbol: 'A' } }, "bad_query: feed 'plain' declares no params"],
    [{ feed: 'quotes?p.symbol=A&p.symbol=B' }, "bad_query: 'p.symbol' stands twice in the address"],
  ])('%j', async (message, refused) => {
    expect(await refusal(message)).toBe(refused)
    expect(asked).toEqual([])
  })
})

test('a reload: a set that is still taken goes on by the new rules, one that is not ends', async () => {
  const a = await reader()
  a.send({ type: 'subscribe', id: 1, feed: 'quotes?p.symbol=A' })
  a.send({ type: 'subscribe', id: 2, feed: 'quotes?p.symbol=B%2FC' })
  await a.next('snapshot', ({ feed }) => feed.includes('B'))
  server.reload(config('100ms', { params: { symbol: { pattern: '[A-Z]' }, days: { default: 1 } } }))
  expect((await a.next('snapshot', ({ feed }) => feed === 'quotes?p.symbol=A')).rows).toEqual([
    { id: 1, path: '/quotes/A?days=1', version: 1 },
  ])
  expect(server.graph.feed('quotes?p.symbol=B%2FC')).toBeUndefined()
})

test('sets share one login', async () => {
  const login = { request: { url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/login`, method: 'POST' }, token: '0.id' }
  server.reload(config('100ms', { auth: { login } }))
  const following = await reader()
  for (const symbol of ['A', 'B']) {
    following.send({ type: 'subscribe', feed: 'quotes', params: { symbol } })
    await following.next('snapshot')
  }
  expect(asked.filter(path => path === '/login')).toHaveLength(1)
})
