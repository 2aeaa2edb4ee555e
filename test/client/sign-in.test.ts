import { describe, expect, test } from 'vitest'
import { connect } from '../../src/client/client.ts'
import type { TokenSource } from '../../src/client/face.ts'
import { FakeNetwork, type FakeSocket } from '../support/fake-socket.ts'
import { serve, shownBy } from '../support/client.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

function bench(token?: TokenSource) {
  const network = new FakeNetwork()
  const clock = new ManualClock()
  const millrace = connect('ws://localhost:8080', {
    clock,
    random: () => 0.5,
    WebSocket: network.WebSocket,
    ...(token === undefined ? {} : { token }),
  })
  const errors: string[] = []
  millrace.onError(error => errors.push(`${error.code}: ${error.message}`))
  return { millrace, network, clock, errors }
}

type Bench = ReturnType<typeof bench>

/** The server greets, and asks for a token. */
async function greet(socket: FakeSocket): Promise<void> {
  socket.say({
    type: 'welcome',
    protocol: 'millrace.v1',
    server: 'millrace/0.1.0',
    heartbeat: 10_000_000,
    features: [],
    limits: { feeds: 256, message: 65_536, messagesPerSecond: 1000 },
    auth: 'required',
  })
  await settle()
}

const welcomeBack = { type: 'welcome', id: 'token', heartbeat: 10_000_000, limits: { messagesPerSecond: 1000 }, features: [] }
const warning = { type: 'error', code: 'unauthorized', message: 'the token ends in 60 s: say hello with another', retry: true }

/** A function that gives these in turn, then the last one. */
function inTurn(...tokens: readonly string[]): { (): string; asked: number } {
  const source = (): string => tokens[Math.min(source.asked++, tokens.length - 1)] ?? ''
  source.asked = 0
  return source
}

async function open(run: Bench): Promise<void> {
  await greet(run.network.socket)
  run.network.socket.say(welcomeBack)
  run.network.socket.heard()
}

/** The server closes it as unauthorized, and the client tries what it tries. */
async function refuse(run: Bench): Promise<void> {
  run.network.socket.end(4401, 'the token is not known, or has ended')
  run.clock.advance(1000)
  await settle()
}

describe('a server that asks for a token', () => {
  test.each<[string, TokenSource]>([
    ['a text', 'the-token'],
    ['a function', () => 'the-token'],
    ['an async function', () => Promise.resolve('the-token')],
  ])('is told it by hello, and by nothing else: %s', async (_what, token) => {
    const { millrace, network } = bench(token)
    expect(network.socket.url).not.toContain('the-token')
    await greet(network.socket)
    expect(network.socket.heard()).toEqual([{ type: 'hello', id: 'token', token: 'the-token' }])
    expect(millrace.state.phase).toBe('connecting')
    network.socket.say(welcomeBack)
    expect(millrace.state.phase).toBe('open')
  })

  test('one that asks for none is told none', () => {
    const { millrace, network } = bench('the-token')
    network.socket.welcome({ features: ['ack'] })
    expect(millrace.state.phase).toBe('open')
    expect(JSON.stringify(network.socket.heard())).not.toContain('the-token')
  })

  test.each<[string, TokenSource | undefined]>([
    ['no token', undefined],
    ['an empty one', ''],
    ['a function that has none', () => undefined],
  ])('%s: closed for good with 4401, until somebody tries again', async (_what, token) => {
    const run = bench(token)
    await greet(run.network.socket)
    expect(run.millrace.state).toMatchObject({ phase: 'closed', code: 4401 })
    expect(run.millrace.state.reason).toContain('the server asks for a token')
    expect(run.network.socket.closedByClient).toBe(true)
    run.clock.advance(3_600_000)
    expect(run.network.sockets).toHaveLength(1)
    run.millrace.retry()
    expect(run.network.sockets).toHaveLength(2)
  })

  test('a token that is refused is not brought again', async () => {
    const run = bench('the-token')
    await greet(run.network.socket)
    await refuse(run)
    expect(run.millrace.state).toMatchObject({ phase: 'closed', code: 4401 })
    expect(run.network.sockets).toHaveLength(1)
  })

  test('a function is asked anew once: another token opens', async () => {
    const run = bench(inTurn('old', 'new'))
    await greet(run.network.socket)
    await refuse(run)
    expect(run.network.sockets).toHaveLength(2)
    await greet(run.network.socket)
    expect(run.network.socket.heard()).toMatchObject([{ type: 'hello', token: 'new' }])
    run.network.socket.say(welcomeBack)
    expect(run.millrace.state.phase).toBe('open')
  })

  test.each([
    ['the same', ['old', 'old'], 0],
    ['another one that is refused too', ['old', 'new', 'newer'], 1],
  ] as const)('a function is asked anew once: %s closes for good', async (_what, tokens, hellos) => {
    const run = bench(inTurn(...tokens))
    await greet(run.network.socket)
    await refuse(run)
    await greet(run.network.socket)
    expect(run.network.socket.heard()).toHaveLength(hellos)
    if (hellos > 0) await refuse(run)
    expect(run.millrace.state).toMatchObject({ phase: 'closed', code: 4401 })
    run.clock.advance(3_600_000)
    expect(run.network.sockets).toHaveLength(2)
  })

  test('a function that throws or rejects is a failed try, told and tried again', async () => {
    let fails = true
    const run = bench(() => (fails ? Promise.reject(new Error('the portal is away')) : 'the-token'))
    await greet(run.network.socket)
    expect(run.millrace.state).toMatchObject({ phase: 'disconnected', reason: 'no token: the portal is away' })
    fails = false
    run.clock.advance(30_000)
    await greet(run.network.socket)
    expect(run.network.socket.heard()).toMatchObject([{ token: 'the-token' }])
  })

  test('a token that comes for a connection that is gone is not sent on the next one by mistake', async () => {
    let give: (token: string) => void = () => undefined
    const run = bench(() => new Promise<string>(resolve => (give = resolve)))
    await greet(run.network.socket)
    const late = give
    run.network.socket.end(1006)
    run.clock.advance(30_000)
    late('late')
    await settle()
    expect(run.network.sockets.flatMap(socket => socket.heard())).toEqual([])
    await greet(run.network.socket)
    give('fresh')
    await settle()
    expect(run.network.socket.heard()).toMatchObject([{ token: 'fresh' }])
  })
})

describe('a token that ends', () => {
  test('the warning is answered by another token; nobody hears of it, and feeds go on', async () => {
    const run = bench(inTurn('first', 'second'))
    await open(run)
    const shown = shownBy(run.millrace.feed('quotes'))
    serve(run.network.socket, 'quotes', 1, [{ id: 'a', price: 1 }])
    run.network.socket.say(warning)
    await settle()
    expect(run.network.socket.heard()).toEqual([{ type: 'hello', id: 'token', token: 'second' }])
    run.network.socket.say(welcomeBack)
    expect([run.errors, shown.length, run.network.socket.heard()]).toEqual([[], 1, []])
  })

  test('a function that has no other yet is asked again once it has ended; feeds and iterators come back by themselves', async () => {
    const source = inTurn('first', 'first', 'second')
    const run = bench(source)
    await open(run)
    const feed = run.millrace.feed('quotes')
    const changes = feed.changes()
    const first = changes.next()
    serve(run.network.socket, 'quotes', 1, [{ id: 'a', price: 1 }])
    await first
    run.network.socket.say(warning)
    await settle()
    expect(run.network.socket.heard()).toEqual([])
    run.clock.advance(60_000)
    const told: string[] = []
    feed.onError(error => told.push(error.code))
    run.network.socket.say({ type: 'unsubscribed', feed: 'quotes', code: 'unauthorized' })
    await settle()
    expect([told, feed.freshness.state]).toEqual([['unauthorized'], 'disconnected'])
    expect(run.network.socket.heard()).toEqual([{ type: 'hello', id: 'token', token: 'second' }])
    run.network.socket.say(welcomeBack)
    const next = changes.next()
    const [again] = serve(run.network.socket, 'quotes', 2, [{ id: 'a', price: 2 }])
    expect(again).toMatchObject({ type: 'subscribe', feed: 'quotes', since: { version: 1 } })
    expect((await next).value).toMatchObject({ version: 2 })
  })

  test('one that ends as soon as it is there is not asked for over and over', async () => {
    const source = inTurn(...Array.from({ length: 100 }, (_, i) => `token-${i}`))
    const run = bench(source)
    await open(run)
    for (let i = 0; i < 20; i++) {
      run.network.socket.say(warning)
      await settle()
      run.network.socket.say(welcomeBack)
    }
    expect(source.asked).toBe(2)
  })

  test('many feeds that end at once ask for one token', async () => {
    const source = inTurn('first', 'second')
    const run = bench(source)
    await open(run)
    for (const feed of ['quotes', 'wages', 'tides']) {
      run.network.socket.say({ type: 'unsubscribed', feed, code: 'unauthorized' })
      await settle()
    }
    expect([source.asked, run.network.socket.heard().map(({ type }) => type), run.millrace.state.phase]).toEqual([2, ['hello'], 'open'])
  })

  test.each<[string, TokenSource]>([
    ['a text', 'the-token'],
    ['a function that has no other', () => 'the-token'],
  ])('%s that has ended is closed for good: it would be refused', async (_what, token) => {
    const run = bench(token)
    await open(run)
    const feed = run.millrace.feed('quotes')
    const failed = feed
      .changes()
      .next()
      .catch((error: unknown) => error)
    run.network.socket.say(warning)
    await settle()
    expect(run.millrace.state.phase).toBe('open')
    run.network.socket.say({ type: 'unsubscribed', feed: 'quotes', code: 'unauthorized' })
    await settle()
    expect(run.millrace.state).toMatchObject({ phase: 'closed', code: 4401 })
    expect(run.millrace.state.reason).toContain('the token has ended')
    expect(await failed).toMatchObject({ code: 'unavailable' })
    run.clock.advance(3_600_000)
    expect(run.network.sockets).toHaveLength(1)
  })

  test('a text that ends soon is told: nothing but the program can bring another', async () => {
    const run = bench('the-token')
    await open(run)
    run.network.socket.say(warning)
    await settle()
    expect(run.errors).toEqual(['unauthorized: the token ends in 60 s: say hello with another'])
  })

  test('a function that fails is told', async () => {
    let fails = false
    const run = bench(() => (fails ? Promise.reject(new Error('the portal is away')) : 'the-token'))
    await open(run)
    fails = true
    run.network.socket.say(warning)
    await settle()
    expect(run.errors).toEqual(['unauthorized: no token: the portal is away'])
    expect(run.millrace.state.phase).toBe('open')
  })

  test('another token that is refused is told, and the connection stays', async () => {
    const run = bench(inTurn('first', 'second'))
    await open(run)
    run.network.socket.say(warning)
    await settle()
    run.network.socket.say({ type: 'error', id: 'token', code: 'unauthorized', message: 'the token is not known', retry: true })
    expect(run.errors).toEqual(['unauthorized: the token is not known'])
    expect(run.millrace.state.phase).toBe('open')
  })
})

describe('rights that are withdrawn', () => {
  test('a token that is no more is asked for anew once', async () => {
    const run = bench(inTurn('first', 'second'))
    await open(run)
    run.network.socket.end(4403, 'the token is no more')
    run.clock.advance(1000)
    await greet(run.network.socket)
    expect(run.network.socket.heard()).toMatchObject([{ type: 'hello', token: 'second' }])
    const text = bench('the-token')
    await open(text)
    text.network.socket.end(4403, 'the token is no more')
    expect(text.millrace.state).toMatchObject({ phase: 'closed', code: 4403 })
  })

  test('a feed that another token does not open is final for its iterators, and asked for again with the next token', async () => {
    const run = bench(inTurn('first', 'second', 'third'))
    await open(run)
    const feed = run.millrace.feed('wages')
    const changes = feed.changes()
    const told: string[] = []
    feed.onError(error => told.push(error.code))
    const first = changes.next()
    serve(run.network.socket, 'wages', 1, [{ id: 'a', price: 1 }])
    await first
    feed.subscribe(() => undefined)
    run.network.socket.say({ type: 'unsubscribed', feed: 'wages', code: 'forbidden' })
    await expect(changes.next()).rejects.toMatchObject({ code: 'forbidden' })
    expect(told).toEqual(['forbidden'])
    run.network.socket.heard()
    run.network.socket.say(warning)
    await settle()
    run.network.socket.say(welcomeBack)
    expect(run.network.socket.heard().map(({ type }) => type)).toEqual(['hello', 'subscribe'])
  })
})
