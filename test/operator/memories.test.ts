import { beforeEach, describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { Graph } from '../../src/feed/graph.ts'
import { silentLogger as log } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import { Memories } from '../../src/operator/memories.ts'
import { leftBy } from './restart-law.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const minute = 60_000
const startMs = 1_769_090_400_000

let clock: ManualClock
let memories: Memories
let s: ScriptedSource
let graph: Graph

beforeEach(() => {
  clock = new ManualClock(startMs)
  memories = new Memories()
})

/** A server's run, with what one before has left. */
function begin(alert: object = {}): void {
  s = new ScriptedSource('s', clock)
  const low = { from: 's', steps: [{ alert: { when: 'n < 5', for: '1m', ...alert } }] }
  const result = configOf({ sources: { s: 'http://x' }, feeds: { low } })
  if (!result.ok) throw new Error(result.problems.map(problem => problem.message).join('; '))
  const { feeds } = compileConfig(result.config, { clock, random: seededRandom(1), log, limited: () => undefined, memories })
  graph = new Graph({ sources: [s.definition], feeds, clock, random: seededRandom(1), log })
  graph.start()
}

/** The process ends; so much time passes until it is there again. */
async function restart(downMs: number, alert: object = {}): Promise<void> {
  const saved: unknown = leftBy(memories)
  await graph.close()
  clock = new ManualClock(clock.now() + downMs)
  memories = new Memories()
  memories.restore(saved)
  begin(alert)
}

const listed = (): Row[] => [...(graph.feed('low')?.store.rows() ?? [])].map(([, row]) => row)

const byKey = (a: Row, b: Row): number => ((a['key'] ?? '') < (b['key'] ?? '') ? -1 : 1)

describe('alerts over a restart', () => {
  test('what fires goes on, since when it did; nothing is listed before there is a table', async () => {
    begin()
    s.answer([{ id: 'a', n: 1 }])
    clock.advance(2 * minute)
    await restart(10 * minute)
    expect(listed()).toEqual([])
    s.answer([{ id: 'a', n: 2 }])
    expect(listed()).toMatchObject([{ key: 'a', state: 'firing', activeAt: startMs, since: startMs + minute, n: 2 }])
    s.answer([{ id: 'a', n: 9 }])
    expect(listed()).toMatchObject([{ state: 'resolved', activeAt: startMs, since: startMs + 12 * minute }])
  })

  test('what is pending has as long left as it had: time that nobody looked does not count', async () => {
    begin()
    s.answer([{ id: 'a', n: 1 }])
    clock.advance(40_000)
    await restart(10 * minute)
    s.answer([{ id: 'a', n: 1 }])
    expect(listed()).toMatchObject([{ state: 'pending', activeAt: startMs, since: startMs }])
    clock.advance(19_999)
    expect(listed()).toMatchObject([{ state: 'pending' }])
    clock.advance(1)
    expect(listed()).toMatchObject([{ state: 'firing', activeAt: startMs, since: clock.now() }])
  })

  test.each([
    ['keep', 'firing'],
    ['resolve', 'resolved'],
    ['fire', 'firing'],
  ])('a row that is gone afterwards is missing: %s', async (onMissing, state) => {
    begin({ onMissing })
    s.answer([{ id: 'a', n: 1, name: 'A' }])
    clock.advance(2 * minute)
    await restart(minute, { onMissing })
    s.answer([{ id: 'b', n: 9 }])
    expect(listed()).toMatchObject([{ key: 'a', state, activeAt: startMs, name: 'A' }])
  })

  test('what is no longer so is resolved, or was never more than pending', async () => {
    begin()
    s.answer([{ id: 'a', n: 1 }])
    clock.advance(minute)
    s.answer([
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
    ])
    await restart(minute)
    s.answer([
      { id: 'a', n: 9 },
      { id: 'b', n: 9 },
    ])
    expect(listed()).toMatchObject([{ key: 'a', state: 'resolved' }])
    clock.advance(15 * minute)
    expect(listed()).toEqual([])
  })

  test('a table that is older than the one they were judged by changes none of them; the next one does', async () => {
    begin()
    s.answer([{ id: 'b', n: 1 }])
    clock.advance(minute)
    const before = clock.now()
    clock.advance(minute)
    s.answer([
      { id: 'a', n: 1 },
      { id: 'b', n: 9 },
    ])
    clock.advance(2 * minute)
    const firing = { key: 'a', state: 'firing', activeAt: startMs + 2 * minute }
    await restart(minute)
    // The disk had it when the process was killed.
    s.answer([{ id: 'b', n: 1 }], { at: before })
    expect(listed().sort(byKey)).toMatchObject([firing, { key: 'b', state: 'resolved' }])
    await restart(minute)
    s.answer([{ id: 'b', n: 1 }], { at: before })
    expect(listed().sort(byKey)).toMatchObject([firing, { key: 'b', state: 'resolved' }])
    s.answer([
      { id: 'a', n: 2 },
      { id: 'b', n: 1 },
    ])
    expect(listed().sort(byKey)).toMatchObject([
      { ...firing, n: 2 },
      { key: 'b', state: 'pending', activeAt: clock.now() },
    ])
  })

  test('what an older table already said is judged with the next one, though no alert is left and no row of it changed', async () => {
    begin()
    s.answer([{ id: 'b', n: 1 }])
    const before = clock.now()
    clock.advance(1000)
    s.answer([{ id: 'b', n: 9 }])
    expect(listed()).toEqual([])
    await restart(minute)
    s.answer([{ id: 'b', n: 1 }], { at: before })
    expect(listed()).toEqual([])
    s.answer([{ id: 'b', n: 1 }])
    expect(listed()).toMatchObject([{ key: 'b', state: 'pending' }])
  })

  test('a clock that was set back has no alert wait for it', async () => {
    begin()
    s.answer([{ id: 'a', n: 1 }])
    clock.advance(2 * minute)
    await restart(-10 * minute)
    s.answer([{ id: 'a', n: 9 }])
    expect(listed()).toMatchObject([{ key: 'a', state: 'resolved' }])
    await restart(minute)
    s.answer([{ id: 'a', n: 9 }], { at: clock.now() - 5 * minute })
    clock.setWall(clock.now() - 60 * minute)
    s.answer([{ id: 'b', n: 1 }])
    expect(listed()).toContainEqual(expect.objectContaining({ key: 'b', state: 'pending' }))
  })

  test('a feed that is defined otherwise begins anew, and so does what is no alert', async () => {
    begin()
    s.answer([{ id: 'a', n: 1 }])
    clock.advance(2 * minute)
    await restart(minute, { for: '2m' })
    s.answer([{ id: 'a', n: 1 }])
    expect(listed()).toMatchObject([{ state: 'pending', activeAt: clock.now() }])
    for (const saved of [3, null, [], { low: 7 }, { low: { fingerprint: 'x', steps: [] } }]) memories.restore(saved)
    const left = leftBy(memories) as Record<string, { steps: Record<string, { time: number; alerts: object[] }> }>
    const { time = 0, alerts = [] } = left['low']?.steps['0'] ?? {}
    const odd = [{ key: 'b' }, 4, null, { ...alerts[0], state: 'odd' }, { ...alerts[0], since: '1' }]
    const step = { time, alerts: [...alerts, ...odd] as object[] }
    left['low'] = { ...left['low'], steps: { 0: step } }
    await graph.close()
    memories = new Memories()
    memories.restore(JSON.parse(JSON.stringify(left)))
    begin({ for: '2m' })
    s.answer([])
    expect(listed()).toMatchObject([{ key: 'a', state: 'pending' }])
  })

  test('a run that ends before it has a table leaves what it was left; a feed that is gone does not', async () => {
    begin()
    s.answer([{ id: 'a', n: 1 }])
    clock.advance(2 * minute)
    await restart(minute)
    await restart(minute)
    s.answer([{ id: 'a', n: 1 }])
    expect(listed()).toMatchObject([{ state: 'firing', activeAt: startMs }])
    memories.retain(new Map([['low', 'other']]))
    expect(memories.save()).toEqual({})
  })

  test('of a feed that is defined otherwise now nothing is kept, be it at work or left', () => {
    const whole = { feed: { fingerprint: 'first', steps: { 0: [1], 1: [2] } } }
    memories.restore(whole)
    memories.retain(new Map([['feed', 'first']]))
    expect(leftBy(memories)).toEqual(whole)
    memories.open('feed', 'first', 0).keep(() => [3])
    memories.retain(new Map([['feed', 'second']]))
    expect(memories.save()).toEqual({})
    expect(memories.open('feed', 'first', 1).take()).toBeUndefined()
  })
})
