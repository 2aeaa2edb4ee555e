import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import { until } from '../support/http-source.ts'
import { SinkWorld, startMs } from '../support/sink-world.ts'
import { status, Upstream } from '../support/upstream.ts'

const minute = 60_000

let receiver: Upstream
let world: SinkWorld | undefined

beforeEach(async () => {
  receiver = await Upstream.start(status(200))
})

afterEach(async () => {
  receiver.script(status(200))
  await world?.close()
  await receiver.close()
})

interface Posted {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

const posted = (): Posted[][] => receiver.requests.map(({ body }) => JSON.parse(body) as Posted[])
const at = (ms: number): string => new Date(startMs + ms).toISOString()

function worldOf(options: object = {}, feed: object = {}): SinkWorld {
  const alert = { when: 'n < 5', for: '1m', severity: 'page', text: '{{id}} has {{n}}' }
  const sinks = [{ alertmanager: { url: `${receiver.url}am`, ...options } }]
  world = new SinkWorld({ low: { from: 's', steps: [{ alert }], sinks, ...feed } })
  return world
}

/** Time passes, and so many requests have come and are answered. */
async function after(ms: number, count: number): Promise<void> {
  await world?.clock.advanceAsync(ms)
  await until(() => receiver.count >= count)
  const delivered = (): number => (world?.waysOut.sinks.figures() ?? []).reduce((sum, sink) => sum + sink.delivered + sink.failed, 0)
  await until(() => delivered() >= count)
  expect(receiver.count).toBe(count)
}

const rows = (count: number, n: number): Row[] => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, n }))

test('500 rows that fire are one request at that very time; sent again each resend, ended when resolved, for 15 minutes', async () => {
  const { s } = worldOf()
  s.answer(rows(500, 1))
  await after(minute - 1, 0)
  await after(1, 1)
  expect(posted()[0]).toHaveLength(500)
  expect(receiver.last?.path).toBe('/am/api/v2/alerts')
  expect(posted()[0]?.[3]).toEqual({
    labels: { alertname: 'low', key: 'r3', severity: 'page' },
    annotations: { summary: 'r3 has 1', value: '1' },
    startsAt: at(minute),
    endsAt: at(minute + 4 * minute),
  })
  await after(minute, 2)
  expect(posted()[1]).toHaveLength(500)
  expect(posted()[1]?.[3]?.endsAt).toBe(at(6 * minute))
  s.answer([{ id: 'r0', n: 9 }, ...rows(500, 1).slice(1)])
  await after(0, 3)
  expect(posted()[2]).toMatchObject([{ labels: { key: 'r0' }, startsAt: at(minute), endsAt: at(2 * minute) }])
  for (let resend = 1; resend <= 15; resend++) await after(minute, 3 + resend)
  expect(
    posted()
      .slice(3)
      .map(alerts => alerts.length),
  ).toEqual(Array.from({ length: 15 }, () => 500))
  await after(minute, 19)
  expect(posted()[18]?.map(({ labels }) => labels['key'])).not.toContain('r0')
})

test('labels stay as they were when the alert began to fire, so that it stays the same one', async () => {
  const { s } = worldOf({ labels: { team: 'team', fixed: '"x"', none: 'team == "a" ? null : 1' } })
  s.answer([{ id: 'a', n: 1, team: 'a' }])
  await after(minute, 1)
  s.answer([{ id: 'a', n: 2, team: 'b' }])
  await after(minute, 2)
  s.answer([{ id: 'a', n: 9, team: 'c' }])
  await after(0, 3)
  const labels = { alertname: 'low', key: 'a', severity: 'page', team: 'a', fixed: 'x' }
  expect(
    posted()
      .flat()
      .map(alert => alert.labels),
  ).toEqual([labels, labels, labels])
})

test('a source that is down is one alert until it answers; what fires goes on', async () => {
  const { s } = worldOf({}, { steps: [{ alert: { when: 'n < 5' } }] })
  s.answer(rows(3, 1))
  await after(0, 1)
  s.fail()
  await after(30_000, 1)
  s.fail()
  await after(30_000, 3)
  const outage = { labels: { alertname: 'MillraceDown', feed: 's' }, annotations: { cause: 'refused', stops: 'low' } }
  expect(
    posted()
      .slice(1)
      .map(alerts => alerts.length)
      .toSorted((a, b) => a - b),
  ).toEqual([1, 3])
  expect(posted().flat()).toContainEqual(expect.objectContaining({ labels: outage.labels }))
  s.answer(rows(3, 1))
  await after(0, 4)
  expect(posted()[3]).toMatchObject([{ ...outage, startsAt: at(minute), endsAt: at(minute) }])
})

test('what does not get there is followed by what is the case then, never by what was', async () => {
  receiver.script(status(503))
  const { s, waysOut } = worldOf({}, { steps: [{ alert: { when: 'n < 5' } }] })
  s.answer(rows(2, 1))
  await after(0, 1)
  s.answer([
    { id: 'r0', n: 9 },
    { id: 'r1', n: 1 },
  ])
  receiver.script(status(200))
  await after(0, 2)
  expect(posted()[1]?.map(({ labels, endsAt }) => [labels['key'], endsAt])).toEqual([
    ['r0', at(0)],
    ['r1', at(4 * minute)],
  ])
  expect(waysOut.sinks.figures()[0]).toMatchObject({ kind: 'alertmanager', delivered: 1, failed: 1, waiting: 0 })
})

test('who asks to be left alone is, whatever changes meanwhile', async () => {
  receiver.script(status(429, { 'retry-after': '600' }))
  const { s } = worldOf({}, { steps: [{ alert: { when: 'n < 5' } }] })
  s.answer(rows(2, 1))
  await after(0, 1)
  receiver.script(status(200))
  for (let i = 0; i < 9; i++) {
    s.answer(rows(2, i % 2 === 0 ? 9 : 1))
    await after(minute, 1)
  }
  await after(minute, 2)
})

test('after an outage what still fires is told at once, not only what changed', async () => {
  const { s } = worldOf({}, { steps: [{ alert: { when: 'n < 5' } }] })
  s.answer(rows(2, 1))
  await after(0, 1)
  receiver.script(status(503))
  s.answer(rows(3, 1))
  await after(0, 2)
  receiver.script(status(200))
  s.answer(rows(4, 1))
  await after(0, 3)
  await after(0, 4)
  expect(posted().map(alerts => alerts.map(({ labels }) => labels['key']))).toEqual([
    ['r0', 'r1'],
    ['r2'],
    ['r2', 'r3'],
    ['r0', 'r1', 'r2', 'r3'],
  ])
})

test('a feed that is muted is told of no more, and of once more when that ends; one that is gone ends there', async () => {
  const { s, clock, waysOut } = worldOf({ resend: '10m' }, { steps: [{ alert: { when: 'n < 5' } }] })
  s.answer(rows(1, 1))
  await after(0, 1)
  waysOut.sinks.mute('low', clock.now() + minute)
  s.answer([...rows(1, 9), { id: 'new', n: 1 }])
  await after(minute - 1, 1)
  await after(1, 2)
  expect(
    posted()[1]
      ?.map(({ labels }) => labels['key'])
      .toSorted(),
  ).toEqual(['new', 'r0'])
  world?.replace({
    low: { from: 's', steps: [{ alert: { when: 'n < 5' } }] },
    kept: { from: 's', sinks: [{ alertmanager: { url: `${receiver.url}am`, resend: '10m' } }] },
  })
  await after(0, 3)
  expect(posted()[2]?.find(({ labels }) => labels['key'] === 'new')?.endsAt).toBe(at(minute))
})
