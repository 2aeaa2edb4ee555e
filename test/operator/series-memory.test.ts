import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Extent } from '../../src/lib/option.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { Memories } from '../../src/operator/memories.ts'
import { mostSavedPoints } from '../../src/operator/saved-series.ts'
import { series, type Series } from '../../src/operator/series.ts'
import { leftBy, obeysOverRestart } from './restart-law.ts'
import { startMs, TimedFeed } from './timed-history.ts'

const minutes: Extent = { kind: 'time', ms: 120_000 }
const total = { key: '#', columns: ['#', 'n'] }
const options: Series = { columns: new Map([['value', (row: Row) => row['n'] ?? null]]), keep: minutes, maxPoints: 1000 }

interface Given {
  readonly left?: unknown
  readonly fingerprint?: string
  readonly more?: Partial<Series>
  readonly header?: typeof total
}

class Run extends TimedFeed {
  readonly memories: Memories

  constructor({ left, fingerprint = 'same', more = {}, header = total }: Given = {}) {
    const memories = new Memories()
    memories.restore(left)
    super(clock => series({ ...options, ...more }, clock, undefined, memories.open('f', fingerprint, 0)), header)
    this.memories = memories
  }

  /** The next process, which begins so long after the first one did, in ms. */
  next(atMs: number, given: Given = {}): Run {
    const run = new Run({ left: leftBy(this.memories), ...given })
    run.runner.advance(atMs)
    return run
  }
}

/** Seconds and values of the points of one series. */
const points = ({ table }: Sample): unknown[] =>
  [...table.rows.values()].map(({ time, value }) => [(Number(time) - startMs) / 1000, value ?? null])

describe('a series over a restart', () => {
  test('goes on; the time while nobody looked is a gap, and points get old in it', () => {
    const first = new Run()
    for (const n of [1, 2, 3]) first.push(30_000, { '': { n } })
    const second = first.next(130_000)
    expect(points(second.push(0, { '': { n: 9 } }))).toEqual([
      [30, 1],
      [60, 2],
      [90, 3],
      [130, 9],
    ])
    expect(points(second.push(40_000))).toEqual([
      [60, 2],
      [90, 3],
      [130, 9],
      [170, 9],
    ])
    expect(points(second.next(600_000).push(0, { '': { n: 1 } }))).toEqual([[600, 1]])
  })

  test('a table that was taken up as well, as of its last proof, is no new point, and lets none go', () => {
    const first = new Run()
    for (const n of [1, 2, 3]) first.push(30_000, { '': { n } })
    const second = first.next(3_600_000)
    const taken = second.push(0, { '': { n: 7 } }, { time: startMs + 90_000 })
    expect(points(taken)).toEqual([
      [30, 1],
      [60, 2],
      [90, 3],
    ])
    expect(points(second.push(1000, { '': { n: 4 } }))).toEqual([[3601, 4]])
  })

  test('of a number of samples, those of before count', () => {
    const more = { keep: { kind: 'count', count: 3 } } as const
    const first = new Run({ more })
    for (const n of [1, 2, 3]) first.push(1000, { '': { n } })
    const second = first.next(10_000, { more })
    expect(points(second.push(0, { '': { n: 4 } }))).toEqual([
      [2, 2],
      [3, 3],
      [10, 4],
    ])
  })

  test('its cap counts those of before', () => {
    const first = new Run()
    for (const n of [1, 2, 3]) first.push(1000, { '': { n } })
    const { table, degraded } = first.next(4000, { more: { maxPoints: 2 } }).push(0, { '': { n: 4 } })
    expect([table.rows.size, degraded?.cause]).toEqual([2, 'cardinality'])
  })

  test('a wall clock that is set back meanwhile, or was set before, loses no point', () => {
    const first = new Run()
    first.push(0, { '': { n: 1 } })
    first.clock.setWall(startMs + 3_600_000)
    first.push(1000, { '': { n: 2 } })
    const forward = first.next(3_610_000)
    expect(points(forward.push(0, { '': { n: 3 } }))).toEqual([
      [0, 1],
      [3601, 2],
      [3610, 3],
    ])
    const back = first.next(60_000)
    back.push(0, { '': { n: 3 } })
    expect(points(back.push(1000, { '': { n: 4 } })).slice(2)).toEqual([[61, 4]])
    expect(points(back.push(119_000))).toEqual([
      [61, 4],
      [180, 4],
    ])
  })

  test('begins anew where its feed is defined otherwise, the table has another key or rows, or what lies there is no series', () => {
    const first = new Run()
    first.push(0, { '': { n: 1 } })
    const anew = [[10, 2]]
    const push = (given: Given): unknown => points(first.next(10_000, given).push(0, { '': { n: 2 } }))
    expect(push({})).toHaveLength(2)
    expect(push({ fingerprint: 'other' })).toEqual(anew)
    expect(push({ header: { key: 'id', columns: ['id', 'n'] } })).toEqual(anew)
    expect(points(first.next(10_000).push(0, { a: { n: 2 } }))).toEqual(anew)
    const { f } = leftBy(first.memories) as { f: { fingerprint: string; steps: Record<string, { points: object[] }> } }
    const step = f.steps['0'] ?? { points: [] }
    const [point] = step.points
    const odd = [
      [],
      4,
      null,
      { ...step, key: 1 },
      { ...step, isOne: 1 },
      { ...step, isMany: null },
      { ...step, isOne: false },
      { ...step, sample: '1' },
      { ...step, time: null },
      { ...step, steppedMs: 'x' },
      { ...step, points: {} },
      { ...step, points: [null] },
      { ...step, points: [{ ...point, at: null }] },
      { ...step, points: [{ ...point, sample: 2 }] },
      { ...step, points: [{ ...point, row: [] }] },
      { ...step, points: [{ ...point, row: { time: 'x' } }] },
    ]
    expect(odd.filter(saved => JSON.stringify(push({ left: { f: { ...f, steps: { 0: saved } } } })) !== JSON.stringify(anew))).toEqual([])
  })

  test.each([{}, { '': { '#': '', n: 2 } }])('one of many series stays one: after %o', then => {
    const first = new Run()
    first.push(0, { '': { '#': '', n: 1 }, '["a"]': { '#': '["a"]', n: 1 } })
    const second = first.next(1000)
    second.push(0, then)
    expect(second.push(1000, { '': { '#': '', n: 3 } }).table).toMatchObject({ key: '#', columns: ['#', 'time', 'key', 'value'] })
  })

  test('a run that ends before it has a table leaves what it was left', () => {
    const first = new Run()
    first.push(0, { '': { n: 1 } })
    expect(
      points(
        first
          .next(1000)
          .next(2000)
          .push(0, { '': { n: 2 } }),
      ),
    ).toHaveLength(2)
  })

  test('of very many points the last ones are kept', () => {
    const header = { key: 'id', columns: ['id', 'n'] }
    const more = { maxPoints: 2 * mostSavedPoints }
    const first = new Run({ header, more })
    first.push(1000, Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`old-${i}`, { n: i }])))
    const many = Array.from({ length: mostSavedPoints - 5 }, (_, i) => [`new-${i}`, { n: i }] as const)
    for (let i = 0; i < 10; i++) first.rows.delete(`old-${i}`)
    first.push(1000, Object.fromEntries(many), { changes: 'all' })
    const second = first.next(3000, { header, more })
    const { rows } = second.push(0).table
    expect(rows.size).toBe(mostSavedPoints)
    const firstKeys = [...[5, 6, 7, 8, 9].map(i => `["old-${i}",${startMs + 1000}]`), `["new-0",${startMs + 2000}]`]
    expect([...rows.keys()].slice(0, 6)).toEqual(firstKeys)
  })

  const extents: readonly Extent[] = [
    { kind: 'time', ms: 7000 },
    { kind: 'count', count: 4 },
  ]

  test.each(extents)('law: is the one that it would be without the restart: $kind', extent => {
    const columns = new Map([
      ['a', (row: Row) => row['n'] ?? null],
      ['b', (row: Row) => row['__proto__'] ?? null],
    ])
    const law = obeysOverRestart((clock, memory) => series({ columns, keep: extent, maxPoints: 20 }, clock, undefined, memory))
    fc.assert(law, { numRuns: 60 })
  })
})
