import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { writeFrames } from '../../src/cli/replay/frames.ts'
import { recordedConfig } from '../../src/cli/replay/recorded-config.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { FileRecord } from '../../src/replay/format.ts'
import { Recording } from '../../src/replay/recording.ts'
import { configRecord, exchange, Recordings } from '../support/recordings.ts'

const recordings = new Recordings()
afterAll(() => recordings.remove())

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const intervals = [2 * minuteMs, 3 * minuteMs, 5 * minuteMs]
const names = ['a', 'b', 'c'] as const

const config = [
  'sources:',
  ...names.map((name, i) => `  ${name}: {url: "http://u.example/${name}", every: ${(intervals[i] ?? 0) / 1000}s, key: id}`),
  'feeds:',
  '  total: {from: a, steps: [{group: {by: [region], columns: {n: sum(n)}}}]}',
  '  recent: {from: b, steps: [{window: {size: 10m, slide: 1m, columns: {mean: avg(n)}}}]}',
  '  both: {from: a, steps: [{join: {with: c, columns: {other: right.n}}}]}',
  '  low: {from: total, steps: [{alert: {when: n < 35, for: 2m}}]}',
].join('\n')

/** So long a recording: rows wander, and now and then something fails. */
function* generated(seed: number, lengthMs: number): Generator<readonly [FileRecord, Buffer?]> {
  yield [configRecord(config)]
  const random = seededRandom(seed)
  const values = Array.from({ length: 12 }, () => Math.floor(random() * 20))
  for (let at = 0; at < lengthMs; at += minuteMs) {
    for (const [i, source] of names.entries()) {
      if (at % (intervals[i] ?? 1) !== 0) continue
      const sent = at + i * 700
      const chance = random()
      if (chance < 0.02) yield [exchange(sent, { source, status: 503, headers: {} })]
      else if (chance < 0.04) yield [exchange(sent, { source, endMs: 3, error: { name: 'SocketError', code: 'ECONNRESET' } })]
      else {
        const place = Math.floor(random() * values.length)
        values[place] = Math.floor(random() * 20)
        const rows = values.map((n, id) => ({ id, region: id % 3, n }))
        yield [exchange(sent, { source, headMs: random() * 200, endMs: 200 + random() * 50 }), Buffer.from(JSON.stringify(rows))]
      }
    }
  }
  yield [{ kind: 'stop', at: lengthMs }]
}

async function framesOf(path: string, seed: number): Promise<string> {
  const recording = new Recording(path)
  const loaded = recordedConfig(recording.config, path)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const file = `${recordings.path()}.jsonl`
  await writeFrames(loaded.config, recording, { seed, file })
  recording.close()
  return readFileSync(file, 'utf8')
}

test('two replays of a recording are byte-identical, with the seed as well', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 0, max: 1e6 }), async (seed, chance) => {
      const path = await recordings.write(generated(seed, 40 * minuteMs))
      const [one, other] = [await framesOf(path, chance), await framesOf(path, chance)]
      expect(one === other).toBe(true)
      expect(await framesOf(path, chance + 1)).not.toBe(one)
    }),
    { numRuns: 2 },
  )
})

test('a day of several sources and feeds is replayed in less than a minute, each line a frame that a reader could take', async () => {
  const path = await recordings.write(generated(1, dayMs))
  const began = performance.now()
  const frames = await framesOf(path, 1)
  expect(performance.now() - began).toBeLessThan(minuteMs)
  const messages = frames
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { readonly type: string; readonly feed?: string; readonly at?: number; readonly state?: string })
  const feeds = ['a', 'b', 'c', 'total', 'recent', 'both', 'low']
  for (const feed of feeds) {
    const of = messages.filter(message => message.feed === feed)
    expect(of.filter(({ type }) => type === 'snapshot')).toHaveLength(1)
    expect(of.filter(({ type }) => type === 'delta').length).toBeGreaterThan(5)
  }
  const times = messages.flatMap(({ at }) => at ?? [])
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(dayMs - 6 * minuteMs)
  expect(times).toEqual([...times].sort((x, y) => x - y))
}, 120_000)
