import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Auth } from '../../src/connection/auth.ts'
import { Connection } from '../../src/connection/connection.ts'
import type { ConnectionContext } from '../../src/connection/context.ts'
import { Heartbeat } from '../../src/connection/heartbeat.ts'
import { defaultConnectionLimits } from '../../src/connection/limits.ts'
import { FixedTokens, type KnownToken, type Tokens } from '../../src/connection/tokens.ts'
import { Graph } from '../../src/feed/graph.ts'
import { Hub } from '../../src/hub/hub.ts'
import type { Principal } from '../../src/hub/principal.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { FakeTransport } from '../support/fake-transport.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const limits = { helloTimeoutMs: 10_000, warnBeforeMs: 60_000, ticketMs: 30_000, maxTickets: 3 }
const hour = 3_600_000
const rows = [{ id: 'a', price: 1 }]

/** Nothing but rights sets timers here. */
class NoHeartbeat extends Heartbeat {
  override add(): number {
    return 0
  }
}

let clock: ManualClock
let quotes: ScriptedSource
let wages: ScriptedSource
let hub: Hub
let context: ConnectionContext
let auth: Auth
let limited: string[]
let transport: FakeTransport
let connection: Connection

const known = (): KnownToken[] => [
  { name: 'all', token: 'token-of-all-feeds', feeds: ['*'], admin: false },
  { name: 'quotes', token: 'token-of-quotes', feeds: ['quotes'], admin: false },
  { name: 'hourly', token: 'token-of-an-hour', feeds: ['*'], admin: false, expiresAt: clock.now() + hour },
  { name: 'later', token: 'token-of-two-hours', feeds: ['*'], admin: false, expiresAt: clock.now() + 2 * hour },
  { name: 'yearly', token: 'token-of-a-year', feeds: ['*'], admin: false, expiresAt: clock.now() + 365 * 24 * hour },
  { name: 'past', token: 'token-of-the-past', feeds: ['*'], admin: false, expiresAt: clock.now() },
]

beforeEach(() => {
  clock = new ManualClock()
  quotes = new ScriptedSource('quotes', clock, { staleAfterMs: 10_000 * hour })
  wages = new ScriptedSource('wages', clock, { staleAfterMs: 10_000 * hour })
  const cold = new ScriptedSource('cold', clock)
  const graph = new Graph({
    sources: [quotes, wages, cold].map(({ definition }) => definition),
    feeds: [],
    clock,
    random: seededRandom(1),
    log: silentLogger,
  })
  hub = new Hub({ graph, clock, random: seededRandom(2), log: silentLogger })
  graph.start()
  limited = []
  serve(new FixedTokens(known()))
  quotes.answer(rows)
  wages.answer(rows)
})

function serve(tokens: Tokens): void {
  auth = new Auth(tokens, limits, clock)
  context = {
    hub,
    clock,
    random: seededRandom(3),
    log: silentLogger,
    limits: defaultConnectionLimits,
    heartbeat: new NoHeartbeat(25_000, clock),
    server: 'millrace/0.0.0',
    auth,
    limited: limit => limited.push(limit),
  }
  transport = new FakeTransport()
  connection = new Connection(transport, context)
}

function say(message: object): void {
  connection.receive(JSON.stringify(message))
}

/** Signs in, and drops the answer. */
function signIn(token: string): void {
  say({ type: 'hello', token })
  transport.take()
}

/** Follows feeds, and drops what comes of it. */
function follow(...feeds: readonly string[]): void {
  for (const feed of feeds) say({ type: 'subscribe', feed })
  transport.take()
}

let price = 1
/** Both feeds change. */
function change(): void {
  clock.advance(100)
  for (const source of [quotes, wages]) source.answer([{ id: 'a', price: ++price }])
}

const told = (): object[] => transport.take().map(message => ({ type: message.type, ...('feed' in message ? { feed: message.feed } : {}) }))

async function principalOf(token: string): Promise<Principal> {
  const principal = await auth.authenticate(token)
  if (principal === undefined) throw new Error(`no token '${token}'`)
  return principal
}

describe('before a token', () => {
  test('welcome says that one is needed; everything else is answered unauthorized, and none of it is done', () => {
    expect(transport.only('welcome')).toMatchObject({ auth: 'required' })
    const messages = [
      { type: 'subscribe', feed: 'quotes' },
      { type: 'unsubscribe', feed: 'quotes' },
      { type: 'get', feed: 'quotes' },
      { type: 'list', own: true },
      { type: 'resync', feed: 'quotes' },
      { type: 'ping' },
      { type: 'hello', features: ['ack'] },
    ]
    for (const [id, message] of messages.entries()) {
      say({ ...message, id })
      expect(transport.only('error')).toMatchObject({ id, code: 'unauthorized', retry: true })
    }
    connection.subscribeTo(['quotes'], 0)
    expect(transport.only('error')).toMatchObject({ feed: 'quotes', code: 'unauthorized' })
    change()
    expect(transport.take()).toEqual([])
    expect(hub.viewCount).toBe(0)
  })

  test('whoever says nothing is closed 4408 after helloTimeout, which counts', () => {
    clock.advance(9999)
    expect(transport.closed).toBeUndefined()
    clock.advance(1)
    expect(transport.closed).toEqual({ code: 4408, reason: 'helloTimeout' })
    expect(limited).toEqual(['helloTimeout'])
    expect(auth.deadlines.size).toBe(0)
  })

  test('messages do not put it off', () => {
    for (let i = 0; i < 10; i++) {
      clock.advance(1000)
      say({ type: 'ping' })
    }
    expect(transport.closed?.code).toBe(4408)
  })

  test.each(['nobody-has-this-one', '', 'token-of-the-past', 'token-of-all-feed', 'token-of-all-feedsx', 'TOKEN-OF-ALL-FEEDS'])(
    'hello with %j: closed 4401',
    token => {
      say({ type: 'hello', token })
      expect(transport.closed).toEqual({ code: 4401, reason: 'the token is not known, or has ended' })
      expect(auth.deadlines.size).toBe(0)
    },
  )
})

describe('hello with a token', () => {
  test('is answered by a welcome with its id that asks for nothing more; then all is as without tokens', () => {
    transport.take()
    say({ type: 'hello', id: 'h', token: 'token-of-all-feeds' })
    const welcome = transport.only('welcome')
    expect(welcome).toMatchObject({ id: 'h' })
    expect('auth' in welcome).toBe(false)
    say({ type: 'subscribe', feed: 'quotes' })
    expect(told()).toEqual(['subscribed', 'status', 'snapshot'].map(type => ({ type, feed: 'quotes' })))
  })

  test('a principal without an end costs no timer', () => {
    const before = clock.pending
    expect(auth.deadlines.size).toBe(1)
    signIn('token-of-all-feeds')
    expect([auth.deadlines.size, clock.pending]).toEqual([0, before - 1])
    clock.advance(100 * hour)
    expect(transport.closed).toBeUndefined()
  })

  test('one whose token was asked for elsewhere is nobody until the answer is there', async () => {
    let answer: (principal: Principal | undefined) => void = () => undefined
    serve({ authenticate: () => new Promise(resolve => (answer = resolve)), current: principal => principal })
    transport.take()
    say({ type: 'hello', id: 1, token: 'asked-for-elsewhere' })
    say({ type: 'list', id: 2 })
    expect(transport.only('error')).toMatchObject({ id: 2, code: 'unauthorized' })
    answer({ name: 'x', grants: { covers: () => true }, isAdmin: false, credential: 'x' })
    await settle()
    expect(transport.only('welcome')).toMatchObject({ id: 1 })
    say({ type: 'list', id: 3 })
    expect(transport.only('feeds')).toMatchObject({ id: 3 })
  })

  test('one that left meanwhile is not watched', async () => {
    let answer: (principal: Principal | undefined) => void = () => undefined
    serve({ authenticate: () => new Promise(resolve => (answer = resolve)), current: principal => principal })
    say({ type: 'hello', token: 'asked-for-elsewhere' })
    connection.ended()
    answer({ name: 'x', grants: { covers: () => true }, isAdmin: false, credential: 'x', expiresAt: clock.now() + hour })
    await settle()
    expect(auth.deadlines.size).toBe(0)
  })
})

describe('grants: a feed outside them does not exist', () => {
  beforeEach(() => signIn('token-of-quotes'))

  test('in the same words as one that is not there', async () => {
    for (const message of [{ type: 'subscribe' }, { type: 'get' }, { type: 'resync' }, { type: 'unsubscribe' }]) {
      const answers: ServerMessage[] = []
      for (const feed of ['wages', 'pages', 'wages?limit=1']) {
        say({ ...message, id: 1, feed })
        await settle()
        answers.push(transport.only('error'))
      }
      expect(answers).toMatchObject(['wages', 'pages', 'wages'].map(feed => ({ code: 'not_found', message: `no feed '${feed}'` })))
    }
    expect(hub.viewCount).toBe(0)
  })

  test('no suggestion names it', () => {
    say({ type: 'subscribe', id: 1, feed: 'wage' })
    expect(transport.only('error').message).toBe("no feed 'wage'")
    say({ type: 'subscribe', id: 1, feed: 'quote' })
    expect(transport.only('error').message).toBe("no feed 'quote'; did you mean 'quotes'?")
  })

  test('list tells of the others alone', () => {
    say({ type: 'list', id: 1, own: true })
    expect(transport.only('feeds').feeds.map(({ feed }) => feed)).toEqual(['quotes'])
  })

  test('it is not followed by the address of the socket either', () => {
    connection.subscribeTo(['wages', 'quotes'], 0)
    expect(told()).toEqual([
      { type: 'error', feed: 'wages' },
      ...['subscribed', 'status', 'snapshot'].map(type => ({ type, feed: 'quotes' })),
    ])
  })
})

/** All that tells of the feed but its end. */
function isOfWages(message: ServerMessage): boolean {
  if (message.type === 'unsubscribed' || message.type === 'error') return false
  return 'feed' in message && message.feed.startsWith('wages')
}

describe("one client's data in another's frame", () => {
  test('no connection is ever sent data of a feed that its token does not open, whatever others read and when rights change', () => {
    const feeds = ['quotes', 'wages', 'quotes?limit=1', 'wages?where=price%20%3E%200'] as const
    const step = fc.oneof(
      fc.record({ do: fc.constant('subscribe' as const), who: fc.nat(2), feed: fc.constantFrom(...feeds) }),
      fc.record({ do: fc.constant('hello' as const), who: fc.nat(2), token: fc.constantFrom('token-of-all-feeds', 'token-of-quotes') }),
      fc.record({ do: fc.constant('change' as const), who: fc.nat(2) }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), steps => {
        const peers = [0, 1, 2].map(() => {
          const line = new FakeTransport()
          return { line, peer: new Connection(line, context), mayAll: false }
        })
        for (const one of steps) {
          const asking = peers[one.who]
          if (one.do === 'change') change()
          else asking?.peer.receive(JSON.stringify({ type: one.do, ...('feed' in one ? { feed: one.feed } : { token: one.token }) }))
          if (one.do === 'hello') Object.assign(asking ?? {}, { mayAll: one.token === 'token-of-all-feeds' })
          const leaked = peers.filter(({ mayAll }) => !mayAll).flatMap(({ line }) => line.take().filter(isOfWages))
          expect(leaked).toEqual([])
          for (const { line } of peers) line.take()
        }
        for (const { peer } of peers) peer.ended()
      }),
      { numRuns: 100 },
    )
  })
})

describe('an expired or revoked token on a live socket', () => {
  test('another token is in force from its hello on: what it does not open ends as forbidden, the rest goes on untouched', () => {
    signIn('token-of-all-feeds')
    follow('quotes', 'wages', 'wages?limit=1')
    say({ type: 'hello', id: 2, token: 'token-of-quotes' })
    expect(transport.take()).toMatchObject([
      { type: 'unsubscribed', feed: 'wages', code: 'forbidden' },
      { type: 'unsubscribed', feed: 'wages?limit=1', code: 'forbidden' },
      { type: 'welcome', id: 2 },
    ])
    change()
    expect(told()).toEqual([{ type: 'delta', feed: 'quotes' }])
    say({ type: 'subscribe', id: 3, feed: 'wages' })
    expect(transport.only('error')).toMatchObject({ code: 'not_found' })
  })

  test('one that is good for nothing changes nothing', () => {
    signIn('token-of-an-hour')
    follow('wages')
    say({ type: 'hello', id: 2, token: 'nobody-has-this-one' })
    expect(transport.only('error')).toMatchObject({ id: 2, code: 'unauthorized' })
    change()
    expect(told()).toEqual([{ type: 'delta', feed: 'wages' }])
    clock.advance(hour)
    expect(told()).toContainEqual({ type: 'unsubscribed', feed: 'wages' })
  })

  test('its end is warned of, then ends what it opened; a hello opens it again, and without one the socket goes', () => {
    signIn('token-of-an-hour')
    follow('quotes')
    clock.advance(hour - 60_001)
    expect(transport.take()).toEqual([])
    clock.advance(1)
    const warning = transport.only('error')
    expect(warning).toMatchObject({ code: 'unauthorized', retry: true, message: 'the token ends in 60 s: say hello with another' })
    expect('feed' in warning || 'id' in warning).toBe(false)
    clock.advance(59_999)
    quotes.answer([{ id: 'a', price: 7 }])
    expect(told()).toContainEqual({ type: 'delta', feed: 'quotes' })
    clock.advance(1)
    expect(transport.only('unsubscribed')).toEqual({ type: 'unsubscribed', feed: 'quotes', code: 'unauthorized' })
    change()
    say({ type: 'list', id: 1 })
    expect(transport.only('error')).toMatchObject({ id: 1, code: 'unauthorized' })
    signIn('token-of-two-hours')
    say({ type: 'subscribe', feed: 'quotes' })
    expect(told()).toContainEqual({ type: 'snapshot', feed: 'quotes' })
    clock.advance(hour)
    transport.take()
    clock.advance(10_000)
    expect(transport.closed?.code).toBe(4408)
  })

  test('a hello in time puts the end off, and nothing of the old one is heard of', () => {
    signIn('token-of-an-hour')
    follow('quotes')
    clock.advance(hour - 60_000)
    expect(told()).toEqual([{ type: 'error' }])
    signIn('token-of-two-hours')
    clock.advance(hour - 1)
    expect(told()).toEqual([])
    clock.advance(1)
    expect(told()).toEqual([{ type: 'error' }])
    clock.advance(60_000)
    expect(told()).toEqual([{ type: 'unsubscribed', feed: 'quotes' }])
  })

  test('a token that ends sooner than it is warned of is warned of at once', () => {
    clock.advance(hour - 5000)
    transport = new FakeTransport()
    connection = new Connection(transport, context)
    signIn('token-of-an-hour')
    clock.advance(0)
    expect(transport.only('error').message).toBe('the token ends in 5 s: say hello with another')
    clock.advance(5000)
    expect(auth.deadlines.size).toBe(1)
  })

  test('an end in a year is no end now, though no timer holds a year', () => {
    signIn('token-of-a-year')
    for (let day = 0; day < 364; day++) clock.advance(24 * hour)
    expect(told()).toEqual([])
    clock.advance(24 * hour)
    expect(told()).toEqual([{ type: 'error' }])
    clock.advance(10_000)
    expect(transport.closed?.code).toBe(4408)
  })

  test('it is the wall clock that ends it, also where that was set back meanwhile', () => {
    signIn('token-of-an-hour')
    follow('quotes')
    clock.setWall(clock.now() - hour)
    clock.advance(hour)
    expect(told()).toEqual([])
    clock.advance(hour)
    expect(told()).toEqual([{ type: 'error' }, { type: 'unsubscribed', feed: 'quotes' }])
  })

  test('a get that still waits when the rights end brings nothing', async () => {
    signIn('token-of-an-hour')
    clock.advance(hour - 1000)
    transport.take()
    say({ type: 'get', id: 'g', feed: 'cold' })
    clock.advance(1000)
    await clock.advanceAsync(5000)
    expect(transport.take()).toMatchObject([{ type: 'error', id: 'g' }])
  })

  test('a get whose answer comes after the rights were changed is asked for anew', async () => {
    signIn('token-of-all-feeds')
    say({ type: 'get', id: 'g', feed: 'wages' })
    say({ type: 'hello', token: 'token-of-quotes' })
    await settle()
    expect(transport.take()).toMatchObject([{ type: 'welcome' }, { type: 'error', id: 'g', code: 'not_found' }])
  })

  test('a subscribe that still waits for its answer never gets one', () => {
    signIn('token-of-all-feeds')
    say({ type: 'subscribe', id: 1, feed: 'cold', since: { epoch: '0mi4k2x8b7f3', version: 5 } })
    transport.take()
    say({ type: 'hello', token: 'token-of-quotes' })
    expect(told()).toEqual([{ type: 'unsubscribed', feed: 'cold' }, { type: 'welcome' }])
    clock.advance(60_000)
    expect(told()).toEqual([])
  })

  describe('revoked', () => {
    const replace = (...tokens: readonly KnownToken[]): void => {
      auth.replace(new FixedTokens(tokens))
      auth.rejudge(connection)
    }

    test('its connection is closed 4403, its tickets are none any more, and it signs nobody in', async () => {
      const { ticket } = auth.tickets.issue(await principalOf('token-of-quotes'))
      signIn('token-of-quotes')
      follow('quotes')
      replace({ name: 'quotes', token: 'another-token-of-that-name', feeds: ['quotes'], admin: false })
      expect(transport.closed).toEqual({ code: 4403, reason: 'the token is no more' })
      expect(auth.judge({ url: `/ws?ticket=${ticket}`, rawHeaders: [] })).toBe('unknown')
      expect(auth.authenticate('token-of-quotes')).toBeUndefined()
    })

    test('one that opens less now loses the rest at once; one that is as it was notices nothing', () => {
      signIn('token-of-all-feeds')
      follow('quotes', 'wages')
      replace(...known())
      expect(told()).toEqual([])
      replace({ name: 'all', token: 'token-of-all-feeds', feeds: ['quotes'], admin: false })
      expect(transport.only('unsubscribed')).toMatchObject({ feed: 'wages', code: 'forbidden' })
      change()
      expect(told()).toEqual([{ type: 'delta', feed: 'quotes' }])
    })

    test('one that ends sooner now ends then', () => {
      signIn('token-of-two-hours')
      follow('quotes')
      replace({ name: 'later', token: 'token-of-two-hours', feeds: ['*'], admin: false, expiresAt: clock.now() + 61_000 })
      clock.advance(61_000)
      expect(told()).toEqual([{ type: 'error' }, { type: 'unsubscribed', feed: 'quotes' }])
    })

    test('one that has not signed in is still waited for', () => {
      replace(...known())
      expect(transport.closed).toBeUndefined()
      signIn('token-of-all-feeds')
      expect(auth.deadlines.size).toBe(0)
    })
  })

  test('one that leaves is watched no more', () => {
    signIn('token-of-an-hour')
    expect(auth.deadlines.size).toBe(1)
    connection.ended()
    expect(auth.deadlines.size).toBe(0)
  })
})

describe('what an upgrade says', () => {
  const judge = (url: string, ...rawHeaders: string[]): unknown => auth.judge({ url, rawHeaders })

  test.each([
    ['a token', ['Authorization', 'Bearer token-of-quotes'], 'quotes'],
    ['in other letters', ['AUTHORIZATION', 'bearer  token-of-quotes'], 'quotes'],
    ['nothing', [], 'silent'],
    ["a proxy's own password", ['Authorization', 'Basic dTpw'], 'silent'],
    ['an unknown token', ['Authorization', 'Bearer token-of-quote'], 'unknown'],
    ['no token at all', ['Authorization', 'Bearer'], 'unknown'],
    ['what is no token', ['Authorization', 'Bearer token-of-quotes x'], 'unknown'],
    ['two tokens', ['Authorization', 'Bearer token-of-quotes', 'Authorization', 'Bearer token-of-quotes'], 'unknown'],
    ['one that has ended', ['Authorization', 'Bearer token-of-the-past'], 'unknown'],
    ['a cookie', ['Cookie', 'token=token-of-quotes'], 'silent'],
  ])('%s', (_what, headers, expected) => {
    const judged = judge('/ws', ...headers)
    expect(typeof judged === 'object' ? (judged as Principal).name : judged).toBe(expected)
  })

  test('a token in the URL is none', () => {
    expect(judge('/ws?token=token-of-quotes&access_token=token-of-quotes')).toBe('silent')
  })

  test('a ticket, once, and for as long as it lives', async () => {
    const principal = await principalOf('token-of-quotes')
    const { ticket, expires } = auth.tickets.issue(principal)
    expect(expires).toBe(clock.now() + 30_000)
    expect(judge(`/ws?feed=quotes&ticket=${ticket}`)).toBe(principal)
    expect(judge(`/ws?ticket=${ticket}`)).toBe('unknown')
    const late = auth.tickets.issue(principal).ticket
    clock.advance(30_000)
    expect(judge(`/ws?ticket=${late}`)).toBe('unknown')
    expect(judge('/ws?ticket=')).toBe('unknown')
    expect(judge('/ws?ticket=__proto__')).toBe('unknown')
  })

  test('a ticket of a token that ended meanwhile is none', async () => {
    clock.advance(hour - 1000)
    const { ticket } = auth.tickets.issue(await principalOf('token-of-an-hour'))
    clock.advance(1000)
    expect(judge(`/ws?ticket=${ticket}`)).toBe('unknown')
  })

  test('only so many tickets wait; those whose time is over make room', async () => {
    const principal = await principalOf('token-of-quotes')
    for (let i = 0; i < 3; i++) auth.tickets.issue(principal)
    expect(() => auth.tickets.issue(principal)).toThrow('3 tickets wait to be used')
    clock.advance(30_000)
    expect(new Set([0, 1, 2].map(() => auth.tickets.issue(principal).ticket)).size).toBe(3)
  })
})
