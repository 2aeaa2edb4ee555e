import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { createLogger } from '../../src/lib/log.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { RawReader } from '../support/raw-reader.ts'

const [everything, some, admin] = ['token-of-everything', 'token-of-some-feeds', 'token-of-the-admin']
const secrets = [everything, some, admin, 'nobody-has-this-token']

let upstream: ChangingUpstream
let server: MillraceServer
let url: string
/** All that was logged, at the lowest level. */
let logged: string

beforeEach(async () => {
  upstream = await startChangingUpstream('[{"id":"a","n":1}]')
  await serve({
    tokens: [
      { name: 'everything', token: everything },
      { name: 'some', token: some, feeds: ['stations', 'br*'] },
      { name: 'admin', token: admin, feeds: ['stations', 'slow'], admin: true },
    ],
  })
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

async function serve(auth: object | string, limits: object = {}): Promise<void> {
  const loaded = configOf({
    server: { port: 0, origins: ['https://status.example'], drain: '1s' },
    auth,
    limits: { helloTimeout: '300ms', maxTickets: 2, ...limits },
    sources: {
      stations: { url: upstream.url, every: '20ms' },
      wages: { url: upstream.url, every: '1h' },
      slow: { url: upstream.url, every: '1h', linger: '1h' },
      broken: { url: upstream.url, every: '50ms', rows: 'not.there', downAfter: '50ms' },
      fallen: { url: upstream.url, every: '50ms', rows: 'not.there', downAfter: '50ms' },
    },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  logged = ''
  const log = createLogger({ level: 'debug', destination: { write: (line: string) => void (logged += line) } })
  server = new MillraceServer({ config: loaded.config, log })
  url = await server.listen()
}

const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` })

interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function ask(path: string, token?: string, { method = 'GET', headers = {} }: Request = {}): Promise<Response> {
  return fetch(`${url}/${path}`, { method, headers: { ...(token === undefined ? {} : bearer(token)), ...headers } })
}

async function json(path: string, token?: string, init?: Request): Promise<Record<string, unknown>> {
  return (await (await ask(path, token, init)).json()) as Record<string, unknown>
}

function socket(query = '', headers: Record<string, string> = {}): RawReader {
  return new RawReader(`${url.replace('http', 'ws')}/ws${query}`, { headers })
}

describe('over HTTP', () => {
  test.each(['feeds', 'feeds/stations', 'feeds/nope', 'metrics', 'nothing', 'sources/stations/poll', 'ticket', '%66eeds', 'feeds/'])(
    '%s is 401 without a token, and says what is wanted',
    async path => {
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
        const response = await ask(path, undefined, { method })
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      }
      const bad = await ask(path, 'nobody-has-this-token')
      expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
      expect(await bad.json()).toMatchObject({ code: 'unauthorized', retry: false })
    },
  )

  test.each(['', 'client.js', 'health', 'ready'])('/%s is open', async path => {
    expect((await ask(path)).status).toBe(200)
    expect((await ask(path, 'nobody-has-this-token')).status).toBe(200)
  })

  test('neither a cookie nor the URL is a token', async () => {
    expect((await ask('feeds', undefined, { headers: { Cookie: `token=${everything}; Authorization=Bearer ${everything}` } })).status).toBe(
      401,
    )
    for (const name of ['token', 'access_token', 'ticket']) expect((await ask(`feeds?${name}=${everything}`)).status).toBe(401)
  })

  test('what one token opened is kept by no cache for another', async () => {
    for (const path of ['feeds/stations', 'feeds/wages', 'feeds/nope', 'feeds', 'nothing'])
      expect((await ask(path, some)).headers.get('cache-control')).toMatch(/private|no-store/)
  })

  test('a token opens what it names; the rest is not found, by no word told from what is not there', async () => {
    expect((await json('feeds', everything))['feeds']).toHaveLength(5)
    expect(((await json('feeds?own', some))['feeds'] as { feed: string }[]).map(({ feed }) => feed)).toEqual(['stations', 'broken'])
    expect((await ask('feeds/stations', some)).status).toBe(200)
    const hidden = await ask('feeds/wages', some)
    const absent = await ask('feeds/pages', some)
    expect([hidden.status, await hidden.text()]).toEqual([absent.status, (await absent.text()).replace('pages', 'wages')])
    expect(await json('feeds/wage', some)).toEqual({ code: 'not_found', message: "no feed 'wage'", retry: false })
  })

  test("the server's own feeds and metrics, which name every feed, are for tokens that open them", async () => {
    expect((await ask('metrics', everything)).status).toBe(200)
    for (const path of ['metrics', 'feeds/$feeds', 'feeds/$sources']) expect((await ask(path, some)).status).toBe(404)
  })

  test('health tells a stranger that sources fail, and whom it concerns which and why', async () => {
    const readers = ['broken', 'fallen'].map(feed => socket(`?feed=${feed}`, bearer(everything)))
    for (const reader of readers) await reader.next('status', ({ state }) => state === 'down')
    const failing = async (token?: string): Promise<object[]> => (await json('health', token))['failing'] as object[]
    for (const one of await failing()) expect(Object.keys(one).toSorted()).toEqual(['cause', 'since', 'state'])
    expect(await failing()).toHaveLength(2)
    expect(await (await ask('health')).text()).not.toMatch(/broken|fallen|not\.there/)
    expect(await failing(everything)).toMatchObject([{ source: 'broken' }, { source: 'fallen' }])
    expect((await failing(some)).map(one => (one as { source?: string }).source)).toEqual(['broken', undefined])
    for (const reader of readers) reader.socket.terminate()
  })

  test('a page of a configured origin may ask with a token, and for a ticket; no other', async () => {
    const preflight = await fetch(`${url}/ticket`, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://status.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization',
      },
    })
    expect(preflight.ok).toBe(true)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://status.example')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization')
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
    expect(
      (await fetch(`${url}/ticket`, { method: 'POST', headers: { Origin: 'https://evil.example', ...bearer(everything) } })).status,
    ).toBe(403)
  })
})

describe('tickets', () => {
  const issue = (token: string): Promise<Record<string, unknown>> => json('ticket', token, { method: 'POST' })

  test('one opens one WebSocket with the rights of its token', async () => {
    const { ticket, expires } = await issue(some)
    expect(expires).toBeGreaterThan(Date.now() + 25_000)
    const reader = socket(`?feed=stations&feed=wages&ticket=${String(ticket)}`)
    expect(await reader.next('error')).toMatchObject({ feed: 'wages', code: 'not_found' })
    await reader.next('snapshot', ({ feed }) => feed === 'stations')
    expect(await socket(`?ticket=${String(ticket)}`).closed).toMatchObject({ code: 4401 })
    reader.socket.terminate()
  })

  test('is got by POST alone, is not stored, and there are only so many', async () => {
    const got = await ask('ticket', some)
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    const response = await ask('ticket', some, { method: 'POST' })
    expect(response.headers.get('cache-control')).toBe('no-store')
    await issue(some)
    const refused = await ask('ticket', some, { method: 'POST' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.json()).toMatchObject({ code: 'too_many', details: [{ limit: 'maxTickets', value: 2 }] })
    expect(await (await ask('metrics', everything)).text()).toContain('millrace_limit_total{limit="maxTickets"} 1')
  })
})

describe('over WebSocket', () => {
  test('a header is judged at once: the addresses of the URL are followed, and welcome asks for nothing', async () => {
    const reader = socket('?feed=stations', bearer(some))
    expect('auth' in (await reader.next('welcome'))).toBe(false)
    await reader.next('snapshot')
    reader.socket.terminate()
  })

  test('a bad header or ticket is accepted, told why and closed 4401', async () => {
    for (const reader of [socket('?feed=stations', bearer('nobody-has-this-token')), socket('?ticket=none&feed=stations')]) {
      expect(await reader.closed).toEqual({ code: 4401, reason: 'the token or ticket is not known, or has ended' })
      expect(reader.messages.map(({ type }) => type)).toEqual(['welcome'])
    }
  })

  test('hello in time, then all that the token opens; without one 4408, counted', async () => {
    const silent = socket()
    const reader = socket()
    await reader.next('welcome')
    reader.send({ type: 'hello', id: 1, token: some })
    reader.send({ type: 'subscribe', id: 2, feed: 'stations' })
    expect(await reader.next('welcome')).toMatchObject({ id: 1 })
    await reader.next('snapshot')
    expect(await silent.closed).toEqual({ code: 4408, reason: 'helloTimeout' })
    expect(await (await ask('metrics', everything)).text()).toContain('millrace_limit_total{limit="helloTimeout"} 1')
    reader.socket.terminate()
  })

  test('one that is closed and does not answer counts as a connection until it is destroyed, 1 s later', async () => {
    await server.close()
    await serve({ tokens: [{ name: 'everything', token: everything }] }, { maxConnections: 1 })
    const deaf = socket()
    await deaf.next('welcome')
    deaf.socket.pause()
    deaf.socket.removeAllListeners('message')
    const began = performance.now()
    await expect
      .poll(
        async () => {
          const other = socket('', bearer(everything))
          const opened = await Promise.race([other.open().then(() => true), other.closed.then(() => false)])
          other.socket.terminate()
          return opened
        },
        { timeout: 5000, interval: 20 },
      )
      .toBe(true)
    expect(performance.now() - began).toBeGreaterThan(1000)
    deaf.socket.terminate()
  })
})

test('expired or revoked token on a live socket: whose token is replaced is ended, others go on', async () => {
  const [revoked, kept] = await Promise.all([some, everything].map(token => socket('?feed=stations', bearer(token)).open()))
  server.replaceTokens([{ name: 'everything', token: everything, feeds: ['stations'], admin: false }])
  expect(await revoked?.closed).toEqual({ code: 4403, reason: 'the token is no more' })
  expect([(await ask('feeds', some)).status, (await ask('feeds/wages', everything)).status]).toEqual([401, 404])
  upstream.body = '[{"id":"a","n":7}]'
  await kept?.next('delta')
  kept?.socket.terminate()
})

test('a config that is taken over brings its tokens along, and an admin where there was none', async () => {
  const configWith = (tokens: readonly object[]): Parameters<MillraceServer['reload']>[0] => {
    const loaded = configOf({ auth: { tokens }, sources: { stations: { url: upstream.url, every: '20ms' } } })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    return loaded.config
  }
  server.reload(configWith([{ name: 'everything', token: everything }]))
  expect((await ask('feeds', some)).status).toBe(401)
  expect((await ask('feeds/$clients', admin)).status).toBe(401)
  const { needsRestart } = server.reload(configWith([{ name: 'boss', token: some, admin: true }]))
  expect(needsRestart.filter(key => key.startsWith('auth'))).toEqual([])
  expect((await json('feeds/$clients', some))['rows']).toEqual([])
  expect((await ask('feeds', everything)).status).toBe(401)
})

describe('admin routes', () => {
  const poll = (source: string, token: string): Promise<Response> => ask(`sources/${source}/poll`, token, { method: 'POST' })

  test('an admin has a source asked now', async () => {
    await (await ask('feeds/slow', admin)).text()
    upstream.body = '[{"id":"a","n":2}]'
    const response = await poll('slow', admin)
    expect([response.status, await response.json()]).toMatchObject([202, { source: 'slow', why: expect.stringContaining('nudge') }])
    await expect.poll(async () => ((await json('feeds/slow', admin))['rows'] as object[])[0], { timeout: 5000 }).toEqual({ id: 'a', n: 2 })
  })

  test('nobody else does, nor for a source that is outside the grants or not there', async () => {
    for (const [source, token] of [
      ['slow', everything],
      ['slow', some],
      ['wages', admin],
      ['nope', admin],
      ['$sources', admin],
      ['__proto__', admin],
    ] as const)
      expect((await poll(source, token)).status).toBe(404)
    expect((await ask('sources/slow/poll', admin)).status).toBe(404)
  })

  test('admin routes are off unless a token is configured for them', async () => {
    for (const auth of ['none', { tokens: [{ name: 'everything', token: everything }] }]) {
      await server.close()
      await serve(auth)
      expect((await poll('slow', everything)).status).toBe(404)
    }
  })
})

describe('$clients', () => {
  test('tells an admin of every connection, live, and nobody else that it is there', async () => {
    const reader = await socket('?feed=stations', bearer(some)).open()
    const silent = await socket().open()
    const watcher = await socket('?feed=$clients', bearer(admin)).open()
    const { rows } = await watcher.next('snapshot')
    expect(rows).toMatchObject([
      { id: 1, name: 'some', address: '127.0.0.1', subscriptions: 1, held: false, bytes: expect.any(Number), since: expect.any(Number) },
      { id: 2, name: '', subscriptions: 0 },
      { id: 3, name: 'admin' },
    ])
    expect(Number(rows[0]?.['bytes'])).toBeGreaterThan(100)
    expect(Math.abs(Number(rows[0]?.['since']) - Date.now())).toBeLessThan(10_000)
    silent.socket.terminate()
    expect((await watcher.next('delta', ({ del }) => del !== undefined)).del).toEqual(['2'])
    for (const token of [everything, some]) {
      expect(await json('feeds/$clients', token)).toMatchObject({ code: 'not_found', message: "no feed '$clients'" })
      expect(await (await ask('feeds?own', token)).text()).not.toContain('clients')
    }
    expect(await (await ask('feeds?own', admin)).text()).toContain('$clients')
    for (const one of [reader, watcher]) one.socket.terminate()
  })

  test('is not there unless there is an admin', async () => {
    for (const auth of ['none', { tokens: [{ name: 'everything', token: everything }] }]) {
      await server.close()
      await serve(auth)
      expect((await ask('feeds/$clients', everything)).status).toBe(404)
      expect(server.graph.feed('$clients')).toBeUndefined()
    }
  })
})

describe('without auth', () => {
  test('nobody is asked, and a token that is sent all the same is of no use and no harm', async () => {
    await server.close()
    await serve('none')
    expect((await ask('feeds', everything)).status).toBe(200)
    expect((await ask('ticket', everything, { method: 'POST' })).status).toBe(405)
    const reader = socket('?feed=wages&ticket=x', bearer('nobody-has-this-token'))
    expect('auth' in (await reader.next('welcome'))).toBe(false)
    await reader.next('snapshot')
    reader.send({ type: 'hello', id: 1, token: 'nobody-has-this-token' })
    await reader.next('welcome', ({ id }) => id === 1)
    reader.socket.terminate()
  })
})

/** An answer to the last of four messages, those before it kept. */
async function answeredAll({ messages }: RawReader): Promise<void> {
  await expect.poll(() => messages.some(message => 'id' in message && message.id === 4)).toBe(true)
}

test('token in query string/logs/error texts: nothing that is logged or answered holds one', async () => {
  const answers: string[] = []
  for (const token of secrets) {
    for (const path of [`feeds?token=${token}`, `feeds/${token}`, 'feeds/x?where=(', 'ticket', 'health'])
      for (const method of ['GET', 'POST']) {
        const response = await ask(path, token, { method })
        if (!path.includes(token)) answers.push(await response.text())
      }
    const [byUrl, byHeader, byHello] = [socket(`?token=${token}&ticket=${token}`), socket('', bearer(token)), socket('?feed=stations')]
    await byHello.next('welcome')
    byHello.send({ type: 'hello', id: 1, token })
    byHello.send({ type: 'hello', id: 2, token: `${token}x` })
    byHello.send({ type: 'hello', id: 3, token: [token] })
    byHello.send({ type: 'subscribe', id: 4, token, feed: 'nope' })
    await byUrl.closed
    await byHeader.next('welcome')
    const readers = [byUrl, byHeader, byHello]
    await Promise.race([byHello.closed, answeredAll(byHello)])
    answers.push(JSON.stringify(readers.map(reader => reader.messages)))
    for (const reader of readers) reader.socket.terminate()
  }
  answers.push(await (await ask('metrics', everything)).text())
  expect(answers.join('')).not.toMatch(new RegExp(secrets.join('|')))
  expect(logged).not.toMatch(new RegExp(secrets.join('|')))
  expect(logged).not.toBe('')
})

test('a reload that puts something else under a name, and takes the name from a reader, shows the reader none of it', async () => {
  const configWith = (columns: object, feeds: readonly string[]): Parameters<MillraceServer['reload']>[0] => {
    const loaded = configOf({
      server: { port: 0, drain: '1s' },
      auth: { tokens: [{ name: 'some', token: some, feeds }] },
      sources: { stations: { url: upstream.url, every: '20ms' } },
      feeds: { report: { from: 'stations', steps: [{ select: columns }] } },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    return loaded.config
  }
  server.reload(configWith({ shown: 'n' }, ['report']))
  const reader = socket('?feed=report', bearer(some))
  let read = ''
  reader.socket.on('message', (data: Buffer) => void (read += data.toString('utf8')))
  expect(await reader.next('snapshot')).toMatchObject({ rows: [{ id: 'a', shown: 1 }] })
  server.reload(configWith({ wage: 'n + 99' }, ['stations']))
  expect(await reader.next('unsubscribed')).toMatchObject({ feed: 'report', code: 'forbidden' })
  expect(read).not.toContain('wage')
  reader.socket.terminate()
})
