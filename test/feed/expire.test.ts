import { beforeEach, expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { good } from '../support/config.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let source: ScriptedSource
let graph: Graph

beforeEach(() => {
  clock = new ManualClock()
  source = new ScriptedSource('s', clock, { expireMs: 3_600_000 })
  graph = new Graph({ sources: [source.definition], feeds: [], clock, random: seededRandom(1), log: silentLogger })
  graph.want('s')
})

async function shown(): Promise<{ rows: unknown[]; version: number | undefined; state: string; cause?: string; reason?: string }> {
  await clock.advanceAsync(0)
  const feed = graph.feed('s')
  const { state, cause, reason } = feed?.freshness ?? { state: 'waiting' }
  const said = { ...(cause === undefined ? {} : { cause }), ...(reason === undefined ? {} : { reason }) }
  return { rows: [...(feed?.sample?.table.rows.values() ?? [])], version: feed?.position.version, state, ...said }
}

test('rows that nothing proved for `expire` are gone, and the source is down with its cause', async () => {
  source.answer([{ id: 1 }, { id: 2 }])
  const before = await shown()
  await clock.advanceAsync(3_000_000)
  source.answer([{ id: 1 }, { id: 2 }])
  await clock.advanceAsync(600_000)
  source.fail({ cause: 'refused', reason: 'it refused' })
  await clock.advanceAsync(2_999_000)
  expect(await shown()).toMatchObject({ rows: before.rows, version: before.version, state: 'down', reason: 'it refused' })
  await clock.advanceAsync(1000)
  expect(await shown()).toEqual({
    rows: [],
    version: (before.version ?? 0) + 1,
    state: 'down',
    cause: 'refused',
    reason: 'expire: the rows were not proved for too long and are gone; it refused',
  })
})

test('an answer brings them all back, though for the source nothing changed, in the same epoch', async () => {
  source.answer([{ id: 1 }, { id: 2 }])
  const { version = 0 } = await shown()
  const epoch = graph.feed('s')?.position.epoch
  await clock.advanceAsync(3_600_000)
  expect((await shown()).rows).toEqual([])
  source.answer([{ id: 1 }, { id: 2 }])
  expect(await shown()).toEqual({ rows: [{ id: 1 }, { id: 2 }], version: version + 2, state: 'fresh' })
  expect(graph.feed('s')?.position.epoch).toBe(epoch)
})

test('nobody who wants it is told that it is paused', async () => {
  const { rows } = (source.answer([{ id: 1 }]), await shown())
  expect(rows).toHaveLength(1)
  const unread = new ScriptedSource('u', clock, { expireMs: 5000 })
  graph.replace({ sources: [source.definition, unread.definition], feeds: [] })
  const release = graph.want('u')
  unread.answer([{ id: 1 }])
  release()
  await clock.advanceAsync(60_000)
  expect(graph.feed('u')?.freshness).toMatchObject({
    state: 'stale',
    cause: 'paused',
    reason: expect.stringMatching(/^expire: /) as string,
  })
})

test('of a config, also switched off again', () => {
  const { sources } = good('defaults: {expire: 1h}\nsources: {a: http://x, b: {url: http://x, expire: off}, c: {file: x, expire: 30d}}')
  expect(sources.map(({ expireMs }) => expireMs)).toEqual([3_600_000, undefined, 30 * 86_400_000])
})
