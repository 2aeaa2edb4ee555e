import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { startPrefixProxy } from '../support/prefix-proxy.ts'
import { RawReader } from '../support/raw-reader.ts'

const rows = [
  { id: 'a', bikes: 3, place: { lat: 1 } },
  { id: 'b', bikes: 5, place: null },
  { id: 'c', bikes: 9, place: null },
]

let upstream: ChangingUpstream
let server: MillraceServer
let pageFolder: string
let url: string

beforeEach(async () => {
  upstream = await startChangingUpstream(JSON.stringify(rows))
  pageFolder = mkdtempSync(join(tmpdir(), 'millrace-page-'))
  mkdirSync(join(pageFolder, 'assets'))
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><script type="module" src="./assets/index-1a2b.js"></script>')
  writeFileSync(join(pageFolder, 'assets/index-1a2b.js'), 'export {}')
  writeFileSync(join(pageFolder, 'client.js'), 'export const connect = () => undefined')
  url = await serve(pageFolder)
})

afterEach(async () => {
  await server.close()
  await upstream.close()
  rmSync(pageFolder, { recursive: true })
})

async function serve(folder: string): Promise<string> {
  const loaded = configOf({
    server: { port: 0, hosts: ['live.example'], origins: ['https://status.example'], drain: '1s' },
    sources: {
      stations: { url: upstream.url, every: '50ms', linger: '1h' },
      hidden: { url: upstream.url, every: '1h', public: false },
      broken: { url: `${upstream.url}/`, every: '50ms', rows: 'not.there' },
    },
    feeds: { few: { from: 'stations', steps: [{ where: 'bikes < 6' }] } },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config, pageFolder: folder })
  return server.listen()
}

async function json(path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/${path}`)).json()) as Record<string, unknown>
}

describe('feeds', () => {
  test('lists what may be followed, not what is hidden; its own feeds on request', async () => {
    const feeds = async (path: string): Promise<string[]> => ((await json(path))['feeds'] as { feed: string }[]).map(({ feed }) => feed)
    expect(await feeds('feeds')).toEqual(['stations', 'broken', 'few'])
    expect(await feeds('feeds?own')).toEqual(expect.arrayContaining(['$sources', '$feeds']))
  })

  test('a feed is a snapshot as on the wire, with its position, state and age', async () => {
    const response = await fetch(`${url}/feeds/stations`)
    const snapshot = (await response.json()) as Record<string, unknown>
    expect(snapshot).toMatchObject({ type: 'snapshot', feed: 'stations', key: 'id', columns: ['id', 'bikes', 'place'], to: 1 })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('etag')).toBe(`"${String(snapshot['epoch'])}-1"`)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('millrace-state')).toBe('fresh')
    expect(response.headers.get('age')).toBe('0')
  })

  test.each([
    ['where=bikes > 3', ['b', 'c']],
    ['where=bikes %3E 3 %26%26 id != "c"', ['b']],
    ['limit=1', ['a']],
    ['order=-bikes&limit=2', ['c', 'b']],
    ['where=bikes > 3&order=-bikes&limit=1&fields=bikes', ['c']],
  ])('%s', async (query, ids) => {
    const { rows: got } = (await json(`feeds/stations?${query}`)) as { rows: { id: string; bikes: number }[] }
    const sorted = query.includes('order') ? [...got].sort((a, b) => b.bikes - a.bikes) : got
    expect(sorted.map(({ id }) => id)).toEqual(ids)
  })

  test('fields: the key always stays', async () => {
    expect(await json('feeds/stations?fields=bikes&limit=1')).toMatchObject({ columns: ['id', 'bikes'], rows: [{ id: 'a', bikes: 3 }] })
  })

  test.each([
    ['where=bkes > 3', "where: there is no column 'bkes'; did you mean 'bikes'?"],
    [
      'fields=zz&order=-bikes,x',
      "order: there is no column 'x'; there are: id, bikes, place; fields: there is no column 'zz'; there are: id, bikes, place",
    ],
    [
      `fields=${encodeURIComponent('é\n\ud83d\ude00')}`,
      String.raw`fields: there is no column '\u00e9\u000a\ud83d\ude00'; there are: id, bikes, place`,
    ],
    ['where=has(row.note)&order=-bikes&fields=id', null],
    ['', null],
  ])('a column that the view names and no row has: %s', async (query, hint) => {
    const response = await fetch(`${url}/feeds/stations?${query}`)
    expect([response.status, response.headers.get('millrace-hint')]).toEqual([200, hint])
    const held = { 'If-None-Match': response.headers.get('etag') ?? '' }
    expect((await fetch(`${url}/feeds/stations?${query}`, { headers: held })).headers.get('millrace-hint')).toBe(hint)
  })

  test('304 to its tag, weak, among others or any; 200 once it changed', async () => {
    const tag = (await fetch(`${url}/feeds/stations`)).headers.get('etag') ?? ''
    for (const given of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const response = await fetch(`${url}/feeds/stations`, { headers: { 'If-None-Match': given } })
      expect(response.status).toBe(304)
      expect(response.headers.get('etag')).toBe(tag)
      expect(await response.text()).toBe('')
    }
    expect((await fetch(`${url}/feeds/stations`, { headers: { 'If-None-Match': '"0-1"' } })).status).toBe(200)
    upstream.body = '[{"id":"a","bikes":4}]'
    await expect
      .poll(async () => (await fetch(`${url}/feeds/stations`, { headers: { 'If-None-Match': tag } })).status, { interval: 10 })
      .toBe(200)
  })

  test('a derived feed, and one whose source fails: 503 with the cause, after waiting', async () => {
    expect(await json('feeds/few')).toMatchObject({ feed: 'few', rows: rows.slice(0, 2) })
    const response = await fetch(`${url}/feeds/broken`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({ code: 'unavailable', retry: true, message: expect.stringContaining('not.there') })
  })

  test.each([
    ['feeds/station', 404, 'not_found', "did you mean 'stations'?"],
    ['feeds/hidden', 404, 'not_found', "no feed 'hidden'"],
    ['feeds/%00', 404, 'not_found', ''],
    ['feeds/__proto__', 404, 'not_found', ''],
    ['feeds/stations?limt=1', 400, 'bad_query', "did you mean 'limit'?"],
    ['feeds/stations?where=bikes%20%3E', 400, 'bad_query', 'where'],
    ['feeds/stations?where=id.matches("a")', 400, 'bad_query', 'matches'],
    ['feeds/stations?limit=-1', 400, 'bad_query', 'limit'],
    [`feeds/stations?where=${'1+'.repeat(400)}1`, 400, 'bad_query', '512'],
  ])('%s is %d %s', async (path, status, code, text) => {
    const response = await fetch(`${url}/${path}`)
    expect(response.status).toBe(status)
    const body = (await response.json()) as { code: string; message: string }
    expect(body.code).toBe(code)
    expect(body.message).toContain(text)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('methods', () => {
  test.each(['/', '/feeds', '/feeds/stations', '/health', '/metrics', '/client.js'])('HEAD %s is GET without a body', async path => {
    const [head, get] = await Promise.all([fetch(url + path, { method: 'HEAD' }), fetch(url + path)])
    expect(head.status).toBe(get.status)
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    expect(head.headers.get('cache-control')).toBe(get.headers.get('cache-control'))
    expect(await head.text()).toBe('')
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is 405 with Allow, everywhere', async method => {
    for (const path of ['/', '/feeds', '/feeds/stations', '/nothing']) {
      const response = await fetch(url + path, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })

  test('a GET of the WebSocket says that it is one', async () => {
    const response = await fetch(`${url}/ws`)
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket'])
  })
})

describe('health and readiness', () => {
  test('health is 200 while it serves, with what fails and since when', async () => {
    expect(await json('health')).toMatchObject({
      status: 'ok',
      failing: [],
      shedding: 'none',
      uptimeMs: expect.any(Number),
      version: expect.any(String),
    })
    const reader = await new RawReader(`${url.replace('http', 'ws')}/ws?feed=broken`).open()
    await reader.next('status', ({ state }) => state === 'down')
    expect(await json('health')).toMatchObject({
      status: 'ok',
      failing: [{ source: 'broken', state: 'down', reason: expect.stringContaining('not.there') }],
    })
    reader.socket.terminate()
  })

  test('ready: 503 on a connection that is still there while it stops', async () => {
    const reader = await new RawReader(`${url.replace('http', 'ws')}/ws`).open()
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    const status = await new Promise<number>((resolve, reject) => {
      // The request is under way when the stop begins: its connection is not closed under it.
      const slow = request(`${url}/ready`, response => resolve(response.statusCode ?? 0)).on('error', reject)
      slow.setHeader('Content-Length', 1)
      slow.flushHeaders()
      slow.on('socket', socket =>
        socket.once('connect', () => {
          setImmediate(() => {
            void server.close()
            slow.end('x')
          })
        }),
      )
    })
    expect(status).toBe(503)
    await reader.closed
  })
})

describe('security', () => {
  const pages = [
    '/',
    '/client.js',
    '/assets/index-1a2b.js',
    '/feeds',
    '/feeds/stations',
    '/feeds/nope',
    '/health',
    '/metrics',
    '/nothing',
    '/ws',
  ]

  test.each(pages)('%s: strict policy, no sniffing, no referrer, no server banner', async path => {
    const { headers } = await fetch(url + path)
    const policy = Object.fromEntries((headers.get('content-security-policy') ?? '').split('; ').map(rule => rule.split(/ (.*)/s, 2)))
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'self' https://status.example",
    })
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('server')).toBeNull()
  })

  test('a page of an allowed origin may read the feeds, no other', async () => {
    const allowed = await fetch(`${url}/feeds`, { headers: { Origin: 'https://status.example' } })
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://status.example')
    expect(allowed.headers.get('vary')).toContain('Origin')
    const foreign = await fetch(`${url}/feeds`, { headers: { Origin: 'https://evil.example' } })
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })

  test.each(['/..%2f..%2fetc/passwd', '/%2e%2e/package.json', '/assets/..%5c..%5cpackage.json', '/assets', '/assets/'])(
    '%s is 404',
    async path => {
      expect((await fetch(url + path)).status).toBe(404)
    },
  )
})

describe('the page', () => {
  test('is asked for anew, what bears a hash never again', async () => {
    const page = await fetch(`${url}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const again = await fetch(`${url}/`, { headers: { 'If-None-Match': page.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
    const asset = await fetch(`${url}/assets/index-1a2b.js`)
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const client = await fetch(`${url}/client.js`)
    expect([client.status, client.headers.get('cache-control')]).toEqual([200, 'no-cache'])
    expect(client.headers.get('content-type')).toMatch(/^text\/javascript/)
  })

  test('not built: one sentence says what makes it, and all else is served', async () => {
    await server.close()
    url = await serve(join(pageFolder, 'nowhere'))
    const page = await fetch(`${url}/`)
    expect([page.status, await page.text()]).toEqual([
      503,
      'The page is not built: npm run build makes it; the feeds are served at feeds all the same.',
    ])
    expect((await fetch(`${url}/feeds`)).status).toBe(200)
  })

  test('works under a prefix behind a proxy: no answer names a path from the root', async () => {
    const proxy = await startPrefixProxy(url, '/live/')
    for (const path of ['', 'client.js', 'feeds', 'feeds/stations?limit=1', 'health', 'metrics'])
      expect((await fetch(proxy.url + path, { redirect: 'manual' })).status).toBe(200)
    await proxy.close()
  })
})

test('a fault of the server is told by an id alone', async () => {
  Object.assign(server.hub, {
    list: () => {
      throw new Error('secret /path')
    },
  })
  const response = await fetch(`${url}/feeds`)
  expect(response.status).toBe(500)
  const body = await response.text()
  expect(body).toContain('"code":"internal"')
  expect(body).not.toContain('secret')
})
