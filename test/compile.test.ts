import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { loginOf } from '../src/compile-source.ts'
import { compileConfig } from '../src/compile.ts'
import { Budget } from '../src/source/budget.ts'
import { Budgets } from '../src/source/budgets.ts'
import { systemClock } from '../src/lib/clock.ts'
import { silentLogger } from '../src/lib/log.ts'
import { seededRandom } from '../src/lib/random.ts'
import { good } from './support/config.ts'
import { ManualClock } from './support/manual-clock.ts'

/** The fingerprints of a config with this source and feed, `a` and `f`. */
function fingerprints(source: string, feed: string): (string | undefined)[] {
  const deps = { clock: new ManualClock(), random: seededRandom(1), log: silentLogger, limited: () => undefined }
  const { sources, feeds } = compileConfig(good(`sources:\n  a: {${source}}\nfeeds:\n  f: {${feed}}`), deps)
  return [sources[0]?.fingerprint, feeds[0]?.fingerprint]
}

const source = 'url: "http://x/1", every: 10s'
const feed = 'from: a, steps: [{where: n > 1}]'
const [ofSource, ofFeed] = fingerprints(source, feed)

test.each([
  ['a description', `${source}, description: other`, `${feed}, description: other`],
  ['who may read it', `${source}, public: false`, `${feed}, public: false`],
  ['for whom it is asked', `${source}, demand: always`, `${feed}, demand: readers`],
  ['what is a default', `${source}, method: GET`, `${feed}, public: true`],
])('%s leaves a table what it is', (_, ...written) => {
  expect(fingerprints(...written)).toEqual([ofSource, ofFeed])
})

test.each([
  ['another URL', 'url: "http://x/2", every: 10s', feed],
  ['another interval', 'url: "http://x/1", every: 5s', feed],
  ['another header', `${source}, headers: {Accept: text/csv}`, feed],
  ['another kind', 'file: x.json, every: 10s', feed],
])('%s makes another table of a source, and of all that is computed from it', (_, ...written) => {
  const [a, f] = fingerprints(...written)
  expect([a === ofSource, f === ofFeed]).toEqual([false, false])
})

test('another step makes another table of a feed, and leaves its source', () => {
  const [a, f] = fingerprints(source, 'from: a, steps: [{where: n > 2}]')
  expect([a === ofSource, f === ofFeed]).toEqual([true, false])
})

test('the budget of an origin is one and the same in every config of a run', () => {
  const clock = new ManualClock()
  const budgets = new Budgets(20, { clock, limited: () => undefined })
  budgets.of('http://x').pause(5000, 'the origin answered 429')
  expect([budgets.of('http://x').pausedMs, budgets.of('http://y').pausedMs]).toEqual([5000, 0])
})

test('a budget of a name goes on in the next config, by the rules of that one, and with no more to spend', () => {
  const clock = new ManualClock()
  const budgets = new Budgets(undefined, { clock, limited: () => undefined })
  const budget = budgets.named('api')
  budgets.rule(new Map([['api', { maxConcurrent: 16, ratePerSecond: 1 }]]))
  clock.advance(10_000)
  expect(budget.waitMs).toBe(0)
  budget.pause(500, 'the origin answered 429')
  budgets.rule(new Map([['api', { maxConcurrent: 2, ratePerSecond: 10 }]]))
  expect(budgets.named('api')).toBe(budget)
  expect([budget.maxConcurrent, budget.waitMs]).toEqual([2, 500])
  clock.advance(50)
  budgets.rule(new Map([['api', { maxConcurrent: 2, ratePerSecond: 10 }]]))
  expect(budget.waitMs).toBe(450)
})

test('a config that is only compiled, and may yet be refused, leaves the budgets of the run as they are', () => {
  const clock = new ManualClock()
  const budgets = new Budgets(undefined, { clock, limited: () => undefined })
  budgets.rule(new Map([['api', { maxConcurrent: 3, ratePerSecond: 1 }]]))
  clock.advance(2000)
  const other = good('budgets: {api: {rate: 1/1h, maxConcurrent: 1}}\nsources:\n  a: {url: "http://x/1", budget: api}')
  compileConfig(other, { clock, random: seededRandom(1), log: silentLogger, limited: () => undefined, budgets })
  expect([budgets.named('api').maxConcurrent, budgets.named('api').waitMs]).toEqual([3, 0])
})

test('what a reader fills in that cannot stand in a header is a bad query of that reader', () => {
  const clock = new ManualClock()
  const config = good('sources:\n  named: {url: "http://x/1", headers: {X-Name: "{name}"}, params: {name: {}}}')
  const { sources } = compileConfig(config, { clock, random: seededRandom(1), log: silentLogger, limited: () => undefined })
  const fill = (name: string): unknown => sources[0]?.template?.instantiate('named?p.name=x', new Map([['name', name]]))
  expect(fill('plain')).toBeDefined()
  expect(() => fill('日本')).toThrow(expect.objectContaining({ code: 'bad_query', message: 'a value of `name` is no text for a header' }))
})

test('whom a source trusts counts for a login at its own origin, and for none elsewhere', async () => {
  const fixture = (name: string): Buffer => readFileSync(new URL(`fixture/self-signed-${name}.pem`, import.meta.url))
  const identity = createServer({ key: fixture('key'), cert: fixture('cert') }, (_request, response) => response.end('{"t":"token"}'))
  identity.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>(resolve => {
    identity.listen(0, '127.0.0.1', resolve)
  })
  const own = `127.0.0.1:${(identity.address() as AddressInfo).port}`
  const tokenFor = async (url: string): Promise<unknown> => {
    const auth = `{login: {request: {url: "https://${own}/login"}, token: t}}`
    const [source] = good(`sources: {a: {url: "${url}", tls: {insecure: true}, auth: ${auth}}}`).sources
    const deps = { clock: systemClock(), random: seededRandom(1), log: silentLogger, limited: () => undefined }
    const asker = source && loginOf(source, new Budget(deps.clock), deps)?.open()
    try {
      return (await asker?.credentials({ method: 'GET', path: '/' }, new AbortController().signal))?.headers
    } finally {
      await asker?.close()
    }
  }
  try {
    for (const url of [`https://${own}/`, `wss://${own}/`]) expect(await tokenFor(url)).toEqual({ authorization: 'Bearer token' })
    await expect(tokenFor('https://other.example/')).rejects.toThrow(/^login: no secure connection to .*: its certificate is self-signed/)
  } finally {
    identity.close()
    identity.closeAllConnections()
  }
})
