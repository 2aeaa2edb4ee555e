import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import type { Row } from '../../src/model/row.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { Courier, type Outlet } from '../../src/sink/courier.ts'
import type { Message } from '../../src/sink/message.ts'
import { DeliveryError } from '../../src/sink/post.ts'
import { until } from '../support/http-source.ts'
import { SinkWorld } from '../support/sink-world.ts'
import { status, Upstream } from '../support/upstream.ts'

const minute = 60_000

/** Without a connection that is kept, so that whoever comes next sees whether there is somebody. */
const taken = status(204, { connection: 'close' })

const lowSteps = [{ alert: { when: 'n < 5', onMissing: 'resolve' } }]

let receiver: Upstream
let world: SinkWorld

beforeEach(async () => {
  receiver = await Upstream.start(taken)
  world = new SinkWorld({ low: webhook({ steps: lowSteps }) })
})

afterEach(async () => {
  receiver.script(taken)
  await world.close()
  await receiver.close()
})

interface Told {
  readonly id: string
  readonly status: string
  readonly rows: readonly { readonly key: string; readonly change: string; readonly row: Row }[]
}

const webhook = (feed: object): object => ({ from: 's', sinks: [{ webhook: { url: receiver.url, groupWait: '1s' } }], ...feed })

const told = (): Told[] => receiver.requests.map(({ body }) => JSON.parse(body) as Told)

const changes = (message: Told | undefined): string[] => (message?.rows ?? []).map(({ key, change }) => `${change} ${key}`)

const figures = () => world.waysOut.sinks.figures()[0]

const rowsOf = (numbers: Readonly<Record<string, number>>): Row[] => Object.entries(numbers).map(([id, n]) => ({ id, n }))

/** What the group has waited for was tried once, and did not get there. */
async function failed(): Promise<void> {
  const before = figures()?.failed ?? 0
  await world.clock.advanceAsync(1000)
  await until(() => (figures()?.failed ?? 0) > before)
}

/** So many messages were taken since the start. */
async function delivered(count: number): Promise<void> {
  for (let second = 0; second < 5; second++) await world.clock.advanceAsync(1000)
  await until(() => figures()?.delivered === count)
  await world.clock.advanceAsync(2000)
}

/** Nothing is told within two minutes. */
async function silence(): Promise<void> {
  const before = receiver.count
  for (let second = 0; second < 120; second++) await world.clock.advanceAsync(1000)
  expect([receiver.count, figures()?.waiting]).toEqual([before, 0])
}

describe('while a receiver cannot be reached', () => {
  test('what came and went is none, what still holds is told as it is now', async () => {
    await receiver.close()
    world.s.answer(rowsOf({ a: 1, b: 1 }))
    await failed()
    expect(figures()).toMatchObject({ failed: 1, waiting: 1 })
    world.s.answer(rowsOf({ a: 9, b: 2 }))
    await receiver.reopen()
    await delivered(1)
    expect(told().map(changes)).toEqual([['firing b']])
    expect(told()[0]?.rows[0]?.row).toMatchObject({ n: 2 })
    expect(figures()).toMatchObject({ delivered: 1, waiting: 0 })
  })

  test('nor is that something was resolved which fires again; the receiver had been reached before', async () => {
    world.s.answer(rowsOf({ a: 1 }))
    await delivered(1)
    await receiver.close()
    world.s.answer(rowsOf({ a: 9 }))
    await failed()
    world.s.answer(rowsOf({ a: 1 }))
    await receiver.reopen()
    await silence()
    world.s.answer(rowsOf({ a: 9 }))
    await delivered(2)
    expect(told().map(changes)).toEqual([['firing a'], ['resolved a']])
  })

  test.each([
    ['a table that is as it was is none', {}, []],
    [
      'an event is told, also where others have taken its place',
      { steps: [{ events: { keep: 1 } }] },
      [
        ['appeared', 2],
        ['appeared', 1],
      ],
    ],
  ])('%s', async (_, feed, expected) => {
    world.replace({ any: webhook(feed) })
    world.s.answer(rowsOf({ a: 1 }))
    await world.clock.advanceAsync(1000)
    await receiver.close()
    world.s.answer(rowsOf({ a: 2 }))
    await failed()
    world.s.answer(rowsOf({ a: 1 }))
    await receiver.reopen()
    await delivered(expected.length)
    expect(told().flatMap(message => message.rows.map(({ change, row }) => [change, row['n']]))).toEqual(expected)
  })

  test('an outage that is over is none', async () => {
    world.s.answer(rowsOf({ a: 9 }))
    await receiver.close()
    world.s.fail()
    await world.clock.advanceAsync(minute)
    await failed()
    world.s.answer(rowsOf({ a: 9 }))
    await receiver.reopen()
    await silence()
  })

  test('nothing is told of what is muted then; when the mute ends, what still holds is', async () => {
    await receiver.close()
    world.s.answer(rowsOf({ a: 1, b: 1 }))
    await failed()
    world.waysOut.sinks.mute('low', world.clock.now() + 10 * minute)
    world.s.answer(rowsOf({ a: 1, b: 9 }))
    await receiver.reopen()
    await silence()
    await world.clock.advanceAsync(8 * minute)
    await delivered(1)
    expect(told().map(changes)).toEqual([['firing a']])
  })
})

describe('what may have arrived', () => {
  test('is told again under its id while it is the same, and as what it has become when it is not', async () => {
    receiver.script(status(500), status(500), taken)
    world.s.answer(rowsOf({ a: 1, b: 1 }))
    await failed()
    world.s.answer(rowsOf({ a: 2, b: 1 }))
    await failed()
    world.s.answer(rowsOf({ a: 2, b: 9 }))
    await delivered(1)
    expect(told().map(changes)).toEqual([
      ['firing a', 'firing b'],
      ['firing a', 'firing b'],
      ['firing a', 'resolved b'],
    ])
    const [first, second, third] = told()
    expect(second).toEqual(first)
    expect(third?.id).not.toBe(first?.id)
  })

  test('and was resolved while it was muted is told as resolved when the mute ends; what fires still, under its id', async () => {
    receiver.script(status(500), taken)
    world.s.answer(rowsOf({ a: 1 }))
    await failed()
    world.waysOut.sinks.mute('low', world.clock.now() + 10 * minute)
    await silence()
    world.waysOut.sinks.mute('low', 0)
    receiver.script(status(500), taken)
    await failed()
    world.waysOut.sinks.mute('low', world.clock.now() + 10 * minute)
    world.s.answer(rowsOf({ a: 9 }))
    await silence()
    world.waysOut.sinks.mute('low', 0)
    await delivered(1)
    expect(told().map(changes)).toEqual([['firing a'], ['firing a'], ['resolved a']])
    expect(told()[1]?.id).toBe(told()[0]?.id)
  })

  test('of an outage is told to be over, after a mute too', async () => {
    world.s.answer(rowsOf({ a: 9 }))
    receiver.script(status(500), taken)
    world.s.fail()
    await world.clock.advanceAsync(minute)
    await failed()
    world.waysOut.sinks.mute('low', world.clock.now() + 10 * minute)
    world.s.answer(rowsOf({ a: 9 }))
    await silence()
    world.waysOut.sinks.mute('low', 0)
    await delivered(1)
    expect(told().map(message => message.status)).toEqual(['down', 'up'])
  })
})

test('the rest of more than 1000 alerts is told after a mute that came between', async () => {
  let answer: (() => void) | undefined
  receiver.script((_request, response) => void (answer = () => response.writeHead(204).end()))
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`r${i}`, 1]))
  world.s.answer(rowsOf(many))
  await world.clock.advanceAsync(1000)
  await until(() => answer !== undefined)
  expect(figures()?.waiting).toBe(1)
  receiver.script(taken)
  world.waysOut.sinks.mute('low', world.clock.now() + 10 * minute)
  answer?.()
  await delivered(1)
  await silence()
  world.waysOut.sinks.mute('low', 0)
  await delivered(2)
  expect(new Set(told().flatMap(changes)).size).toBe(1500)
})

/** What becomes of a try: it is taken, there is no connection, it arrives and nobody says so, or it is lost on the way. */
const fates = ['taken', 'unreachable', 'unanswered', 'lost'] as const

test('whatever fails and is muted: nothing is told of what is muted, and in the end a receiver knows which alerts fire', async () => {
  const numbers = fc.record({ a: fc.constantFrom(1, 9), b: fc.constantFrom(1, 9), c: fc.constantFrom(1, 9) })
  const step = fc.record({ numbers, fate: fc.constantFrom(...fates), isMuted: fc.boolean(), waitMs: fc.constantFrom(0, 1000, 5000) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
      const own = new SinkWorld({ low: { from: 's', steps: lowSteps } })
      const { graph, s, clock, log } = own
      const feed = graph.feed('low')
      if (feed === undefined) throw new Error('no feed')
      let fate: (typeof fates)[number] = 'taken'
      let isMuted = false
      const firing = new Set<string>()
      const faults: string[] = []
      /** Nothing was lost so far, or taken without an answer. */
      let isSure = true
      const byId = new Map<string, Message>()
      const outlet: Outlet = {
        kind: 'webhook',
        target: 'test',
        groupWaitMs: 1000,
        async deliver(message) {
          if (isMuted) faults.push(`told though muted: ${message.title}`)
          if (JSON.stringify(byId.get(message.id) ?? message) !== JSON.stringify(message)) faults.push(`another ${message.id}`)
          byId.set(message.id, message)
          if (fate === 'unreachable') throw new DeliveryError('unreachable', true, { isUnsent: true })
          isSure &&= fate === 'taken'
          if (fate === 'lost') throw new DeliveryError('lost', true)
          for (const { key, change } of message.rows) {
            if (isSure && (change === 'firing') === firing.has(key)) faults.push(`no news: ${message.title}`)
            if (change === 'firing') firing.add(key)
            else firing.delete(key)
          }
          if (fate === 'unanswered') throw new DeliveryError('unanswered', true)
          await Promise.resolve()
        },
        close: () => undefined,
      }
      const courier = new Courier(outlet, { clock, random: seededRandom(1), log: log.logger, isMuted: name => name === 'low' && isMuted })
      const stop = graph.listen({
        tick: ({ changed }) => {
          if (changed.has(feed)) courier.touch(feed)
        },
        freshness: () => undefined,
      })
      courier.follow([feed])
      for (const { numbers: next, waitMs, ...others } of steps) {
        const wasMuted = isMuted
        ;({ fate, isMuted } = others)
        if (wasMuted && !isMuted) courier.touch(feed)
        s.answer(rowsOf(next))
        await clock.advanceAsync(waitMs)
      }
      ;[fate, isMuted] = ['taken', false]
      courier.touch(feed)
      for (let i = 0; i < 6; i++) await clock.advanceAsync(100_000)
      const expected = [...feed.store.rows()].filter(([, row]) => row['state'] === 'firing').map(([key]) => key)
      expect([...firing].toSorted()).toEqual(expected.toSorted())
      expect(courier.figures.waiting).toBe(0)
      expect(faults).toEqual([])
      stop()
      await courier.close(1000)
      await own.close()
    }),
    { numRuns: 40 },
  )
})
