import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { connect } from '../../src/client-node.ts'
import { MillraceServer } from '../../src/server.ts'
import { RecordedLog } from '../support/http-source.ts'
import { RawReader } from '../support/raw-reader.ts'
import { json, Upstream } from '../support/upstream.ts'

let upstream: Upstream
let server: MillraceServer
let log: RecordedLog
let url: string

type Written = Record<string, unknown>

function config(written: Written): Parameters<MillraceServer['reload']>[0] {
  const loaded = configOf({ server: { port: 0, drain: '1s' }, ...written })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

const things = (more: Written = {}): Written => ({
  url: `${upstream.url}things`,
  every: '20ms',
  key: 'id',
  demand: 'always',
  staleAfter: '1m',
  ...more,
})

beforeEach(async () => {
  upstream = await Upstream.start(json([{ id: 'a', n: 1 }], { ETag: '"1"' }))
  log = new RecordedLog()
  server = new MillraceServer({ config: config({ sources: { things: things() } }), log: log.logger })
  url = await server.listen()
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setImmediate(resolve))
}

async function readerOf(feed: string): Promise<RawReader> {
  const reader = await new RawReader(`${url.replace('http', 'ws')}/ws?feed=${feed}`).open()
  await reader.next('snapshot')
  return reader
}

test('a board whose tile names a column that no row has is told of as it is taken over', async () => {
  await readerOf('things')
  const tile = { show: 'chart', feed: 'things', column: 'm' }
  server.reload(config({ sources: { things: things() }, boards: { b: { tiles: [tile] } } }))
  const warning = "boards.b.tiles[0].column: no row has a column 'm'; did you mean 'n'?"
  expect(log.lines).toContain(`warn: ${warning}`)
  const rows = async (): Promise<unknown> => ((await (await fetch(`${url}/feeds/$feeds`)).json()) as { rows: object[] }).rows
  await expect.poll(rows).toMatchObject([{ feed: 'things', state: 'fresh', warning }])
})

test('an open server that is to ask for tokens says who reads on, and who will be cut off', async () => {
  const auth = { tokens: [{ name: 'wall', token: 'a-token-of-32-characters-or-more-', feeds: ['*'] }] }
  server.reload(config({ auth, sources: { things: things() } }))
  expect(log.lines.at(-1)).toBe(
    'warn: auth is in force from the next start on: until then whoever reaches this server reads everything; from then on all who send no token of `auth.tokens` are cut off',
  )
  expect((await fetch(`${url}/feeds`)).status).toBe(200)
  server.reload(config({ auth: 'none', sources: { things: things() } }))
  expect(log.lines.at(-1)).toMatch(/^info: config loaded/)
})

describe('a source that goes on', () => {
  test('keeps its connection, its held body and its validators', async () => {
    const reader = await readerOf('things')
    server.reload(config({ sources: { things: things({ description: 'other' }), more: { system: 'load' } } }))
    const { count } = upstream
    await until(() => upstream.count > count + 2)
    expect(upstream.requests.slice(count + 1).every(({ headers }) => headers['if-none-match'] === '"1"')).toBe(true)
    expect(upstream.connections).toBe(1)
    expect(reader.messages.filter(({ type }) => type === 'snapshot' || type === 'subscribed')).toEqual([])
    reader.socket.terminate()
  })
})

describe('a budget', () => {
  test('that pauses goes on pausing, also for a source of the same origin that is new', async () => {
    upstream.script((_request, response) => void response.writeHead(429, { 'Retry-After': '60' }).end())
    await until(() => log.lines.some(line => line.includes('429')))
    const { count } = upstream
    server.reload(config({ sources: { things: things({ every: '30ms' }), other: things({ url: `${upstream.url}other` }) } }))
    // Another origin shows that polls have been due meanwhile.
    const elsewhere = await Upstream.start(json([{ id: 'a' }]))
    server.reload(
      config({
        sources: {
          things: things({ every: '30ms' }),
          other: things({ url: `${upstream.url}other` }),
          elsewhere: things({ url: elsewhere.url }),
        },
      }),
    )
    await until(() => elsewhere.count > 5)
    expect(upstream.count).toBe(count)
    await elsewhere.close()
  })
})

describe('what is said', () => {
  test('one line: what is added, changed, removed and adjusted, what is in force, and what needs a restart', () => {
    const feeds = { few: { from: 'things' }, gone: { from: 'things' } }
    server.reload(config({ sources: { things: things() }, feeds }))
    log.lines.splice(0)
    const reloaded = server.reload(
      config({
        server: { port: 1, drain: '1s' },
        limits: { maxConnections: 1, maxUrl: '1KiB' },
        sources: { things: things(), more: { system: 'load' } },
        feeds: { few: { from: 'things', order: 'n' }, calm: { from: 'few' } },
      }),
    )
    expect(log.lines).toEqual([
      'info: config loaded: added more, calm; changed few; removed gone; in force: limits.maxConnections; needs a restart: limits.maxUrl, server.port',
    ])
    expect(reloaded).toEqual({
      outcome: 'accepted',
      added: ['more', 'calm'],
      changed: ['few'],
      removed: ['gone'],
      adjusted: [],
      settings: ['limits.maxConnections'],
      needsRestart: ['limits.maxUrl', 'server.port'],
    })
    expect(server.reload(config({ sources: { things: things() } }))).toMatchObject({ removed: ['more', 'few', 'calm'], needsRestart: [] })
    expect(server.reload(config({ sources: { things: things() } }))).toMatchObject({ outcome: 'unchanged' })
    expect(log.lines.at(-1)).toBe('info: config loaded: nothing is other')
  })

  test('/health tells when the config was read, and why a later one is not in force', async () => {
    const health = async (): Promise<unknown> => ((await (await fetch(`${url}/health`)).json()) as { config: unknown }).config
    expect(await health()).toEqual({ loadedAt: expect.any(Number) as number })
    server.refuseReload('a problem at millrace.yaml:3:1')
    expect(await health()).toEqual({ loadedAt: expect.any(Number) as number, error: 'a problem at millrace.yaml:3:1' })
    server.reload(config({ sources: { things: things() } }))
    expect(await health()).not.toHaveProperty('error')
  })

  test('a config that makes no graph is refused, and the one before stays', async () => {
    const good = config({ sources: { things: things() } })
    const cycle = { ...good, feeds: [{ name: 'f', from: ['f'], steps: [], demand: 'auto' as const, public: true, sinks: [], metrics: [] }] }
    expect(() => server.reload(cycle)).toThrow(new RangeError('a cycle: f -> f'))
    expect(server.health().config.error).toContain('could not be put to work')
    const reader = await readerOf('things')
    upstream.script(json([{ id: 'a', n: 2 }]))
    expect(await reader.next('delta')).toMatchObject({ set: { a: { n: 2 } } })
    reader.socket.terminate()
  })
})

describe('limits', () => {
  test('that are looked at each time hold from now on, and those of a connection for the next one', async () => {
    const reader = await readerOf('things')
    reader.send({ type: 'ping', id: 0 })
    await reader.next('pong')
    const limits = { maxConnections: 2, maxFeedsPerConnection: 1, maxWhere: 5, messageBurst: 3, messagesPerSecond: 1 }
    server.reload(config({ sources: { things: things() }, limits }))
    reader.send({ type: 'subscribe', id: 1, feed: 'things', where: 'n > 1000' })
    expect(await reader.next('error')).toMatchObject({ id: 1, code: 'bad_query', details: [{ limit: 'maxWhere', value: 5 }] })
    reader.send({ type: 'subscribe', id: 2, feed: 'things', limit: 1 })
    expect(await reader.next('error')).toMatchObject({ id: 2, code: 'too_many', details: [{ limit: 'maxFeedsPerConnection', value: 1 }] })
    const next = await readerOf('things')
    for (const id of [1, 2, 3, 4]) next.send({ type: 'ping', id })
    expect(await next.next('error')).toMatchObject({ code: 'rate_limited', details: [{ limit: 'messagesPerSecond', value: 1 }] })
    for (const id of [1, 2, 3, 4]) reader.send({ type: 'ping', id })
    await reader.next('pong', ({ id }) => id === 4)
    const refused = new RawReader(`${url.replace('http', 'ws')}/ws`)
    expect(await refused.closed).toMatchObject({ code: 1006 })
    for (const one of [reader, next]) one.socket.terminate()
  })
})

describe('a program that uses the SDK', () => {
  test('shows the new table of a feed that begins anew, and is told of one that is gone', async () => {
    const feeds = (n: number): Written => ({ few: { from: 'things', steps: [{ derive: { twice: `n * ${n}` } }] } })
    server.reload(config({ sources: { things: things() }, feeds: feeds(2) }))
    const millrace = connect(url.replace('http', 'ws'))
    const few = millrace.feed('few')
    const shown: unknown[] = []
    const errors: string[] = []
    few.onError(({ code }) => void errors.push(code))
    few.subscribe(rows => void shown.push(rows[0]?.['twice']))
    await until(() => shown.length > 0)
    server.reload(config({ sources: { things: things() }, feeds: feeds(3) }))
    await until(() => shown.length > 1)
    expect([shown, few.freshness.state, few.stats.resyncs]).toEqual([[2, 3], 'fresh', 0])
    server.reload(config({ sources: { things: things() } }))
    await until(() => errors.length > 0)
    expect([errors, few.freshness.state, few.rows]).toMatchObject([['not_found'], 'disconnected', [{ twice: 3 }]])
    millrace.close()
  })
})
