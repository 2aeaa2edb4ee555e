import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import { outageMessage } from '../../src/sink/message.ts'
import { until } from '../support/http-source.ts'
import { SinkWorld, startMs } from '../support/sink-world.ts'
import { hangBeforeHeaders, redirect, resetBeforeHeaders, status, Upstream } from '../support/upstream.ts'

const minute = 60_000

let receiver: Upstream
let world: SinkWorld | undefined

beforeEach(async () => {
  receiver = await Upstream.start(status(204))
})

afterEach(async () => {
  receiver.script(status(204))
  await world?.close()
  await receiver.close()
})

interface Told {
  readonly id: string
  readonly at: number
  readonly feed: string
  readonly status: string
  readonly title: string
  readonly text: string
  readonly count: number
  readonly rows: readonly { readonly key: string; readonly change: string; readonly row: Row }[]
  readonly feeds?: readonly string[]
}

function told(): Told[] {
  return receiver.requests.map(({ body }) => JSON.parse(body) as Told)
}

const changes = (message: Told | undefined): string[] => (message?.rows ?? []).map(({ key, change }) => `${change} ${key}`)

/** A feed of the alerts of `s` that fire below 5. */
const low = (options: object = {}): object => ({
  from: 's',
  steps: [{ alert: { when: 'n < 5', text: '{{id}} has {{n}}' } }],
  sinks: [{ webhook: { url: receiver.url, ...options } }],
})

const rows = (count: number, n: number): Row[] => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, n }))

function worldOf(feeds: object): SinkWorld {
  world = new SinkWorld(feeds)
  return world
}

/** So many requests have come, and what follows an answer has been done. */
async function received(count: number): Promise<void> {
  await until(() => receiver.count >= count)
  const { sinks } = world?.waysOut ?? {}
  await until(() => (sinks?.figures() ?? []).every(({ delivered, failed }) => delivered + failed > 0))
  for (let turn = 0; turn < 20; turn++) await world?.clock.advanceAsync(0)
}

describe('what is told', () => {
  test('500 rows that fire are one message, at the exact time the group has waited', async () => {
    const { s, clock } = worldOf({ low: low() })
    expect(s.polling).toBe(true)
    s.answer(rows(500, 1))
    await clock.advanceAsync(29_999)
    expect(receiver.count).toBe(0)
    await clock.advanceAsync(1)
    await received(1)
    const [message] = told()
    expect(message).toMatchObject({ feed: 'low', status: 'firing', title: 'low: 500 firing', count: 500, at: startMs + 30_000 })
    expect(message?.text.split('\n').at(0)).toBe('firing r0: r0 has 1')
    expect(message?.text.split('\n').at(-1)).toBe('and 480 more')
    expect(message?.rows[7]).toMatchObject({ key: 'r7', change: 'firing', row: { key: 'r7', state: 'firing', n: 1, since: startMs } })
    expect(receiver.last?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': message?.id })
    await clock.advanceAsync(10 * minute)
    expect(receiver.count).toBe(1)
  })

  test('an alert that waits is told at the exact time, though nobody reads', async () => {
    const alert = { when: 'n < 5', for: '1m' }
    const { s, clock } = worldOf({ low: { from: 's', steps: [{ alert }], sinks: [{ webhook: { url: receiver.url, groupWait: '1s' } }] } })
    s.answer(rows(1, 1))
    await clock.advanceAsync(minute + 999)
    expect([receiver.count, clock.now()]).toEqual([0, startMs + minute + 999])
    await clock.advanceAsync(1)
    await received(1)
    expect(told()[0]).toMatchObject({ at: startMs + minute + 1000, rows: [{ key: 'r0', row: { since: startMs + minute } }] })
  })

  test('what is resolved is told; what fired and was resolved while the group waited is not; a value that changes is no news', async () => {
    const { s, clock } = worldOf({ low: low() })
    s.answer([
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
    ])
    s.answer([
      { id: 'a', n: 2 },
      { id: 'b', n: 9 },
    ])
    await clock.advanceAsync(30_000)
    await received(1)
    expect(changes(told()[0])).toEqual(['firing a'])
    s.answer([
      { id: 'a', n: 3 },
      { id: 'b', n: 9 },
    ])
    await clock.advanceAsync(30_000)
    expect(receiver.count).toBe(1)
    s.answer([
      { id: 'a', n: 9 },
      { id: 'b', n: 9 },
    ])
    await clock.advanceAsync(30_000)
    await received(2)
    expect(told()[1]).toMatchObject({ status: 'resolved', title: 'low: 1 resolved' })
    expect(told()[1]?.rows[0]?.row).toMatchObject({ key: 'a', state: 'resolved', n: 9 })
  })

  test('of a table: the net difference to what was told; its first table is none', async () => {
    const { s, clock } = worldOf({ all: { from: 's', sinks: [{ webhook: { url: receiver.url, groupWait: '5s' } }] } })
    s.answer([
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
      { id: 'c', n: 1 },
    ])
    await clock.advanceAsync(minute)
    expect(receiver.count).toBe(0)
    s.answer([
      { id: 'a', n: 2 },
      { id: 'c', n: 2 },
      { id: 'd', n: 1 },
      { id: 'e', n: 1 },
    ])
    s.answer([
      { id: 'a', n: 3 },
      { id: 'c', n: 1 },
      { id: 'd', n: 1 },
    ])
    await clock.advanceAsync(5000)
    await received(1)
    expect(changes(told()[0])).toEqual(['left b', 'appeared d', 'changed a'])
    expect(told()[0]?.rows.map(({ row }) => row['n'])).toEqual([1, 1, 3])
    expect(told()[0]).toMatchObject({ status: 'changed', title: 'all: 1 appeared, 1 changed, 1 left' })
  })

  test('of events: those that come, not those that make room', async () => {
    const webhook = { webhook: { url: receiver.url, groupWait: '1s' } }
    const { s, clock } = worldOf({ log: { from: 's', steps: [{ events: { keep: 2 } }], sinks: [webhook] } })
    s.answer([{ id: 'a', n: 0 }])
    for (const n of [1, 2, 3]) {
      s.answer([{ id: 'a', n }])
      await clock.advanceAsync(1000)
      await received(n)
    }
    expect(told().map(message => message.rows.map(({ change, row }) => [change, row['n']]))).toEqual([
      [['appeared', 1]],
      [['appeared', 2]],
      [['appeared', 3]],
    ])
  })

  test('more than 1000 rows are several messages', async () => {
    const { s, clock } = worldOf({ low: low() })
    s.answer(rows(2500, 1))
    await clock.advanceAsync(30_000)
    await received(3)
    expect(told().map(({ count }) => count)).toEqual([1000, 1000, 500])
    expect(new Set(told().flatMap(changes)).size).toBe(2500)
  })

  test('and what comes while they are under way is not forgotten', async () => {
    const { s, clock } = worldOf({ low: low() })
    let answer: (() => void) | undefined
    receiver.script((_request, response) => void (answer = () => response.writeHead(200).end('')))
    s.answer(rows(2500, 1))
    await clock.advanceAsync(30_000)
    await until(() => receiver.count === 1 && answer !== undefined)
    s.answer([...rows(1, 9), ...rows(2500, 1).slice(1)])
    receiver.script(status(200))
    answer?.()
    await received(4)
    expect(told().map(({ count }) => count)).toEqual([1000, 1000, 500, 1])
  })

  test('a body of templates, quoted as JSON; and as a text', async () => {
    const body = { text: '{{title}}', list: ['{{rows.map(r, r.key).join(",")}}', 7], 'x-{{y': { ok: true } }
    const text = { ...low({ body: '{{status}}: {{count}}\n' }), sinks: [{ webhook: { url: receiver.url, body: '{{status}}: {{count}}' } }] }
    const { s, clock } = worldOf({ 'quo-ted': low({ body }), text })
    s.answer([{ id: '"x"', n: 1 }])
    await clock.advanceAsync(30_000)
    await received(2)
    const bodies = receiver.requests.map(request => [request.headers['content-type'], request.body])
    expect(bodies).toContainEqual(['text/plain; charset=utf-8', 'firing: 1'])
    const [, quoted = ''] = bodies.find(([type]) => type === 'application/json') ?? []
    expect(JSON.parse(String(quoted))).toEqual({ text: 'quo-ted: 1 firing', list: ['"x"', 7], 'x-{{y': { ok: true } })
  })

  test('each try is signed anew, with its own time, by the scheme of Standard Webhooks', async () => {
    receiver.script(status(503, { 'retry-after': '3' }), status(204))
    const { s, clock } = worldOf({ low: low({ secret: 'whsec_c2VjcmV0', headers: { 'X-Team': 'ops' } }) })
    s.answer([{ id: 'a', n: 1 }])
    await clock.advanceAsync(30_000)
    await received(1)
    await clock.advanceAsync(5000)
    await received(2)
    for (const { headers, body } of receiver.requests) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
      const expected = createHmac('sha256', 'secret').update(signed).digest('base64')
      expect(headers).toMatchObject({ 'webhook-signature': `v1,${expected}`, 'x-team': 'ops' })
    }
    const [first, second] = receiver.requests.map(({ headers }) => headers)
    expect(second?.['webhook-id']).toBe(first?.['webhook-id'])
    expect(Number(second?.['webhook-timestamp'])).toBeGreaterThan(Number(first?.['webhook-timestamp']))
  })
})

describe('a receiver that fails', () => {
  test.each([
    ['answers 500', status(500), 0, 499],
    ['asks to be left alone', status(429, { 'retry-after': '120' }), 0, 119_999],
    ['resets', resetBeforeHeaders, 0, 499],
    ['hangs', hangBeforeHeaders, 10_000, 499],
  ])(
    '%s: the message is tried again under its id, later news gather meanwhile, no feed waits',
    async (_, behaviour, failsAfterMs, leftAloneMs) => {
      receiver.script(behaviour)
      const { s, clock, graph, waysOut, log } = worldOf({ low: low({ groupWait: '1s' }) })
      s.answer([{ id: 'a', n: 1 }])
      await clock.advanceAsync(1000)
      await until(() => receiver.count === 1)
      await clock.advanceAsync(failsAfterMs)
      await until(() => waysOut.sinks.figures()[0]?.failed === 1)
      s.answer([
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
      ])
      expect(graph.feed('low')?.store.count).toBe(2)
      receiver.script(status(200))
      await clock.advanceAsync(leftAloneMs)
      expect(receiver.count).toBe(1)
      await clock.advanceAsync(1000)
      await received(3)
      expect(told().map(message => [message.id === told()[0]?.id, changes(message)])).toEqual([
        [true, ['firing a']],
        [true, ['firing a']],
        [false, ['firing b']],
      ])
      expect(waysOut.sinks.figures()[0]).toMatchObject({ delivered: 2, failed: 1, refused: 0, waiting: 0 })
      expect(log.lines.filter(line => line.includes('webhook'))).toEqual([
        expect.stringMatching(/^warn: webhook 127\.0\.0\.1:\d+ is told later: /),
        expect.stringMatching(/^info: webhook .* can be told again$/),
      ])
    },
  )

  test.each([
    ['an answer that will not change', status(400), 'answered 400'],
    ['a redirect, which is not followed', redirect('/other', 307), 'answered 307: redirects are not followed'],
  ])('%s: given up, counted and said', async (_, behaviour, why) => {
    receiver.script(behaviour)
    const { s, clock, waysOut, log } = worldOf({ low: low() })
    s.answer([{ id: 'a', n: 1 }])
    await clock.advanceAsync(30_000)
    await until(() => waysOut.sinks.figures()[0]?.refused === 1)
    await clock.advanceAsync(60 * minute)
    expect(receiver.count).toBe(1)
    expect(waysOut.sinks.figures()[0]).toMatchObject({ kind: 'webhook', target: new URL(receiver.url).host, delivered: 0 })
    expect(log.lines.at(-1)).toMatch(new RegExp(`^error: a message to webhook .* is given up: .* ${why}$`))
  })

  test('however long it fails, one message and the table are all that is kept', async () => {
    receiver.script(status(500))
    const steps = [{ alert: { when: 'n < 5', onMissing: 'resolve' } }]
    const { s, clock, waysOut } = worldOf({ low: { ...low({ groupWait: '1s' }), steps } })
    s.answer([{ id: 'first', n: 1 }])
    await clock.advanceAsync(1000)
    await until(() => waysOut.sinks.figures()[0]?.failed === 1)
    for (let i = 0; i < 300; i++) s.answer([{ id: `r${i}`, n: 1 }])
    s.answer([{ id: 'last', n: 1 }])
    receiver.script(status(200))
    await clock.advanceAsync(3000)
    await received(3)
    // What came and went meanwhile nobody needs to hear of, but of the first one somebody may have heard.
    expect(told().slice(1).map(changes)).toEqual([['resolved first'], ['firing last']])
  })
})

describe('an outage of a source', () => {
  const three = (): object => ({ low: low(), other: low(), all: { from: 's', sinks: [{ webhook: { url: receiver.url } }] } })

  test('is one message for all feeds and rows, and one when it is over', async () => {
    const { s, clock } = worldOf(three())
    s.answer(rows(500, 9))
    for (let i = 0; i < 70; i++) {
      await clock.advanceAsync(1000)
      s.fail()
    }
    await clock.advanceAsync(30_000)
    await received(1)
    expect(told()).toMatchObject([
      { feed: 's', status: 'down', title: "source 's' is down: connection refused", cause: 'refused', count: 0 },
    ])
    expect(told()[0]?.feeds?.toSorted()).toEqual(['all', 'low', 'other'])
    expect(told()[0]?.text).toMatch(/^feeds that read it: \w+, \w+, \w+$/)
    s.answer(rows(500, 9))
    await clock.advanceAsync(30_000)
    await received(2)
    expect(told()[1]).toMatchObject({ feed: 's', status: 'up', title: "source 's' is up again" })
    await clock.advanceAsync(10 * minute)
    expect(receiver.count).toBe(2)
  })

  test('of a feed whose sources are there says that it is its own', () => {
    const outage = { subject: 'low', isSource: false, since: 0, feeds: ['low'], reason: 'a step failed' }
    const made = { id: 'a', at: 0 }
    expect(outageMessage(outage, true, made)).toMatchObject({
      title: "feed 'low' is down: a step failed",
      text: 'its steps fail, not its sources',
    })
    expect(outageMessage(outage, false, made)).toMatchObject({ title: "feed 'low' is up again", text: 'its steps work again' })
  })

  test('that is over before the group has waited is none', async () => {
    const { s, clock, graph } = worldOf(three())
    s.answer(rows(2, 9))
    s.fail()
    await clock.advanceAsync(61_000)
    s.fail()
    expect(graph.feed('low')?.freshness.state).toBe('down')
    s.answer(rows(2, 9))
    await clock.advanceAsync(minute)
    expect(receiver.count).toBe(0)
  })

  test('a flapping source resolves nothing, nor do rows that are missing now and then', async () => {
    const { s, clock, graph } = worldOf({ low: low() })
    for (let i = 0; i < 20; i++) {
      s.answer(rows(3, 1))
      for (let j = 0; j < 10; j++) {
        await clock.advanceAsync(1000)
        if (i % 2 === 0) s.fail()
        else s.answer(rows(j % 3, 1))
      }
    }
    await received(1)
    expect(graph.feed('low')?.store.count).toBe(3)
    expect(told().map(({ title }) => title)).toEqual(['low: 3 firing'])
  })
})

describe('a mute', () => {
  test('of alerts: nothing until it ends, then what still holds', async () => {
    const { s, clock, waysOut } = worldOf({ low: low({ groupWait: '1s' }) })
    s.answer([{ id: 'a', n: 1 }])
    await clock.advanceAsync(1000)
    await received(1)
    expect(waysOut.sinks.mute('low', clock.now() + 10 * minute)).toBe(true)
    expect(waysOut.sinks.mutedUntil('low')).toBe(clock.now() + 10 * minute)
    s.answer([
      { id: 'a', n: 9 },
      { id: 'b', n: 1 },
      { id: 'c', n: 1 },
    ])
    s.answer([
      { id: 'a', n: 9 },
      { id: 'b', n: 1 },
      { id: 'c', n: 9 },
    ])
    await clock.advanceAsync(10 * minute - 1)
    expect(receiver.count).toBe(1)
    await clock.advanceAsync(1001)
    await received(2)
    expect(changes(told()[1]).toSorted()).toEqual(['firing b', 'resolved a'])
    expect(waysOut.sinks.mutedUntil('low')).toBeUndefined()
    expect(waysOut.sinks.mute('nope', clock.now() + 1)).toBe(false)
  })

  test('of a table: what happens meanwhile is not told later; outages neither, but for one that lasts', async () => {
    const { s, clock, waysOut } = worldOf({ all: { from: 's', sinks: [{ webhook: { url: receiver.url, groupWait: '1s' } }] } })
    s.answer([{ id: 'a', n: 1 }])
    await clock.advanceAsync(1000)
    waysOut.sinks.mute('all', clock.now() + 60 * minute)
    s.answer([{ id: 'a', n: 2 }])
    await clock.advanceAsync(1000)
    s.fail()
    await clock.advanceAsync(minute)
    s.fail()
    await clock.advanceAsync(minute)
    expect(receiver.count).toBe(0)
    waysOut.sinks.mute('all', 0)
    await clock.advanceAsync(1000)
    await received(1)
    expect(told().map(message => message.status)).toEqual(['down'])
    s.answer([{ id: 'a', n: 3 }])
    await clock.advanceAsync(1000)
    await received(3)
    expect(
      told()
        .slice(1)
        .map(message => [message.status, changes(message)]),
    ).toEqual(
      expect.arrayContaining([
        ['up', []],
        ['changed', ['changed a']],
      ]),
    )
  })
})

describe('another config', () => {
  test('who is told as before is not told twice; a feed that is gone is told of no more; the table goes on', async () => {
    const { s, clock, graph } = worldOf({ low: low(), gone: low() })
    s.answer([{ id: 'a', n: 1 }])
    await clock.advanceAsync(30_000)
    await received(2)
    const { epoch } = graph.feed('low')?.position ?? {}
    world?.replace({ low: { ...low(), sinks: ['log', ...(low() as { sinks: object[] }).sinks] } })
    await clock.advanceAsync(minute)
    expect(receiver.count).toBe(2)
    expect(graph.feed('low')?.position.epoch).toBe(epoch)
    expect(world?.log.lines).toContain('warn: low: firing a: a has 1')
    s.answer([{ id: 'a', n: 9 }])
    await clock.advanceAsync(30_000)
    await received(3)
    expect(
      told()
        .slice(2)
        .map(({ title }) => title),
    ).toEqual(['low: 1 resolved'])
  })

  test('what waits is told at the end, too', async () => {
    const { s, clock } = worldOf({ low: low() })
    s.answer([{ id: 'a', n: 1 }])
    await clock.advanceAsync(1000)
    await world?.close()
    world = undefined
    expect(told().map(({ title }) => title)).toEqual(['low: 1 firing'])
  })
})

describe('after a restart', () => {
  const quick = (): object => low({ groupWait: '1s' })

  /** The world ends, or what is left of it is that of a moment ago; another one begins a minute later. */
  async function next(feeds: object, left = world?.left()): Promise<SinkWorld> {
    const atMs = (world?.clock.now() ?? 0) + minute
    await world?.close()
    world = new SinkWorld(feeds, left, atMs)
    return world
  }

  test('what was told is not told again, what is resolved since is, and what is new', async () => {
    const first = worldOf({ low: quick() })
    first.s.answer(rows(3, 1))
    await first.clock.advanceAsync(1000)
    await received(1)
    const { s, clock } = await next({ low: quick() })
    await clock.advanceAsync(minute)
    s.answer(rows(3, 1))
    await clock.advanceAsync(10 * minute)
    expect(receiver.count).toBe(1)
    s.answer([
      { id: 'r0', n: 9 },
      { id: 'r1', n: 1 },
      { id: 'new', n: 1 },
    ])
    await clock.advanceAsync(1000)
    await received(2)
    expect(changes(told()[1])).toEqual(['resolved r0', 'firing new'])
  })

  test('what was resolved while nobody looked is told with the first table', async () => {
    const first = worldOf({ low: quick() })
    first.s.answer(rows(2, 1))
    await first.clock.advanceAsync(1000)
    await received(1)
    const { s, clock } = await next({ low: quick() })
    s.answer(rows(2, 9))
    await clock.advanceAsync(1000)
    await received(2)
    expect(changes(told()[1])).toEqual(['resolved r0', 'resolved r1'])
  })

  test('a message that nobody took, as the process was killed, is told', async () => {
    const first = worldOf({ low: quick() })
    receiver.script(hangBeforeHeaders)
    first.s.answer(rows(1, 1))
    await first.clock.advanceAsync(1000)
    await until(() => receiver.count === 1)
    const left = first.left()
    receiver.script(status(204))
    const { s, clock } = await next({ low: quick() }, left)
    const before = receiver.count
    s.answer(rows(1, 1))
    await clock.advanceAsync(1000)
    await received(before + 1)
    expect(changes(told().at(-1))).toEqual(['firing r0'])
  })

  test('an outage is one message over it, and one when it is over', async () => {
    const first = worldOf({ low: quick() })
    first.s.answer(rows(1, 9))
    for (let i = 0; i < 3; i++) {
      await first.clock.advanceAsync(61_000)
      first.s.fail()
    }
    await first.clock.advanceAsync(1000)
    await received(1)
    const { s, clock } = await next({ low: quick() })
    await clock.advanceAsync(minute)
    for (let i = 0; i < 3; i++) {
      s.fail()
      await clock.advanceAsync(61_000)
    }
    expect(told().map(({ status: state }) => state)).toEqual(['down'])
    s.answer(rows(1, 9))
    await clock.advanceAsync(1000)
    await received(2)
    expect(told().map(({ status: state, feed }) => [state, feed])).toEqual([
      ['down', 's'],
      ['up', 's'],
    ])
  })

  test('a feed that is defined otherwise, another receiver, and what is nothing of the kind: told as if never', async () => {
    const first = worldOf({ low: quick() })
    first.s.answer(rows(1, 1))
    await first.clock.advanceAsync(1000)
    await received(1)
    const left = first.left()
    const [[id, kept] = ['']] = Object.entries(left['told'] as Record<string, { firing: object[] }>)
    const [firing] = kept?.firing ?? []
    const odd = [null, 3, { firing: {}, down: [] }, { firing: [4], down: [] }, { firing: [{ ...firing, rows: [['r0', 1]] }], down: [] }]
    const more = [
      { firing: [], down: [{ subject: 's', since: 'x', feeds: [] }] },
      { firing: [], down: [{ subject: 's', since: 1 }] },
    ]
    const runs: [feed: object, told: unknown][] = [
      [{ ...quick(), description: 'other' }, left['told']],
      [{ ...quick(), steps: [{ alert: { when: 'n < 6' } }] }, left['told']],
      [low({ groupWait: '2s' }), left['told']],
      ...[...odd, ...more].map((of): [object, unknown] => [quick(), { [id]: of }]),
      [quick(), null],
    ]
    const counts: number[] = []
    for (const [feed, saved] of runs) {
      const before = receiver.count
      const { s, clock } = await next({ low: feed }, { ...left, told: saved })
      s.answer(rows(1, 1))
      await clock.advanceAsync(2000)
      await until(() => [...(world?.waysOut.sinks.figures() ?? [])].every(({ waiting }) => waiting === 0))
      counts.push(receiver.count - before)
    }
    expect(counts).toEqual([0, ...runs.slice(1).map(() => 1)])
  })
})
