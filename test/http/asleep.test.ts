import { afterEach, beforeEach, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { MillraceServer } from '../../src/server.ts'
import { answeringTap } from '../support/answering-tap.ts'
import { ManualClock } from '../support/manual-clock.ts'

const hourMs = 3_600_000

let clock: ManualClock
let server: MillraceServer
let url: string
let n: number
let polls: number
let isFailing: boolean

/** A server whose source was asked once, by somebody who has long left. */
beforeEach(async () => {
  clock = new ManualClock()
  ;[n, polls, isFailing] = [1, 0, false]
  const things = { url: 'http://upstream.example/{day}', every: '10s', linger: '5s', params: { day: { default: 'today' } }, private: true }
  const loaded = configOf({
    server: { port: 0, drain: '10ms' },
    sources: { things, hidden: { url: 'http://upstream.example/hidden', public: false } },
    feeds: { few: { from: 'things', steps: [{ where: 'n < 9' }] } },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const upstream = answeringTap(() => {
    polls++
    return isFailing ? { status: 500 } : { status: 200, body: [{ id: 'a', n }] }
  })
  const taps = { link: () => upstream, origin: (_source: string, origin: never) => origin }
  server = new MillraceServer({ config: loaded.config, clock, readerClock: systemClock(), taps })
  url = await server.listen()
  await ask('things')
  await clock.advanceAsync(hourMs)
  ;[n, polls] = [2, 0]
})

afterEach(() => server.close())

interface Answer {
  readonly status: number
  readonly state: string | null
  readonly tag: string
  readonly body: string
  /** How long it took, by the time that sources live by. */
  readonly tookMs: number
}

/** Asks while that time goes on. */
async function ask(feed: string, init: RequestInit = {}): Promise<Answer> {
  const beganMs = clock.monotonic()
  const asked = fetch(`${url}/feeds/${feed}`, init)
  let response: Response | undefined
  while (response === undefined) response = await Promise.race([asked, clock.advanceAsync(10).then(() => undefined)])
  const { status, headers } = response
  const tookMs = clock.monotonic() - beganMs
  return { status, state: headers.get('millrace-state'), tag: headers.get('etag') ?? '', body: await response.text(), tookMs }
}

test.each(['things', 'few', 'things?where=n > 1&limit=5'])('%s is shown as it is now, not as it was when it fell asleep', async feed => {
  const { status, state, body } = await ask(feed)
  expect([status, state, JSON.parse(body)]).toMatchObject([200, 'fresh', { rows: [{ id: 'a', n: 2 }] }])
  expect(polls).toBe(1)
})

test('so are its tag, a HEAD, and what is no other than before', async () => {
  const head = await ask('things', { method: 'HEAD' })
  expect([head.status, head.state, head.body]).toEqual([200, 'fresh', ''])
  const { tag } = await ask('things')
  expect(tag).toBe(head.tag)
  await clock.advanceAsync(hourMs)
  polls = 0
  const same = await ask('things', { headers: { 'If-None-Match': tag } })
  expect([same.status, same.state, same.tag, polls]).toEqual([304, 'fresh', tag, 1])
  await clock.advanceAsync(hourMs)
  n = 3
  expect(await ask('things', { headers: { 'If-None-Match': tag } })).toMatchObject({ status: 200, state: 'fresh' })
})

test('one that does not answer is waited for 5 s, and what there is comes with its state', async () => {
  isFailing = true
  const { status, state, body, tookMs } = await ask('things')
  expect([status, state, JSON.parse(body)]).toMatchObject([200, 'stale; cause=http', { rows: [{ id: 'a', n: 1 }] }])
  expect(tookMs).toBeGreaterThanOrEqual(5000)
  expect(tookMs).toBeLessThan(5500)
})

test('what is hidden is not woken, nor a source for a set of its params', async () => {
  expect(await ask('hidden')).toMatchObject({ status: 404 })
  expect(await ask('hidden/health')).toMatchObject({ status: 404 })
  await ask('things?p.day=monday')
  expect(polls).toBe(1)
})
