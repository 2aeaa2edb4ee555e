import { expect, test, vi } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import type { Row } from '../../src/model/row.ts'
import { events } from '../../src/operator/events.ts'
import { fill } from '../../src/operator/fill.ts'
import { keep } from '../../src/operator/keep.ts'
import { Memories, type StepMemory } from '../../src/operator/memories.ts'
import { series } from '../../src/operator/series.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { window } from '../../src/operator/window.ts'
import { jsonParts } from '../../src/state/json-parts.ts'
import { TimedFeed } from './timed-history.ts'

const count = { kind: 'count', count: 5000 } as const
const n = (row: Row) => row['n'] ?? null
const windowed = { sizeMs: 60_000, latenessMs: 0, maxGroups: 1e6, columns: new Map([['last', { name: 'last', value: n } as const]]) }
const creates: Readonly<Record<string, (clock: Clock, memory: StepMemory) => Operator>> = {
  keep: (clock, memory) => keep({ extent: count }, clock, memory),
  fill: (clock, memory) => fill({ columns: new Map([['n', 'last']]) }, clock, memory),
  events: (clock, memory) => events({ keep: count, maxPoints: 1e6 }, clock, undefined, memory),
  series: (clock, memory) => series({ columns: new Map([['n', n]]), keep: count, maxPoints: 1e6 }, clock, undefined, memory),
  window: (clock, memory) => window(windowed, clock, undefined, memory),
  'window by time': (clock, memory) => window({ ...windowed, time: row => row['at'] ?? null }, clock, undefined, memory),
}

const rows = (text: string): Record<string, Row> =>
  Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key-${i}`, { n: `${text.repeat(200)}${i}` }]))

const written = async (memories: Memories, turn: () => Promise<void>): Promise<string> =>
  Buffer.concat((await jsonParts(memories.save(), 1e8, turn)).parts).toString('utf8')

test.each(Object.keys(creates))('%s: is that of one sample, whatever comes while it is written', async name => {
  const begin = () => {
    const memories = new Memories()
    const feed = new TimedFeed(clock => creates[name]?.(clock, memories.open('f', 'same', 0)) ?? (samples => samples))
    feed.push(0)
    feed.push(1000, rows('a'))
    feed.push(1000, rows('b'))
    return { memories, feed }
  }
  const { memories, feed } = begin()
  let turns = 0
  const actual = await written(memories, () => {
    turns++
    feed.push(20_000, { ...rows('c'), 'key-1999': undefined, 'key-1998': undefined })
    return Promise.resolve()
  })
  expect(turns).toBeGreaterThan(0)
  expect(actual === JSON.stringify(begin().memories.save())).toBe(true)
  expect((await written(memories, () => Promise.resolve())) === actual).toBe(false)
})

test('nothing is made before its turn comes, nor anew while the step has no sample', async () => {
  const memories = new Memories()
  const [steady, timed] = [vi.fn(() => [1]), vi.fn(() => [2])]
  const memory = memories.open('f', 'same', 0)
  memory.keep(steady)
  memories.open('f', 'same', 1).keep(timed, true)
  memories.save()
  expect([steady, timed].map(save => save.mock.calls.length)).toEqual([0, 0])
  const turn = (): Promise<void> => Promise.resolve()
  const whole = JSON.stringify({ f: { fingerprint: 'same', steps: { 0: [1], 1: [2] } } })
  expect([await written(memories, turn), await written(memories, turn), JSON.stringify(memories.save())]).toEqual([whole, whole, whole])
  expect([steady, timed].map(save => save.mock.calls.length)).toEqual([1, 3])
  memory.change()
  await written(memories, turn)
  expect([steady, timed].map(save => save.mock.calls.length)).toEqual([2, 4])
})
