import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readFileSync } from 'node:fs'
import { WebSocket } from 'ws'
import { limitsSchema } from '../../src/config/limits.options.ts'
import { configOf } from '../../src/config/load.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { ServerMessage } from '../../src/protocol/messages.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { limitsMet } from '../support/metric.ts'
import { rawRequest, requestText, upgradeHeaders } from '../support/raw-request.ts'
import { RawReader } from '../support/raw-reader.ts'

/** Every key of `limits`, met over a real socket: it is in force, it counts, and who meets it is told its key. */

let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeEach(async () => {
  upstream = await startChangingUpstream(JSON.stringify(Array.from({ length: 200 }, (_, n) => ({ id: `r${n}`, n, text: 'x'.repeat(100) }))))
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

/** Judges the load of the last 5 s after a tenth of a second. */
const hurried: Clock = { ...systemClock(), after: (ms, run) => systemClock().after(ms === 5000 ? 100 : ms, run) }

async function serve(limits: object): Promise<void> {
  const source = { url: upstream.url, every: '50ms', key: 'id', linger: '10ms' }
  const clock = 'maxLoopDelay' in limits ? hurried : systemClock()
  const config = configOf({
    server: { port: 0, drain: '100ms', trustProxy: ['127.0.0.1'] },
    limits,
    sources: { a: source, b: source, c: source, p: { ...source, url: `${upstream.url}/{id}`, params: { id: {} }, private: true } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config, clock })
  url = await server.listen()
}

function socketUrl(query = ''): string {
  return `${url.replace('http', 'ws')}/ws${query}`
}

/** Sends each text; returns the texts of errors, and of the close. */
async function say(...messages: readonly (object | string)[]): Promise<string> {
  const reader = await new RawReader(socketUrl()).open()
  for (const message of messages) reader.send(message)
  const ended = await Promise.race([reader.closed.then(({ reason }) => reason), reader.next('error').then(error => JSON.stringify(error))])
  reader.socket.terminate()
  return ended
}

async function closed(reader: RawReader): Promise<string> {
  const { code, reason } = await reader.closed
  return `${code} ${reason}`
}

const subscribe = (feed: string, id = feed): object => ({ type: 'subscribe', id, feed })
const knock = async (...more: string[]): Promise<string> => (await rawRequest(url, requestText('/ws', [...upgradeHeaders, ...more]))).body
const page = async (path: string, ...more: string[]): Promise<string> =>
  (await rawRequest(url, requestText(path, ['Host: localhost', 'Connection: close', ...more]))).body

/** One who is in, so that there is no room for another. */
async function inside(address = '198.51.100.7'): Promise<RawReader> {
  return new RawReader(socketUrl(), { headers: { 'X-Forwarded-For': address } }).open()
}

/** Messages that a reader gets while it answers no ping. */
async function unanswered(ms: number): Promise<readonly ServerMessage[]> {
  const socket = new WebSocket(socketUrl('?feed=a'), { autoPong: false })
  const messages: ServerMessage[] = []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as ServerMessage))
  const changing = setInterval(() => change(), 20)
  await new Promise(resolve => {
    setTimeout(resolve, ms)
  })
  clearInterval(changing)
  socket.terminate()
  return messages
}

let changes = 0
function change(rows = 1): void {
  upstream.body = JSON.stringify(
    Array.from({ length: 200 }, (_, n) => ({ id: `r${n}`, n: n < rows ? ++changes : n, text: 'x'.repeat(100) })),
  )
}

/** What a limit is set to, how it is met, and what is told then. `counts`: the key it counts under; none: it refuses nothing. */
interface Case {
  readonly set: object
  readonly counts?: string
  readonly met: () => Promise<string>
  readonly told: RegExp
  /** What is told where the limit has its default, of those that refuse nothing. */
  readonly otherwise?: RegExp
}

/** A refusal that counts under its own key. */
function refusal(key: string, set: object, met: () => Promise<string>, told = new RegExp(`"limit":"${key}"`)): [string, Case] {
  return [key, { set, counts: key, met, told }]
}

/** What refuses nothing, and shows in what is sent. */
function bound(key: string, set: object, met: () => Promise<string>, told: RegExp, otherwise: RegExp): [string, Case] {
  return [key, { set, met, told, otherwise }]
}

/** Whether a reader may resume from before three of four large rows left. */
async function resumesOverDeletions(): Promise<string> {
  const rows = (count: number, n: number): string =>
    JSON.stringify(Array.from({ length: count }, (_, i) => ({ id: `r${i}`, n, text: 'x'.repeat(2000) })))
  const isAt = (count: number, n: number): Promise<unknown> => {
    upstream.body = rows(count, n)
    const store = server.graph.feed('a')?.store
    const before = store?.version ?? 0
    return vi.waitUntil(() => store?.count === count && store.version > before, { timeout: 5000 })
  }
  upstream.body = rows(4, 1)
  const reader = await new RawReader(socketUrl('?feed=a')).open()
  const { epoch, to } = await reader.next('snapshot')
  await isAt(1, 1)
  await isAt(1, 2)
  const again = await new RawReader(socketUrl()).open()
  again.send({ ...subscribe('a'), since: { epoch, version: to } })
  const { resumed } = await again.next('subscribed')
  for (const { socket } of [reader, again]) socket.terminate()
  return String(resumed)
}

/** What comes within the time, or `nothing`. */
function within(ms: number, what: Promise<string>): Promise<string> {
  return Promise.race([what, new Promise<string>(resolve => void setTimeout(() => resolve('nothing'), ms))])
}

async function shed(key: string): Promise<string> {
  await vi.waitUntil(() => server.health().shedding === 'no new connections', { timeout: 10_000 })
  return `${key} ${await knock()}`
}

const cases = new Map<string, Case>([
  refusal('maxConnections', { maxConnections: 1 }, async () => (await inside(), knock()), /^maxConnections: 1 reached/),
  refusal(
    'maxConnectionsPerAddress',
    { maxConnectionsPerAddress: 1 },
    async () => (await inside(), knock('X-Forwarded-For: 198.51.100.7')),
    /^maxConnectionsPerAddress: 1 reached/,
  ),
  refusal('upgradesPerSecond', { upgradesPerSecond: 1 }, async () => (await inside(), knock()), /^upgradesPerSecond: 1 exceeded/),
  refusal(
    'firstPollsPerSecond',
    { firstPollsPerSecond: 1 },
    async () => {
      const reader = await new RawReader(socketUrl('?feed=a&feed=b')).open()
      const whys = (): string => [...server.graph.sources()].map(({ why }) => why).join()
      await vi.waitUntil(() => whys().includes('waiting'), { interval: 5 })
      const told = whys()
      reader.socket.terminate()
      return told
    },
    /first-reader: waiting for its turn/,
  ),
  refusal(
    'upgradeTimeout',
    { upgradeTimeout: '50ms' },
    async () => (await rawRequest(url, 'GET /ws')).body,
    /^upgradeTimeout: 50ms exceeded/,
  ),
  refusal('maxHeader', { maxHeader: '1KiB' }, () => knock(`X: ${'a'.repeat(1024)}`), /^maxHeader: 1 KiB exceeded/),
  refusal(
    'maxHeaders',
    { maxHeaders: 12 },
    () => page('/', ...Array.from({ length: 12 }, (_, i) => `X${i}: 1`)),
    /^maxHeaders: 12 exceeded/,
  ),
  refusal('maxUrl', { maxUrl: '64B' }, () => page(`/${'a'.repeat(64)}`), /^maxUrl: 64 B exceeded/),
  refusal('maxMessage', { maxMessage: '1KiB' }, () => say('x'.repeat(1025)), /^maxMessage$/),
  refusal(
    'maxFragments',
    { maxFragments: 2 },
    async () => {
      const reader = await new RawReader(socketUrl()).open()
      for (let i = 0; i < 4; i++) reader.socket.send('x', { fin: false })
      return closed(reader)
    },
    /^1008 maxFragments$/,
  ),
  refusal('maxMessageDepth', { maxMessageDepth: 2 }, () => say('{"a":[[1]]}')),
  refusal('messagesPerSecond', { messagesPerSecond: 1, messageBurst: 2 }, () =>
    say(...Array.from({ length: 3 }, () => ({ type: 'ping' }))),
  ),
  [
    'messageBurst',
    {
      set: { messagesPerSecond: 1, messageBurst: 2 },
      counts: 'messagesPerSecond',
      met: async () => {
        const reader = await new RawReader(socketUrl()).open()
        for (let i = 0; i < 5; i++) reader.send({ type: 'ping' })
        return closed(reader)
      },
      told: /^4429 messagesPerSecond retry-after-ms=/,
    },
  ],
  ...(['pingsPerSecond', 'pingBurst'] as const).map((key): [string, Case] => [
    key,
    {
      set: { pingsPerSecond: 1, pingBurst: 2 },
      counts: 'pingsPerSecond',
      met: async () => {
        const reader = await new RawReader(socketUrl()).open()
        for (let i = 0; i < 3; i++) reader.socket.ping()
        return closed(reader)
      },
      told: /^4429 pingsPerSecond retry-after-ms=/,
    },
  ]),
  refusal('maxFeedsPerConnection', { maxFeedsPerConnection: 1 }, () => say(subscribe('a'), subscribe('b'))),
  refusal('maxViewsPerConnection', { maxViewsPerConnection: 1 }, () => say(subscribe('a?limit=1'), subscribe('b?limit=1'))),
  refusal('maxViewsPerFeed', { maxViewsPerFeed: 1 }, () => say(subscribe('a?limit=1'), subscribe('a?limit=2'))),
  refusal('maxParamSets', { maxParamSets: 1 }, () => say(subscribe('p?p.id=1'), subscribe('p?p.id=2'))),
  refusal('maxAddress', { maxAddress: '20B' }, () => say(subscribe(`a?fields=${'n'.repeat(20)}`))),
  refusal('maxWhere', { maxWhere: 5 }, () => page('/feeds/a?where=n%20%3E%20100'), /maxWhere: 5 characters exceeded/),
  refusal('maxExpressionNodes', { maxExpressionNodes: 2 }, () => say(subscribe('a?where=n%20%3E%20100'))),
  refusal('maxExpressionDepth', { maxExpressionDepth: 1 }, () => page('/feeds/a?where=n%20%3E%20100'), /maxExpressionDepth: 1 exceeded/),
  refusal('viewTimePerSecond', { viewTimePerSecond: '0.001ms' }, () =>
    say(...Array.from({ length: 20 }, (_, i) => subscribe(`a?where=n%20%3E%20${i}`))),
  ),
  bound(
    'sendWindow',
    { sendWindow: '1KiB', ackAfter: '1KiB' },
    async () => String((await unanswered(500)).filter(({ type }) => type === 'delta').length),
    /^0$/,
    /^[1-9]/,
  ),
  bound(
    'ackAfter',
    { ackAfter: '1KiB' },
    () => {
      const { socket } = new RawReader(socketUrl('?feed=a'))
      return within(500, new Promise(resolve => void socket.once('ping', () => resolve('asked'))))
    },
    /asked/,
    /nothing/,
  ),
  bound('historyAge', { historyAge: '1ms' }, resumesOverDeletions, /^false$/, /^true$/),
  bound('maxTombstones', { maxTombstones: 1 }, resumesOverDeletions, /^false$/, /^true$/),
  bound(
    'checkEvery',
    { checkEvery: '1s' },
    async () => {
      const reader = await new RawReader(socketUrl('?feed=a')).open()
      const changing = setInterval(() => change(), 50)
      const told = await within(
        2500,
        reader.next('check').then(() => 'checked'),
      )
      clearInterval(changing)
      return told
    },
    /checked/,
    /nothing/,
  ),
  refusal('maxLoopDelay', { maxLoopDelay: '10ms' }, async () => {
    const blocking = setInterval(() => {
      const until = performance.now() + 60
      while (performance.now() < until);
    }, 80)
    try {
      return await shed('"limit":"maxLoopDelay"')
    } finally {
      clearInterval(blocking)
    }
  }),
  refusal('maxHeap', { maxHeap: '1%', maxLoopDelay: 'off' }, async () => {
    const ballast = Array.from({ length: 10_000_000 }, (_, i) => i / 2)
    const told = await shed('"limit":"maxHeap"')
    return ballast.length > 0 ? told : ''
  }),
])

/** Those that need more than `limits` to be met, and which tests do so. */
const metElsewhere = {
  helloTimeout: 'connection/sign-in.test.ts',
  maxTickets: 'connection/sign-in.test.ts',
  saveEvery: 'end-to-end/restart.test.ts',
}

test('no key of `limits` is forgotten', async () => {
  await serve({})
  expect([...cases.keys(), ...Object.keys(metElsewhere)].sort()).toEqual(Object.keys(limitsSchema.shape).sort())
})

test.each(Object.entries(metElsewhere))('%s is met in %s', async (key, file) => {
  await serve({})
  expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toMatch(new RegExp(`\\b${key}`))
})

test.each([...cases])('%s', async (_key, { set, counts, met, told }) => {
  await serve(set)
  expect(await met()).toMatch(told)
  await expect.poll(() => limitsMet(url, counts ?? '')).toBeGreaterThanOrEqual(counts === undefined ? 0 : 1)
})

test.each([...cases].filter(([, { otherwise }]) => otherwise !== undefined))(
  '%s: otherwise by its default',
  async (_key, { met, otherwise }) => {
    await serve({})
    expect(await met()).toMatch(otherwise ?? /never/)
  },
)
