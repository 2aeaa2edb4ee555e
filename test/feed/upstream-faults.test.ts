import { map, type Observable } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import type { SourceDefinition } from '../../src/feed/definition.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { Budget } from '../../src/source/budget.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { httpSource, type WrittenOptions } from '../support/http-source.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import * as upstreams from '../support/upstream.ts'
import { body, json, Upstream, type Behaviour } from '../support/upstream.ts'

/** Real HTTP and the whole way from the answer to the feed; time goes by the manual clock. */
const everyMs = 1000
const good: Row[] = Array.from({ length: 30 }, (_, id) => ({ id, name: `n${id}`, price: id }))

let clock: ManualClock
let faulty: Upstream
let other: Upstream
let pollers: Poller[]
let graph: Graph

function source(name: string, url: string, more: Partial<WrittenOptions>): SourceDefinition {
  const { ask } = httpSource({ url, timeout: '1s', ...more }, clock)
  return {
    name,
    public: true,
    fingerprint: 'same',
    demand: 'always',
    everyMs,
    staleAfterMs: 3 * everyMs,
    downAfterMs: 60_000,
    lingerMs: 30_000,
    origin: url,
    createPoller: onPoll => {
      const poller = new Poller({
        ask,
        policy: new GridPolicy({ identity: `${name} `, intervalMs: everyMs, maxBackoffMs: everyMs, clock, random: seededRandom(3) }),
        budget: new Budget(clock),
        clock,
        random: seededRandom(3),
        onPoll,
      })
      pollers.push(poller)
      return poller
    },
  }
}

async function start(more: Partial<WrittenOptions>): Promise<void> {
  graph = new Graph({
    sources: [source('faulty', faulty.url, more), source('other', other.url, {})],
    feeds: [
      {
        name: 'derived',
        inputs: ['faulty'],
        public: true,
        fingerprint: 'same',
        demand: 'auto',
        holdsPast: false,
        pipeline: ([input]) => (input as Observable<Sample>).pipe(map(sample => sample)),
      },
    ],
    clock,
    random: seededRandom(4),
    log: silentLogger,
  })
  graph.start()
  await pass(0)
}

/** Lets time pass in small steps, in which polls come to their end; one that hangs is given some turns of the loop. */
async function pass(ms: number, hangs = false): Promise<void> {
  const mostTurns = hangs ? 300 : Number.POSITIVE_INFINITY
  for (let passed = 0; passed <= ms; passed += 100) {
    clock.advance(passed === 0 ? 0 : 100)
    for (let turn = 0; turn < mostTurns && pollers.some(poller => poller.polling); turn++) await settle()
  }
}

const freshness = (name: string): string => {
  const { state, cause, reason } = graph.feed(name)?.freshness ?? {}
  return [state, cause, reason].filter(part => part !== undefined).join(': ')
}
const rowCount = (name: string): number | undefined => graph.feed(name)?.store.count

beforeEach(async () => {
  clock = new ManualClock()
  pollers = []
  faulty = await Upstream.start(json(good))
  other = await Upstream.start(json([{ id: 1 }]))
})

afterEach(async () => {
  await graph.close()
  await Promise.all([faulty.close(), other.close()])
})

interface Expected {
  /** Of source and derived feed once it has lasted, with HOST for the upstream's name and port. */
  readonly state: RegExp
  readonly options?: Partial<WrittenOptions>
  /** Its polls end by the deadline alone. */
  readonly hangs?: boolean
}

const shape = (text: string): string => JSON.stringify(good).replaceAll(/"price":(\d+)/g, text)

describe('a fault of an upstream shows in its own feeds with its place, keeps their rows, and ends with the fault', () => {
  test.each<[string, Behaviour, Expected]>([
    ['hangs before headers', upstreams.hangBeforeHeaders, { state: /^stale: timeout: HOST: no answer within 1s$/, hangs: true }],
    ['hangs mid-headers', upstreams.hangMidHeaders, { state: /^stale: timeout: HOST: no answer within 1s$/, hangs: true }],
    ['hangs mid-body', upstreams.hangMidBody, { state: /^stale: timeout: HOST: the body was not whole within 1s$/, hangs: true }],
    ['drips', upstreams.drip(1), { state: /^stale: timeout: HOST: the body was not whole within 1s$/, hangs: true }],
    ['resets', upstreams.resetMidBody, { state: /^stale: reset: HOST broke off the connection before the body was whole/ }],
    ['answers HTML', upstreams.html, { state: /^stale: decode: the body is HTML or XML, not JSON$/ }],
    ['answers 500', upstreams.status(500), { state: /^stale: http: HOST answered 500 Internal Server Error$/ }],
    ['truncated JSON', upstreams.truncatedJson, { state: /^stale: decode: the JSON is cut short: it ends within a text$/ }],
    ['100k nesting', upstreams.nested(100_000), { state: /^stale: too_large: maxDepth: 64 levels exceeded$/ }],
    ['50 MB', upstreams.big(50e6), { state: /^stale: too_large: maxBody: 1 MiB exceeded$/, options: { maxBody: '1MiB' } }],
    ['a gzip bomb', upstreams.gzipBomb(50e6), { state: /^stale: too_large: maxBody: 1 MiB exceeded$/, options: { maxBody: '1MiB' } }],
    ['a redirect loop', upstreams.redirect('/again'), { state: /^stale: http: maxRedirects: 5 exceeded, at HOST$/ }],
    [
      'an array that becomes an object',
      json({ error: 'sorry' }),
      { state: /^degraded: shape: the last good rows are kept: the document was an array and is none$/ },
    ],
    ['a scalar in place of the rows', body('"maintenance"'), { state: /^degraded: shape: .* the document was an array and is none$/ }],
    [
      'a column that is gone',
      body(shape('"cost":$1')),
      { state: /^degraded: shape: the last good rows are kept: price \(number\) is gone$/ },
    ],
    ['a column that is retyped', body(shape('"price":"$1"')), { state: /^degraded: shape: .*: price was number and is string$/ }],
    [
      'duplicate keys',
      json([...good, good[3]]),
      { state: /^degraded: key: 1 row has a key \(id\) that another has: "3"; the last one wins$/, options: { key: 'id' } },
    ],
    [
      'duplicate keys, where they fail',
      json([...good, good[3]]),
      { state: /^stale: key: onDuplicateKey: fail: 1 row has a key \(id\)/, options: { key: 'id', onDuplicateKey: 'fail' } },
    ],
    [
      'missing keys',
      json([...good, { name: 'x' }]),
      { state: /^degraded: key: 1 of 31 rows have no key \(id\) and are left out, such as place 30$/, options: { key: 'id' } },
    ],
    [
      'a key that no row has any more',
      json(good.map(({ id, ...row }) => ({ ...row, ID: id ?? 0 }))),
      { state: /^degraded: shape: .*: id \(number\) is gone$/, options: { key: 'id' } },
    ],
  ])('%s', async (_, fault, { state, options = {}, hangs = false }) => {
    await start(options)
    // So long that every column is promised.
    await pass(20 * everyMs)
    expect([freshness('faulty'), freshness('derived'), rowCount('faulty')]).toEqual(['fresh', 'fresh', 30])
    faulty.script(fault)
    const before = other.count
    await pass(5 * everyMs, hangs)
    for (const name of ['faulty', 'derived']) {
      const isOfKeys = name === 'derived' && / key: /.test(freshness(name))
      // Keys are data, which readers of what is computed from it may not see.
      const expected = isOfKeys ? /key: rows of what it is computed from have no key, or one that another has$/ : state
      expect(freshness(name).replace(new URL(faulty.url).host, 'HOST')).toMatch(expected)
      expect(rowCount(name)).toBe(30)
    }
    expect([freshness('other'), other.count - before]).toEqual(['fresh', 5])
    faulty.script(json(good))
    await pass(3 * everyMs, hangs)
    expect([freshness('faulty'), freshness('derived'), rowCount('derived')]).toEqual(['fresh', 'fresh', 30])
  })

  test('`[]` once: held one poll, nothing is shown as gone; twice: believed', async () => {
    await start({})
    await pass(everyMs)
    const { version } = graph.feed('faulty')?.position ?? {}
    faulty.script(json([]), json(good))
    await pass(everyMs)
    expect(freshness('derived')).toBe('degraded: rows: no rows, after 30: the last rows are kept until the next poll says so too')
    await pass(everyMs)
    expect([freshness('derived'), graph.feed('faulty')?.position.version]).toEqual(['fresh', version])
    faulty.script(json([]))
    await pass(2 * everyMs)
    expect([freshness('derived'), rowCount('derived')]).toEqual(['fresh', 0])
  })

  test('`__proto__` keys and columns are data', async () => {
    faulty.script(body('[{"id":"__proto__","__proto__":{"x":1}},{"id":"constructor","toString":2}]'))
    await start({})
    const rows = Object.fromEntries(graph.feed('derived')?.store.rows() ?? [])
    expect(JSON.stringify(Object.entries(rows))).toBe(
      '[["__proto__",{"id":"__proto__","__proto__":{"x":1}}],["constructor",{"id":"constructor","toString":2}]]',
    )
    expect(freshness('derived')).toBe('fresh')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test('refused from the start: down at once with the cause, and no other source notices', async () => {
    const { port } = new URL(faulty.url)
    await faulty.close()
    await start({})
    expect(freshness('derived')).toBe(`down: refused: 127.0.0.1:${port} refused the connection (ECONNREFUSED)`)
    expect(freshness('other')).toBe('fresh')
  })

  test('closed while polls hang: no connection and no timer is left', async () => {
    await start({})
    faulty.script(upstreams.hangMidBody)
    await pass(everyMs, true)
    expect(pollers.some(poller => poller.polling)).toBe(true)
    await graph.close()
    for (let turn = 0; turn < 200; turn++) await settle()
    expect([faulty.openConnections, other.openConnections, clock.pending]).toEqual([0, 0, 0])
  })
})
