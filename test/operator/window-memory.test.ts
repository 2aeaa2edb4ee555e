import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import type { Aggregate } from '../../src/operator/aggregate.ts'
import { aggregateNames } from '../../src/operator/group.options.ts'
import { Memories } from '../../src/operator/memories.ts'
import { mostSavedCells, savedParts, type SavedRow } from '../../src/operator/saved-window.ts'
import { window, type Window } from '../../src/operator/window.ts'
import { leftBy, obeysOverRestart } from './restart-law.ts'
import { rowsOf, startMs, TimedFeed } from './timed-history.ts'

const n = (row: Row): Cell => row['n'] ?? null
const counted: ReadonlyMap<string, Aggregate> = new Map([
  ['count', { name: 'count' }],
  ['sum', { name: 'sum', value: n }],
])
const minute = 60_000
const sliding = { sizeMs: minute, slideMs: 20_000 }

interface Given {
  readonly left?: unknown
  readonly fingerprint?: string
  readonly more?: Partial<Window>
  readonly header?: { readonly key: string; readonly columns: readonly string[] }
}

const ids = { key: 'id', columns: ['id', 'n', 'at'] }

class Run extends TimedFeed {
  readonly memories: Memories

  constructor({ left, fingerprint = 'same', more = {}, header = ids }: Given = {}) {
    const memories = new Memories()
    memories.restore(left)
    const options = { sizeMs: minute, columns: counted, latenessMs: 10_000, maxGroups: 1e6, ...more }
    super(clock => window(options, clock, undefined, memories.open('f', fingerprint, 0)), header)
    this.memories = memories
  }

  /** The next process, which begins so long after the first one did, in ms. */
  next(atMs: number, given: Given = {}): Run {
    const run = new Run({ left: leftBy(this.memories), ...given })
    run.runner.advance(atMs)
    return run
  }
}

describe('a window over a restart', () => {
  test('goes on: what it held of its time is in it, and it ends when it would have', () => {
    const first = new Run()
    for (const value of [1, 2]) first.push(10_000, { a: { n: value } })
    const second = first.next(50_000)
    expect(rowsOf(second.push(0, { a: { n: 4 } }))).toEqual({ a: { id: 'a', count: 3, sum: 7, final: false } })
    second.runner.advance(10_000)
    expect(rowsOf(second.runner.emitted.at(-1) as Sample)['a']).toMatchObject({ sum: 7, final: true })
    expect(rowsOf(second.push(1000))['a']).toMatchObject({ count: 1, sum: 4, final: false })
  })

  test('one that slides loses the panes that are too old by then, and no other', () => {
    const first = new Run({ more: sliding })
    for (const value of [1, 2, 3]) first.push(20_000, { a: { n: value } })
    expect(rowsOf(first.next(80_000, { more: sliding }).push(0, { a: { n: 9 } }))['a']).toEqual({ id: 'a', count: 3, sum: 14 })
    expect(rowsOf(first.next(600_000, { more: sliding }).push(0, { a: { n: 9 } }))['a']).toEqual({ id: 'a', count: 1, sum: 9 })
  })

  test('the table that was taken up is no sample of its own; a window that ended meanwhile says so', () => {
    const first = new Run()
    for (const value of [1, 2]) first.push(10_000, { a: { n: value }, b: { n: 5 } })
    const second = first.next(5 * minute)
    // Of steps before it a table that is taken up may be an odd one.
    const taken = second.push(0, { a: { n: 7 } }, { time: startMs + 20_000 })
    expect(rowsOf(taken)).toEqual(rowsOf(first.runner.emitted.at(-1) as Sample))
    second.runner.advance(0)
    const ended = second.runner.emitted.at(-1) as Sample
    expect([ended.time, rowsOf(ended)['a']]).toEqual([startMs + minute, { id: 'a', count: 2, sum: 3, final: true }])
    expect(rowsOf(second.push(0))).toEqual({ a: { id: 'a', count: 1, sum: 7, final: false } })
  })

  test('one that ended before the restart is shown as ended, and once', () => {
    const first = new Run()
    first.push(0, { a: { n: 1 } })
    first.runner.advance(70_000)
    const second = first.next(80_000)
    expect(rowsOf(second.push(0, { a: { n: 1 } }, { time: startMs }))['a']).toMatchObject({ final: true })
    second.runner.advance(minute)
    expect(second.runner.emitted).toHaveLength(1)
  })

  test('a row that left stays as long as its window', () => {
    const first = new Run()
    first.push(0, { a: { n: 1 }, 42: { n: 2 } })
    first.push(10_000, { a: undefined })
    const second = first.next(20_000)
    expect(rowsOf(second.push(0, { b: { n: 3 } }))).toMatchObject({ a: { sum: 1 }, 42: { sum: 4 }, b: { sum: 3 } })
  })

  test('a wall clock that is set back meanwhile, or was set before, neither empties nor stops it', () => {
    const first = new Run({ more: sliding })
    first.push(0, { a: { n: 1 } })
    first.clock.setWall(startMs + 3_600_000)
    first.push(1000, { a: { n: 2 } })
    expect(rowsOf(first.next(3_610_000, { more: sliding }).push(0, { a: { n: 3 } }))['a']).toMatchObject({ sum: 6 })
    const back = first.next(0, { more: sliding })
    back.push(0)
    expect(rowsOf(back.push(1000, { a: { n: 3 } }))['a']).toMatchObject({ sum: 6 })
    expect(rowsOf(back.push(minute))['a']).toMatchObject({ sum: 3 })
  })

  test('rows by their time are counted once, over the restart too', () => {
    const at = (row: Row): Cell => row['at'] ?? null
    const more = { time: at }
    const first = new Run({ more })
    first.push(30_000, { a: { n: 1, at: startMs + 5000 } })
    const second = first.next(40_000, { more })
    expect(rowsOf(second.push(0, { a: { n: 1, at: startMs + 5000 }, b: { n: 2, at: startMs + 6000 } }))).toMatchObject({
      a: { count: 1, sum: 1 },
      b: { count: 1, sum: 2 },
    })
  })

  test('begins anew where its feed is defined otherwise, the table has another key, or what lies there is no window', () => {
    const first = new Run()
    first.push(0, { a: { n: 1 } })
    const push = (given: Given): unknown => rowsOf(first.next(10_000, given).push(0, { a: { n: 2 } }))['a']
    expect(push({})).toMatchObject({ count: 2, sum: 3 })
    const anew = push({ fingerprint: 'other' })
    expect(anew).toEqual({ id: 'a', count: 1, sum: 2, final: false })
    expect(push({ header: { key: 'n', columns: ['n', 'id'] } })).toMatchObject({ count: 1 })
    const { f } = leftBy(first.memories) as { f: { fingerprint: string; steps: Record<string, { rows: { rows: object[] } }> } }
    const step = f.steps['0'] ?? { rows: { rows: [] } }
    const [row] = step.rows.rows
    const withRow = (odd: unknown): object => ({ ...step, rows: { ...step.rows, rows: [odd] } })
    const odd = [
      [],
      4,
      null,
      { ...step, key: 1 },
      { ...step, names: [['a']] },
      { ...step, time: null },
      { ...step, pane: 1.5 },
      { ...step, isClosed: 0 },
      { ...step, rows: [] },
      { ...step, rows: { ...step.rows, last: 'x' } },
      { ...step, rows: { ...step.rows, counts: [[1]] } },
      { ...step, rows: { ...step.rows, rows: {} } },
      { ...step, rows: { ...step.rows, isCut: null } },
      withRow(null),
      withRow({ ...row, key: 4 }),
      withRow({ ...row, panes: 1 }),
      withRow({ ...row, panes: [[1]] }),
      withRow({ ...row, panes: [[1, [[3]]]] }),
      withRow({ ...row, panes: [[1, [['x'], [1, 2, 3]]]] }),
      withRow({ ...row, panes: [[1, [[1], [1, 'x', 3]]]] }),
      withRow({ ...row, now: ['x', [1, 2]] }),
      withRow({ ...row, now: [0, [1]] }),
      withRow({ ...row, now: [0] }),
    ]
    expect(odd.filter(saved => JSON.stringify(push({ left: { f: { ...f, steps: { 0: saved } } } })) !== JSON.stringify(anew))).toEqual([])
  })

  test('a run that ends before it has a table leaves what it was left', () => {
    const first = new Run()
    first.push(0, { a: { n: 1 } })
    expect(
      rowsOf(
        first
          .next(1000)
          .next(2000)
          .push(0, { a: { n: 2 } }),
      )['a'],
    ).toMatchObject({ sum: 3 })
  })

  test('rows that do not fit in begin anew, and what they were counted with is not late', () => {
    const large = Array.from({ length: mostSavedCells / 2 - 1 }, () => 0)
    const fitting = (cells: readonly Cell[]) => {
      let isCut = false
      const rows = ['a', 'b', 'c'].map((key): SavedRow => ({ key, panes: [[1, [cells]]] }))
      const kept = [
        ...savedParts(
          rows,
          row => row,
          () => (isCut = true),
        ),
      ].flat()
      return [kept.map(({ key }) => key), isCut]
    }
    expect(fitting(large)).toEqual([['a', 'b'], true])
    // As `distinct` leaves them.
    expect(fitting([large, []])).toEqual([['a', 'b'], true])
    expect(fitting([large.slice(0, 9), []])).toEqual([['a', 'b', 'c'], false])
    const more = { time: (row: Row) => row['at'] ?? null }
    const row = { n: 1, at: startMs - 3_600_000 }
    const first = new Run({ more })
    first.push(0, { a: row, b: { n: 1, at: startMs } })
    const { f } = leftBy(first.memories) as { f: { fingerprint: string; steps: Record<string, { rows: object }> } }
    const [step] = Object.values(f.steps)
    const left = { f: { ...f, steps: { 0: { ...step, rows: { ...step?.rows, rows: [], isCut: true } } } } }
    const second = new Run({ left, more })
    const { degraded } = second.push(1000, { a: row, b: { n: 1, at: startMs } })
    expect(degraded).toBeUndefined()
    expect(second.push(1000, { a: { n: 2, at: startMs - 3_599_999 } }).degraded?.reason).toContain('late: 1 row')
  })

  const cells: readonly ((row: Row) => Cell)[] = [n, row => row['__proto__'] ?? null, row => row['region'] ?? null]
  const aggregates = new Map<string, Aggregate>(
    aggregateNames.flatMap(name => cells.map((value, i) => [`${name}${i}`, { name, value }] as const)),
  )
  const steady = new Map([...aggregates].filter(([, { name }]) => name !== 'count' && name !== 'sum'))
  const happened = (row: Row): Cell => (typeof row['n'] === 'number' ? startMs + row['n'] * 10_000 : null)
  const windows: Readonly<Record<string, Partial<Window>>> = {
    tumbling: { sizeMs: 5000 },
    'long, over what stays': { sizeMs: 60_000, columns: steady },
    'that slides': { sizeMs: 6000, slideMs: 2000 },
    'that slides, over what stays': { sizeMs: 9000, slideMs: 3000, columns: steady },
    'by time': { sizeMs: 5000, time: happened, latenessMs: 3000, maxGroups: 100 },
    'by time that slides': { sizeMs: 12_000, slideMs: 4000, time: happened, maxGroups: 100 },
  }

  test.each(Object.keys(windows))('law: is the one that it would be without the restart: %s', name => {
    const options = { columns: aggregates, latenessMs: 0, maxGroups: 6, sizeMs: minute, ...windows[name] }
    fc.assert(
      obeysOverRestart((clock, memory) => window(options, clock, undefined, memory)),
      { numRuns: 30 },
    )
  })
})
