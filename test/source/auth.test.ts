import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { systemClock } from '../../src/lib/clock.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Ask, Poll } from '../../src/source/ask.ts'
import { authOf } from '../../src/source/auth/auth-of.ts'
import { digestAuthorization, digestChallenge } from '../../src/source/auth/digest.ts'
import { SharedAuth } from '../../src/source/auth/shared-auth.ts'
import { sourceAuthOptions, sourceAuthSchema } from '../../src/source/auth/source-auth.options.ts'
import { Proxies } from '../../src/source/proxy.ts'
import { waitAfterFailure } from '../../src/source/schedule/back-off.ts'
import { answered, failed, httpSource, rowsOf, until, type WrittenOptions } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { body, hangBeforeHeaders, json, redirect, status, Upstream, type Behaviour } from '../support/upstream.ts'

const good = json([{ id: 1 }])
const proxies = new Proxies({})

let upstream: Upstream
let identity: Upstream
let asks: Ask[]

beforeEach(async () => {
  ;[upstream, identity] = await Promise.all([Upstream.start(good), Upstream.start(json({ access_token: 't1' }))])
  asks = []
})

afterEach(async () => {
  await Promise.all(asks.map(ask => ask.close()))
  await Promise.all([upstream.close(), identity.close()])
})

/** Of a source that asks so seldom that a login which came to nothing may be asked again at once. */
const atOnce = { everyMs: 0, maxBackoffMs: 0, timeoutMs: 10_000 }

function sharedAuth(auth: z.input<typeof sourceAuthSchema>, rules = atOnce, clock = systemClock()): SharedAuth {
  return new SharedAuth(() => authOf(sourceAuthOptions(sourceAuthSchema.parse(auth)), rules, { clock, proxies }))
}

function asker(shared: SharedAuth, more: Partial<WrittenOptions> = {}, clock = systemClock()): Ask {
  const { ask } = httpSource({ url: upstream.url, ...more }, clock, { auth: shared.open() })
  asks.push(ask)
  return ask
}

function source(auth: z.input<typeof sourceAuthSchema>, more: Partial<WrittenOptions> = {}, clock = systemClock()): Ask {
  return asker(sharedAuth(auth, atOnce, clock), more, clock)
}

async function polls(ask: Ask, times: number): Promise<Poll[]> {
  const made: Poll[] = []
  for (let i = 0; i < times; i++) made.push(await ask.poll())
  return made
}

/** Lets in whoever has this header. */
function only(name: string, value: () => string, answer: Behaviour = good): Behaviour {
  return (request, response) => (request.headers[name] === value() ? answer : status(401))(request, response)
}

describe('the same with each request', () => {
  test.each<[z.input<typeof sourceAuthSchema>, string, string]>([
    [{ basic: { user: 'me', password: 'p:w' } }, 'authorization', `Basic ${Buffer.from('me:p:w').toString('base64')}`],
    [{ bearer: 'tok' }, 'authorization', 'Bearer tok'],
    [{ apiKey: { header: 'X-Api-Key', value: 'k' } }, 'x-api-key', 'k'],
  ])('%j', async (auth, name, value) => {
    upstream.script(only(name, () => value))
    expect(rowsOf(await source(auth).poll())).toEqual([{ id: 1 }])
    expect(upstream.count).toBe(1)
  })

  test('an API key in the query, which stands in no reason', async () => {
    const ask = source({ apiKey: { query: 'key', value: 'se cret' } }, { url: `${upstream.url}a?x=1` })
    await ask.poll()
    expect(upstream.last?.path).toBe('/a?x=1&key=se+cret')
    upstream.script(status(500))
    expect(failed(await ask.poll()).reason).not.toContain('cret')
  })

  test('another origin is told nothing of it', async () => {
    const auths: z.input<typeof sourceAuthSchema>[] = [
      { bearer: 'tok' },
      { apiKey: { query: 'key', value: 'k' } },
      { basic: { user: 'u', password: 'p' } },
    ]
    upstream.script(redirect(identity.url))
    identity.script(good)
    for (const auth of auths) await source(auth).poll()
    expect(identity.requests.map(({ path, headers }) => [path, headers['authorization']])).toEqual(auths.map(() => ['/', undefined]))
  })
})

describe('digest', () => {
  const challenge = (more: string): string =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", ${more}nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`

  test.each([
    ['algorithm=MD5, ', '8ca523f5e9506fed4657c9700eebdbec'],
    ['', '8ca523f5e9506fed4657c9700eebdbec'],
    ['algorithm=SHA-256, ', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('the examples of RFC 7616 3.9.1: %s', (algorithm, response) => {
    const found = digestChallenge(challenge(algorithm))
    if (found === undefined) throw new Error('no challenge')
    const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ'
    const answer = digestAuthorization(found, {
      user: 'Mufasa',
      password: 'Circle of Life',
      method: 'GET',
      path: '/dir/index.html',
      count: 1,
      cnonce,
    })
    expect(answer).toContain(`response="${response}"`)
    expect(answer).toContain('qop=auth, nc=00000001')
  })

  test('the strongest that can be met is taken, from one line or several', () => {
    const both = [challenge('algorithm=MD5, '), challenge('algorithm=SHA-256, ')]
    expect(digestChallenge(both)?.algorithm).toBe('SHA-256')
    expect(digestChallenge(`Basic realm="a, b", ${both.join(', ')}`)?.algorithm).toBe('SHA-256')
    expect(digestChallenge('Basic realm="Digest nonce=1"')).toBeUndefined()
    expect(digestChallenge(challenge('algorithm=SHA-512-256, '))).toBeUndefined()
    expect(digestChallenge('Digest realm="a", nonce="b", qop="auth-int"')).toBeUndefined()
    expect(digestChallenge('Digest realm="a", nonce="b"')).toMatchObject({ algorithm: 'MD5', qop: undefined })
  })

  test('asks, is challenged, is let in; then goes on with the nonce, and takes a new one when it is stale', async () => {
    let nonce = 'n1'
    const counts: string[] = []
    upstream.script((request, response) => {
      const sent = request.headers.authorization ?? ''
      const [, used = ''] = /nonce="(\w+)"/.exec(sent) ?? []
      const [, count = ''] = /nc=(\w+)/.exec(sent) ?? []
      const uri = /uri="([^"]*)"/.exec(sent)?.[1]
      if (used === nonce && uri === request.url) {
        counts.push(`${used} ${count}`)
        return good(request, response)
      }
      status(401, { 'www-authenticate': `Digest realm="r", nonce="${nonce}", qop="auth", stale=${used !== ''}` })(request, response)
    })
    const ask = source({ digest: { user: 'u', password: 'p' } }, { query: { a: 1 } })
    await polls(ask, 2)
    nonce = 'n2'
    await polls(ask, 2)
    expect(counts).toEqual(['n1 00000001', 'n1 00000002', 'n2 00000001', 'n2 00000002'])
    expect(upstream.count).toBe(6)
  })

  test('a nonce that is another each time is met within the poll, though nothing says that the one before is stale', async () => {
    let nonce = 1
    upstream.script((request, response) => {
      if (request.headers.authorization?.includes(`nonce="n${nonce}"`) === true) return good(request, response)
      status(401, { 'www-authenticate': `Digest realm="r", nonce="n${nonce}", qop="auth"` })(request, response)
    })
    const ask = source({ digest: { user: 'u', password: 'p' } })
    for (; nonce < 5; nonce++) answered(await ask.poll())
    expect(upstream.count).toBe(8)
  })

  test.each([
    ['it asks for no digest', {}],
    ['it asks for no digest', { 'www-authenticate': 'Basic realm="r"' }],
    [
      'it asks for a digest of another kind than MD5 or SHA-256 with qop auth',
      { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth-int"' },
    ],
  ])('a server that cannot be met: %s', async (why, headers) => {
    upstream.script(status(401, headers))
    const { reason } = failed(await source({ digest: { user: 'u', password: 'p' } }).poll())
    expect(reason).toBe(`${new URL(upstream.url).host} answered 401 Unauthorized: ${why}`)
  })

  test('a wrong password fails, twice asked a poll at most', async () => {
    upstream.script(status(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }))
    const ask = source({ digest: { user: 'u', password: 'wrong' } })
    for (const poll of await polls(ask, 3)) expect(failed(poll)).toMatchObject({ cause: 'http', status: 401 })
    expect(upstream.count).toBeLessThanOrEqual(6)
  })
})

describe('a login', () => {
  const request = (): { url: string; body: object } => ({ url: `${identity.url}login`, body: { user: 'u', password: 'secret' } })

  test.each<[string, object, Behaviour, [string, string]]>([
    ['a path', { token: 'data.token' }, json({ data: { token: 't1' } }), ['authorization', 'Bearer t1']],
    ['a header', { header: 'X-Session' }, status(204, { 'x-session': 't1' }), ['authorization', 'Bearer t1']],
    [
      'a cookie, of an answer that sends elsewhere',
      { cookie: 'sid' },
      status(302, { 'set-cookie': 'sid=t1; Path=/; HttpOnly', location: '/home' }),
      ['cookie', 'sid=t1'],
    ],
    ['a path, sent as a header', { token: 'id', as: { header: 'X-Auth' } }, json({ id: 42 }), ['x-auth', '42']],
  ])('gives a token by %s, which is used from then on', async (_, from, answer, [name, value]) => {
    identity.script(answer)
    upstream.script(only(name, () => value))
    expect((await polls(source({ login: { request: request(), ...from } }), 3)).map(({ kind }) => kind)).toEqual([
      'changed',
      'unchanged',
      'unchanged',
    ])
    expect([identity.count, upstream.count]).toEqual([1, 3])
    expect(identity.last).toMatchObject({ method: 'POST', path: '/login', body: '{"user":"u","password":"secret"}' })
  })

  test('until a 401: then once more, within the same poll', async () => {
    let valid = 't1'
    identity.script((_request, response) => json({ token: valid })(_request, response))
    upstream.script(only('authorization', () => `Bearer ${valid}`))
    const ask = source({ login: { request: request(), token: 'token' } })
    await ask.poll()
    valid = 't2'
    expect(answered(await ask.poll()).kind).toBe('unchanged')
    expect([identity.count, upstream.count]).toEqual([2, 3])
  })

  test('until it expires', async () => {
    const clock = new ManualClock()
    const ask = source({ login: { request: request(), token: 'access_token', expires: '10m' } }, {}, clock)
    await polls(ask, 2)
    clock.advance(8 * 60_000)
    await ask.poll()
    expect(identity.count).toBe(1)
    clock.advance(2 * 60_000)
    await ask.poll()
    expect(identity.count).toBe(2)
  })

  test('endless 401s: at most one login a poll', async () => {
    upstream.script(status(401))
    const ask = source({ login: { request: request(), token: 'access_token' } })
    for (const poll of await polls(ask, 5)) expect(failed(poll)).toMatchObject({ cause: 'http', status: 401 })
    expect(identity.count).toBe(5)
    expect(upstream.count).toBeLessThanOrEqual(10)
  })

  test('many who need a token at a time make one login, and many who are refused one more', async () => {
    const shared = sharedAuth({ login: { request: request(), token: 'access_token' } })
    const askers = Array.from({ length: 20 }, () => asker(shared))
    let token = 't1'
    identity.script((incoming, response) => json({ access_token: token })(incoming, response))
    upstream.script(only('authorization', () => `Bearer ${token}`))
    const all = async (): Promise<Set<string>> => new Set((await Promise.all(askers.map(ask => ask.poll()))).map(({ kind }) => kind))
    expect(await all()).toEqual(new Set(['changed']))
    token = 't2'
    expect(await all()).toEqual(new Set(['unchanged']))
    expect(identity.count).toBe(2)
  })

  describe('that comes to nothing', () => {
    const rules = { everyMs: 1000, maxBackoffMs: 60_000, timeoutMs: 10_000 }
    const login = () => ({ login: { request: request(), token: 'access_token' } })
    let clock: ManualClock

    beforeEach(() => {
      clock = new ManualClock()
      let n = 0
      identity.script((incoming, response) => json({ access_token: `t${++n}` })(incoming, response))
    })

    test('is asked for again by each poll of a source that is alone, however little it backs off', async () => {
      upstream.script(status(401))
      const ask = asker(sharedAuth(login(), rules, clock), {}, clock)
      for (let failures = 1; failures <= 12; failures++) {
        expect(failed(await ask.poll())).toMatchObject({ cause: 'http', status: 401 })
        expect(identity.count).toBe(failures)
        clock.advance(waitAfterFailure({ failures }, { intervalMs: 1000, maxBackoffMs: 60_000 }, () => 0).delayMs)
      }
    })

    test('never holds up a source that is alone, whatever comes and goes', async () => {
      const random = seededRandom(7)
      const flaky =
        (one: Behaviour, other: Behaviour): Behaviour =>
        (incoming, response) =>
          (random() < 0.4 ? one : other)(incoming, response)
      identity.script(flaky(status(503), json({ access_token: 't' })))
      upstream.script(flaky(status(401), good))
      const ask = asker(sharedAuth(login(), rules, clock), {}, clock)
      const reasons = new Set<string>()
      for (let poll = 0, failures = 0; poll < 100; poll++) {
        const made = await ask.poll()
        failures = made.kind === 'failed' ? failures + 1 : 0
        if (made.kind === 'failed') reasons.add(made.reason.replace(/127[.:\d]+/, 'it'))
        clock.advance(failures === 0 ? 1000 : waitAfterFailure({ failures }, { intervalMs: 1000, maxBackoffMs: 60_000 }, () => 0).delayMs)
      }
      expect(reasons).toEqual(new Set(['it answered 401 Unauthorized', 'login: it answered 503 Service Unavailable']))
    })

    test('is asked for no more often by twenty than by one, who say when it will be', async () => {
      upstream.script(status(401))
      const shared = sharedAuth(login(), rules, clock)
      const askers = Array.from({ length: 20 }, () => asker(shared, {}, clock))
      const reasons = new Set<string>()
      const loginsAt: number[] = []
      for (let round = 0; round < 300; round++) {
        const poll = failed(await (askers[round % askers.length] as Ask).poll())
        reasons.add(poll.reason.replace(/\d+(\.\d+)?m?s$/, 'N'))
        if (identity.count > loginsAt.length) loginsAt.push(clock.monotonic())
        clock.advance(400)
      }
      const gaps = loginsAt.slice(1).map((at, index) => at - (loginsAt[index] ?? 0))
      for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(Math.min(400 * 2 ** index, 24_000))
      const host = new URL(identity.url).host
      expect([...reasons].toSorted()).toEqual([
        expect.stringMatching(/ answered 401 Unauthorized$/),
        `login: the token that ${host} gives is refused; it is asked again in N`,
      ])
    })

    test('where it fails itself, likewise, and Retry-After holds for all', async () => {
      identity.script(status(503, { 'retry-after': '30' }))
      const shared = sharedAuth(login(), rules, clock)
      const askers = Array.from({ length: 5 }, () => asker(shared, {}, clock))
      for (let round = 0; round < 29; round++) {
        failed(await (askers[round % askers.length] as Ask).poll())
        clock.advance(1000)
      }
      expect([identity.count, upstream.count]).toEqual([1, 0])
      clock.advance(1000)
      identity.script(json({ access_token: 't' }))
      for (const ask of askers) answered(await ask.poll())
      expect(identity.count).toBe(2)
    })

    test('at random, to some of many: one more a step at most, and the others go on with the newest', async () => {
      const random = seededRandom(1)
      upstream.script((incoming, response) => (random() < 0.3 ? status(401) : good)(incoming, response))
      const shared = sharedAuth(login(), rules, clock)
      const askers = Array.from({ length: 10 }, () => asker(shared, {}, clock))
      let answers = 0
      for (let round = 0; round < 8; round++) {
        const before = identity.count
        for (const ask of askers) if ((await ask.poll()).kind !== 'failed') answers++
        expect(identity.count - before).toBeLessThanOrEqual(1)
        clock.advance(1000)
      }
      expect(answers).toBeGreaterThan(40)
    })

    test('for one of many alone costs the others nothing, and what has ended for all is renewed at once', async () => {
      let valid = (token: string): boolean => token !== ''
      upstream.script((incoming, response) => {
        const token = String(incoming.headers.authorization)
        ;(incoming.url !== '/closed' && valid(token) ? good : status(401))(incoming, response)
      })
      const shared = sharedAuth(login(), rules, clock)
      const open = [asker(shared, {}, clock), asker(shared, {}, clock)]
      const closed = asker(shared, { url: `${upstream.url}closed` }, clock)
      for (let round = 0; round < 30; round++) {
        for (const ask of open) answered(await ask.poll())
        failed(await closed.poll())
        clock.advance(1000)
      }
      // 1 at the start, and for the one that is refused at 0, 1, 2, .. s.
      expect(identity.count).toBeLessThanOrEqual(8)
      const before = identity.count
      const ended = `Bearer t${before}`
      // It let them in, and is no token that nobody has tried.
      for (const ask of open) answered(await ask.poll())
      valid = token => token !== ended
      for (const ask of open) answered(await ask.poll())
      expect(identity.count).toBe(before + 1)
    })
  })

  test.each<[string, Behaviour, RegExp]>([
    ['is refused', status(403), /^login: 127\.0\.0\.1:\d+ answered 403 Forbidden$/],
    ['has no token', json({ error: 'secret' }), /^login: the answer of 127\.0\.0\.1:\d+ has no path access_token$/],
    ['is no JSON', body('secret'), /^login: the answer of 127\.0\.0\.1:\d+ is no JSON$/],
    ['is no token', json({ access_token: 'a\r\nx-evil: 1' }), /^login: what 127\.0\.0\.1:\d+ gives as access_token is no token$/],
    ['sends elsewhere', redirect('http://127.0.0.1:1/'), /^login: 127\.0\.0\.1:\d+ answered 302 Found$/],
  ])('that %s fails the poll, and is tried again with the next', async (_, behaviour, reason) => {
    identity.script(behaviour, json({ access_token: 't' }))
    const ask = source({ login: { request: request(), token: 'access_token' } })
    const poll = failed(await ask.poll())
    expect(poll.reason).toMatch(reason)
    expect(JSON.stringify(poll)).not.toContain('secret')
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }])
  })

  describe('under way, which several wait for', () => {
    const rules = { everyMs: 1000, maxBackoffMs: 60_000, timeoutMs: 10_000 }
    const login = () => ({ login: { request: request(), token: 'access_token' } })
    const late = (timeoutMs: number) => ({
      cause: 'timeout',
      reason: `login: ${new URL(identity.url).host}: no answer within ${timeoutMs / 1000}s`,
    })

    test('goes on without whoever began it, and is given up, for no failure, with the last who waits', async () => {
      let answer: () => void = () => undefined
      identity.script((incoming, response) => {
        answer = () => json({ access_token: 't' })(incoming, response)
      })
      const clock = new ManualClock()
      const shared = sharedAuth(login(), rules, clock)
      const [one, other, third] = [asker(shared, {}, clock), asker(shared, {}, clock), asker(shared, {}, clock)]
      const given = one.poll()
      await until(() => identity.count === 1)
      await one.close()
      expect(failed(await given)).toMatchObject({ cause: 'internal', reason: 'the source is closed' })
      await until(() => identity.openConnections === 0)
      const [began, joined] = [other.poll(), third.poll()]
      await until(() => identity.count === 2)
      await other.close()
      answer()
      expect(failed(await began).reason).toBe('the source is closed')
      expect(rowsOf(await joined)).toEqual([{ id: 1 }])
      expect(identity.count).toBe(2)
    })

    test('has a time of its own, which is told to all who wait, and to whoever asks before it is asked again', async () => {
      identity.script(hangBeforeHeaders)
      const clock = new ManualClock()
      const shared = sharedAuth(login(), rules, clock)
      const [one, other] = [asker(shared, { timeout: '10s' }, clock), asker(shared, { timeout: '10s' }, clock)]
      const began = one.poll()
      await until(() => identity.count === 1)
      clock.advance(5000)
      const joined = other.poll()
      clock.advance(5000)
      expect(failed(await began)).toMatchObject(late(10_000))
      expect(failed(await joined)).toMatchObject(late(10_000))
      const { cause, reason } = late(10_000)
      expect(failed(await other.poll())).toMatchObject({ cause, reason: `${reason}; it is asked again in 400ms` })
      expect(identity.count).toBe(1)
      identity.script(json({ access_token: 't' }))
      clock.advance(400)
      expect(rowsOf(await other.poll())).toEqual([{ id: 1 }])
    })
  })

  test('that hangs: one deadline for the whole poll, which says who did', async () => {
    identity.script(hangBeforeHeaders)
    const ask = source({ login: { request: request(), token: 'access_token' } }, { timeout: '50ms' })
    expect(failed(await ask.poll())).toMatchObject({
      cause: 'timeout',
      reason: expect.stringMatching(/^login: 127\.0\.0\.1:\d+: no answer within 50ms$/),
    })
  })
})

describe('OAuth2 client credentials', () => {
  const oauth2 = (): z.input<typeof sourceAuthSchema> => ({
    oauth2: { tokenUrl: `${identity.url}token`, clientId: 'id:1', clientSecret: 'se cret', scope: 'read write' },
  })

  test('a token is taken as RFC 6749 says, and renewed before it ends', async () => {
    const clock = new ManualClock()
    identity.script(json({ access_token: 't1', token_type: 'bearer', expires_in: 3600 }), json({ access_token: 't2', expires_in: 3600 }))
    const ask = source(oauth2(), {}, clock)
    await polls(ask, 2)
    expect(identity.last).toMatchObject({ method: 'POST', path: '/token', body: 'grant_type=client_credentials&scope=read+write' })
    expect(identity.last?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('id%3A1:se%20cret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    })
    clock.advance(3_300_000)
    await ask.poll()
    expect(upstream.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2'])
  })

  test('why it was refused is said by the word of the token endpoint', async () => {
    identity.script(body('{"error":"invalid_client","error_description":"se cret"}', {}, 401))
    expect(failed(await source(oauth2()).poll()).reason).toMatch(/^oauth2: 127\.0\.0\.1:\d+ answered 401 Unauthorized \(invalid_client\)$/)
  })
})
