import { deflateRawSync, deflateSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import type { Ask, Poll } from '../../src/source/ask.ts'
import { AnswerBody } from '../../src/source/answer-body.ts'
import { readBody } from '../../src/source/body.ts'
import { answered, failed, httpSource, rowsOf, type TestedSource } from '../support/http-source.ts'
import { body, compressed, etagged, json, redirect, status, Upstream, type Behaviour } from '../support/upstream.ts'

const good: Row[] = [
  { id: 1, name: 'a' },
  { id: 2, name: 'b' },
]

let upstream: Upstream
let other: Upstream
let asks: Ask[]

beforeEach(async () => {
  upstream = await Upstream.start(json(good))
  other = await Upstream.start(json(good))
  asks = []
})

afterEach(async () => {
  await Promise.all(asks.map(ask => ask.close()))
  await Promise.all([upstream.close(), other.close()])
})

function source(more: Partial<Parameters<typeof httpSource>[0]> = {}): TestedSource {
  const made = httpSource({ url: upstream.url, ...more })
  asks.push(made.ask)
  return made
}

async function polls(ask: Ask, times: number): Promise<Poll[]> {
  const made: Poll[] = []
  for (let i = 0; i < times; i++) made.push(await ask.poll())
  return made
}

describe('a request', () => {
  test('says who asks and what it takes, on one connection', async () => {
    await polls(source().ask, 3)
    expect(upstream.last).toMatchObject({ method: 'GET', path: '/', body: '' })
    expect(upstream.last?.headers).toMatchObject({
      'user-agent': 'millrace/0.1.0',
      accept: 'application/json, */*;q=0.5',
      'accept-encoding': 'gzip, br, deflate',
    })
    expect({ requests: upstream.count, connections: upstream.connections }).toEqual({ requests: 3, connections: 1 })
  })

  test('carries what is configured', async () => {
    const { ask } = source({
      url: `${upstream.url.replace('//', '//us%40er:p%3Aw@')}a?x=1#part`,
      method: 'POST',
      headers: { 'X-Key': 'k', Accept: 'text/json' },
      query: { y: 'a b&c', z: 2 },
      body: { q: [1] },
    })
    await ask.poll()
    expect(upstream.last).toMatchObject({ method: 'POST', path: '/a?x=1&y=a+b%26c&z=2', body: '{"q":[1]}' })
    expect(upstream.last?.headers).toMatchObject({
      'x-key': 'k',
      accept: 'text/json',
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from('us@er:p:w').toString('base64')}`,
    })
  })
})

describe('unchanged', () => {
  test('identical bodies: the same table, no changes', async () => {
    const [first, second] = (await polls(source().ask, 2)).map(answered)
    expect(first).toMatchObject({ kind: 'changed', changes: 'all', status: 200 })
    expect(second?.kind).toBe('unchanged')
    expect(second?.table).toBe(first?.table)
    expect(second?.changes).toEqual(new Map())
  })

  test('304: the same table, nothing decoded', async () => {
    upstream.script(etagged(good, '"1"'))
    const [first, second] = (await polls(source().ask, 2)).map(answered)
    expect(second).toMatchObject({ kind: 'unchanged', status: 304, bytes: 0 })
    expect(second?.table).toBe(first?.table)
    expect(upstream.last?.headers['if-none-match']).toBe('"1"')
  })

  test('Last-Modified is sent back, and is the upstream own time of the data', async () => {
    const modified = 'Wed, 21 Oct 2015 07:28:00 GMT'
    upstream.script(json(good, { 'last-modified': modified }), status(304, { 'last-modified': modified }))
    const [first, second] = await polls(source().ask, 2)
    expect(upstream.last?.headers['if-modified-since']).toBe(modified)
    expect([first, second].map(poll => answered(poll as Poll).asOf)).toEqual([1445412480000, 1445412480000])
  })

  test('a 304 that does not say so again has the time of what it confirms (RFC 9111 4.3.4)', async () => {
    const modified = 'Wed, 21 Oct 2015 07:28:00 GMT'
    upstream.script(json(good, { etag: '"a"', 'last-modified': modified }), status(304, { etag: '"a"' }))
    const [first, second] = await polls(source().ask, 2)
    expect([first, second].map(poll => answered(poll as Poll).asOf)).toEqual([1445412480000, 1445412480000])
  })

  test('a 304 puts the stored headers right: what it says holds, what it leaves out stays (RFC 9111 4.3.4)', async () => {
    const stored = { etag: '"a"', 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT', 'cache-control': 'max-age=60', age: '50' }
    const fresher = { etag: 'W/"a"', 'cache-control': 'max-age=90', 'content-type': 'text/html', 'content-length': '0' }
    upstream.script(
      json(good, stored),
      status(304, fresher),
      status(304, { 'last-modified': 'Wed, 21 Oct 2015 08:00:00 GMT', etag: '"a"' }),
      status(304),
    )
    const made = (await polls(source().ask, 4)).map(answered)
    expect(made.map(({ hints }) => [hints?.maxAgeMs, hints?.ageMs, hints?.lastModifiedAt])).toEqual([
      [60_000, 50_000, 1445412480000],
      [90_000, undefined, 1445412480000],
      [90_000, undefined, 1445414400000],
      [90_000, undefined, 1445414400000],
    ])
    expect(upstream.requests.map(({ headers }) => headers['if-modified-since'])).toEqual([
      undefined,
      'Wed, 21 Oct 2015 07:28:00 GMT',
      'Wed, 21 Oct 2015 07:28:00 GMT',
      'Wed, 21 Oct 2015 08:00:00 GMT',
    ])
    expect(made.map(({ kind }) => kind)).toEqual(['changed', 'unchanged', 'unchanged', 'unchanged'])
  })

  test.each([
    ['another ETag', { etag: '"1"' }, { etag: '"2"' }],
    ['another Last-Modified', { 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' }, { 'last-modified': 'Tue, 20 Oct 2015 07:28:00 GMT' }],
  ])('a 304 of another body, by %s, proves nothing: asked again without validators', async (_, held, told) => {
    upstream.script(json(good, held), status(304, told), json([{ id: 9 }], told))
    const made = await polls(source().ask, 2)
    expect(rowsOf(made[1] as Poll)).toEqual([{ id: 9 }])
    expect(upstream.requests.map(({ headers }) => headers['if-none-match'] ?? headers['if-modified-since'])).toEqual([
      undefined,
      Object.values(held)[0],
      undefined,
    ])
  })

  test('where the time went: connecting once, then waiting and the body', async () => {
    const [first, second] = (await polls(source({ url: upstream.url.replace('127.0.0.1', 'localhost') }).ask, 2)).map(answered)
    expect(Object.keys(first?.phases ?? {}).sort()).toEqual(['bodyMs', 'connectMs', 'dnsMs', 'firstByteMs'])
    expect(Object.keys(second?.phases ?? {}).sort()).toEqual(['bodyMs', 'firstByteMs'])
    const sum = Object.values(first?.phases ?? {}).reduce((all, ms) => all + ms, 0)
    expect(sum).toBeLessThanOrEqual(first?.durationMs ?? 0)
    expect(first?.phases?.firstByteMs).toBeGreaterThan(0)
  })

  test('nothing left of a rate limit: said with the answer and with the refusal, up to maxRetryAfter', async () => {
    const spent = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '90' }
    upstream.script(json(good, spent), status(403, spent), json(good, { ...spent, 'x-ratelimit-reset': '99999' }))
    const [first, second, third] = await polls(source().ask, 3)
    expect([first?.limitedMs, second?.limitedMs, third?.limitedMs]).toEqual([90_000, 90_000, 3_600_000])
    expect(failed(second as Poll).reason).toMatch(/answered 403 Forbidden: nothing is left of its rate limit for 90s$/)
  })

  test('the schedule is told when the head came, what the headers say of time, and of a validator that changed alone', async () => {
    const headers = { 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT', 'cache-control': 'max-age=60', age: '3' }
    upstream.script(json(good, { ...headers, etag: '"1"' }), json(good, { ...headers, etag: '"2"' }), json(good, { etag: '"2"' }))
    const [first, second, third] = (await polls(source().ask, 3)).map(answered)
    expect(first).toMatchObject({ isRemade: false, hints: { lastModifiedAt: 1445412480000, maxAgeMs: 60_000, ageMs: 3000 } })
    expect(second).toMatchObject({ kind: 'unchanged', isRemade: true })
    expect(third).toMatchObject({ kind: 'unchanged', isRemade: false })
    expect(first?.headMs).toBeGreaterThan(0)
    expect(first?.headMs).toBeLessThanOrEqual(first?.durationMs ?? 0)
  })

  test('only rows that changed are in the changes; the others keep their object', async () => {
    const { ask } = source()
    const first = answered(await ask.poll())
    upstream.script(json([good[0], { id: 2, name: 'B' }, { id: 3 }]))
    const second = answered(await ask.poll())
    expect(second.changes).toEqual(
      new Map<string, unknown>([
        ['2', good[1]],
        ['3', undefined],
      ]),
    )
    expect(second.table.rows.get('1')).toBe(first.table.rows.get('1'))
  })

  test('a column more is a change, though no row is', async () => {
    const { ask } = source()
    await ask.poll()
    upstream.script(json([{ ...good[0], extra: null }, good[1]]))
    const poll = answered(await ask.poll())
    expect(poll).toMatchObject({ kind: 'changed', changes: new Map() })
    expect(poll.table.columns).toEqual(['id', 'name', 'extra'])
  })

  test('a change of ignored columns alone is none', async () => {
    const { ask } = source({ ignore: 'name' })
    const first = answered(await ask.poll())
    upstream.script(
      json([
        { id: 1, name: 'X' },
        { id: 2, name: 'Y' },
      ]),
    )
    const second = answered(await ask.poll())
    expect(second.kind).toBe('unchanged')
    expect(second.table).toBe(first.table)
  })
})

describe('validators', () => {
  test('304 without our having a body: asked again without validators', async () => {
    upstream.script(status(304), json(good))
    expect(rowsOf(await source().ask.poll())).toEqual(good)
    upstream.script(status(304))
    expect(failed(await source().ask.poll())).toMatchObject({ cause: 'http', status: 304 })
  })

  test('304 to a request without a condition, once more: no 304 is believed until there is a whole answer', async () => {
    upstream.script(json(good, { etag: '"a"' }))
    const { ask } = source()
    await ask.poll()
    // Sooner or later it is asked without a condition, and says the same.
    upstream.script(status(304))
    for (let polls = 0; (await ask.poll()).kind !== 'failed'; polls++) expect(polls).toBeLessThan(20)
    for (let polls = 0; polls < 30; polls++) expect(failed(await ask.poll())).toMatchObject({ cause: 'http', status: 304 })
    upstream.script(json(good, { etag: '"a"' }), etagged(good, '"a"'))
    expect(answered(await ask.poll()).kind).toBe('unchanged')
    expect(answered(await ask.poll()).status).toBe(304)
  })

  test('200 to a matching ETag: the bodies are compared anyway', async () => {
    upstream.script(json(good, { etag: '"1"' }))
    expect((await polls(source().ask, 3)).map(poll => poll.kind)).toEqual(['changed', 'unchanged', 'unchanged'])
  })

  test('weak and changing ETags over the same body: unchanged, the newest is sent', async () => {
    upstream.script(json(good, { etag: 'W/"1"' }), json(good, { etag: 'W/"2"' }), json(good, { etag: 'W/"3"' }))
    expect((await polls(source().ask, 3)).map(poll => poll.kind)).toEqual(['changed', 'unchanged', 'unchanged'])
    expect(upstream.requests.map(request => request.headers['if-none-match'])).toEqual([undefined, 'W/"1"', 'W/"2"'])
  })

  test('ETag that never changes while the body does: found by an unconditional poll, then not sent any more', async () => {
    let version = 0
    upstream.script((request, response) => etagged([{ id: 1, version: ++version }], '"frozen"')(request, response))
    const { ask, log } = source()
    const made = await polls(ask, 21)
    expect(made.map(poll => poll.kind)).toEqual(['changed', ...Array.from({ length: 19 }, () => 'unchanged'), 'changed'])
    expect((await polls(ask, 3)).map(poll => poll.kind)).toEqual(['changed', 'changed', 'changed'])
    expect(log.lines.filter(line => line.includes('ETag'))).toEqual([
      "warn: source 'tested': its ETag stood still while its body changed: asked without it from now on",
    ])
  })

  test('what failed to decode is asked for again in full', async () => {
    upstream.script(json(good, { etag: '"1"' }), body('{', { etag: '"2"' }), json(good, { etag: '"2"' }))
    expect((await polls(source().ask, 3)).map(poll => poll.kind)).toEqual(['changed', 'failed', 'unchanged'])
    expect(upstream.last?.headers['if-none-match']).toBe('"1"')
  })
})

describe('compressed bodies', () => {
  const text = JSON.stringify(good)
  test.each<[string, Behaviour]>([
    ['gzip', compressed(good, 'gzip')],
    ['br', compressed(good, 'br')],
    ['deflate, as the standard says', body(deflateSync(text), { 'content-encoding': 'deflate' })],
    ['deflate, as some servers have it', body(deflateRawSync(text), { 'content-encoding': 'deflate' })],
    ['identity', body(text, { 'content-encoding': 'identity' })],
    ['in capitals', body(deflateSync(text), { 'content-encoding': 'Deflate' })],
  ])('%s', async (_, behaviour) => {
    upstream.script(behaviour)
    const poll = await source().ask.poll()
    expect(rowsOf(poll)).toEqual(good)
    expect(poll.bytes).toBe(text.length)
  })

  test.each(['deflate', 'identity'])('%s, byte by byte and of one byte alone', async coding => {
    for (const content of [text, '7']) {
      const bytes = coding === 'deflate' ? deflateSync(content) : Buffer.from(content)
      const cut = new AnswerBody({ pause: () => undefined, resume: () => undefined, abort: () => undefined })
      const read = readBody(cut, coding, 1000)
      for (const byte of bytes) cut.add(Buffer.from([byte]))
      cut.end()
      expect(String(await read)).toBe(content)
    }
  })

  test('large ones, in many pieces', async () => {
    const many = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `station ${id * 7919}`, note: 'x'.repeat(id % 50) }))
    for (const coding of ['gzip', 'br'] as const) {
      upstream.script(compressed(many, coding))
      expect(answered(await source().ask.poll()).table.rows.size).toBe(20_000)
    }
  })
})

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])('%i is followed, with what is configured', async code => {
    upstream.script(redirect('/there?x=1', code), json(good))
    expect(rowsOf(await source({ headers: { 'x-key': 'k' } }).ask.poll())).toEqual(good)
    expect(upstream.last).toMatchObject({ path: '/there?x=1', headers: { 'x-key': 'k' } })
  })

  test('to another origin: asked without any configured header, and back with it', async () => {
    upstream.script(redirect(other.url), json(good))
    const { ask } = source({ headers: { 'x-key': 'k', authorization: 'Bearer t', cookie: 'c' } })
    expect(rowsOf(await ask.poll())).toEqual(good)
    for (const name of ['x-key', 'authorization', 'cookie']) expect(other.last?.headers).not.toHaveProperty(name)
    expect(other.last?.headers['user-agent']).toBe('millrace/0.1.0')
  })

  test('validators go only to the URL that gave them', async () => {
    upstream.script(redirect(other.url))
    other.script(etagged(good, '"1"'))
    expect((await polls(source().ask, 2)).map(poll => [poll.kind, poll.status])).toEqual([
      ['changed', 200],
      ['unchanged', 304],
    ])
    expect(upstream.last?.headers).not.toHaveProperty('if-none-match')
    expect(other.last?.headers['if-none-match']).toBe('"1"')
    expect(other.connections).toBe(1)
  })

  test('303, and 302 after POST, go on with GET and without the body', async () => {
    for (const code of [302, 303]) {
      upstream.script(redirect('/there', code), json(good))
      await source({ method: 'POST', body: 'secret', headers: { 'content-type': 'text/plain' } }).ask.poll()
      expect(upstream.last).toMatchObject({ method: 'GET', body: '' })
      expect(upstream.last?.headers).not.toHaveProperty('content-type')
    }
    upstream.script(redirect('/there', 307), json(good))
    await source({ method: 'POST', body: 'secret' }).ask.poll()
    expect(upstream.last).toMatchObject({ method: 'POST', body: 'secret' })
  })

  test('a configured body never goes to another origin', async () => {
    upstream.script(redirect(other.url, 307))
    expect(failed(await source({ method: 'POST', body: 'secret' }).ask.poll()).reason).toContain('where the configured body must not go')
    expect(other.count).toBe(0)
  })

  test('loops end after maxRedirects', async () => {
    upstream.script(redirect('/again'))
    expect(failed(await source().ask.poll())).toMatchObject({
      cause: 'http',
      reason: `maxRedirects: 5 exceeded, at ${new URL(upstream.url).host}`,
    })
    expect(upstream.count).toBe(6)
    upstream.script(redirect('/again'))
    await source({ maxRedirects: 1 }).ask.poll()
    expect(upstream.count).toBe(8)
  })

  test.each<[string, Behaviour, object, RegExp]>([
    ['redirects: none', redirect('/there'), { redirects: 'none' }, /^redirects: none, and 127\.0\.0\.1:\d+ answered 302$/],
    ['to what is no HTTP', redirect('file:///etc/passwd'), {}, /redirects to file:, which is not HTTP$/],
    ['to what is no URL', redirect('http://['), {}, /redirects to what is no URL$/],
    ['without a Location', status(302), {}, /answered 302 Found$/],
  ])('%s', async (_, behaviour, more, reason) => {
    upstream.script(behaviour)
    const poll = failed(await source(more).ask.poll())
    expect(poll.cause).toBe('http')
    expect(poll.reason).toMatch(reason)
  })

  test('redirects: same-origin', async () => {
    upstream.script(redirect(other.url))
    expect(failed(await source({ redirects: 'same-origin' }).ask.poll()).reason).toMatch(/^redirects: same-origin, and .* redirects to /)
    expect(other.count).toBe(0)
  })
})

describe('said aloud', () => {
  test('how rows and key were found, at first and once it is confirmed', async () => {
    upstream.script(json({ ttl: 10, data: { stations: [{ station_id: 'a' }, { station_id: 'b' }] } }))
    const { ask, log } = source()
    await polls(ask, 5)
    expect(log.lines).toEqual([
      "info: source 'tested': 2 rows at data.stations, key station_id, unique in 1 poll so far",
      "info: source 'tested': 2 rows at data.stations, key station_id, unique in 3 polls",
    ])
  })

  test('integers that were rounded, once', async () => {
    let n = 0
    upstream.script((request, response) => body(`[{"id":1,"big":9007199254740993,"n":${n++}}]`)(request, response))
    const { ask, log } = source()
    await polls(ask, 3)
    expect(log.lines.filter(line => line.startsWith('warn'))).toEqual([
      "warn: source 'tested': 1 integers beyond 2^53 were rounded, such as 9007199254740993; keep their digits with bigNumbers: text",
    ])
    expect(rowsOf(await source({ bigNumbers: 'text' }).ask.poll())[0]?.['big']).toBe('9007199254740993')
  })
})
