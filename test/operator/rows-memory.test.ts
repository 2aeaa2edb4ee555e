import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import type { Extent } from '../../src/lib/option.ts'
import { events } from '../../src/operator/events.ts'
import { fill } from '../../src/operator/fill.ts'
import { keep } from '../../src/operator/keep.ts'
import { Memories, type StepMemory } from '../../src/operator/memories.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { leftBy, obeysOverRestart } from './restart-law.ts'
import { rowsOf, startMs, TimedFeed, TimedRunner } from './timed-history.ts'

type Create = (clock: Clock, memory?: StepMemory) => Operator

class Run extends TimedFeed {
  readonly memories: Memories
  readonly #create: Create

  constructor(create: Create, left?: unknown) {
    const memories = new Memories()
    memories.restore(left)
    super(clock => create(clock, memories.open('f', 'same', 0)))
    this.memories = memories
    this.#create = create
  }

  /** The next process, which begins so long after the first one did, in ms. */
  next(atMs: number, left: unknown = leftBy(this.memories)): Run {
    const run = new Run(this.#create, left)
    run.runner.advance(atMs)
    return run
  }
}

const extents: readonly Extent[] = [
  { kind: 'count', count: 3 },
  { kind: 'time', ms: 7000 },
]
const filled = new Map<string, 'last' | number>([
  ['n', 'last'],
  ['__proto__', 'last'],
  ['late', 0],
])
const kept = (extent: Extent, clock: Clock, memory?: StepMemory): Operator => keep({ extent }, clock, memory)
const happened = (extent: Extent, clock: Clock, memory?: StepMemory): Operator =>
  events({ keep: extent, maxPoints: 10 }, clock, undefined, memory)

describe('law: is the one that it would be without the restart', () => {
  test.each(extents)('keep: $kind', extent => {
    fc.assert(
      obeysOverRestart((clock, memory) => kept(extent, clock, memory)),
      { numRuns: 30 },
    )
  })
  test.each(extents)('events: $kind', extent => {
    fc.assert(
      obeysOverRestart((clock, memory) => happened(extent, clock, memory), { needsTable: true }),
      { numRuns: 30 },
    )
  })
  test.each([{}, { maxAgeMs: 6000 }])('fill: %o', more => {
    fc.assert(
      obeysOverRestart((clock, memory) => fill({ columns: filled, ...more }, clock, memory)),
      { numRuns: 30 },
    )
  })
})

describe('events whose table was saved before they were', () => {
  const tables = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.integer({ min: 0, max: 2 })), {
    minLength: 1,
    maxLength: 6,
  })
  // A column that is called like one of the event's own tells nothing more here.
  const header = { key: 'id', columns: ['id', 'n', 'time'] }
  const tableOf = (cells: Readonly<Record<string, number>>) =>
    ({ ...header, rows: new Map(Object.entries(cells).map(([id, n]) => [id, { id, n, time: n }])), order: [], kind: 'table' }) as const

  test('law: do not happen again, and what happened since does once', () => {
    const lag = fc.tuple(fc.nat(5), fc.nat(5))
    const run = (left?: unknown) => {
      const memories = new Memories()
      memories.restore(left)
      const runner = new TimedRunner(clock =>
        events({ keep: { kind: 'count', count: 100 }, maxPoints: 100 }, clock, undefined, memories.open('f', 'same', 0)),
      )
      const push = (cells: Readonly<Record<string, number>>, time = runner.clock.now()) =>
        rowsOf(runner.push({ table: tableOf(cells), changes: 'all', tick: 0, time }))
      return { memories, runner, push }
    }
    fc.assert(
      fc.property(tables, tables, lag, (before, after, behind) => {
        const [lasting, ending] = [run(), run()]
        const times: number[] = []
        for (const cells of before) {
          for (const { runner } of [lasting, ending]) runner.advance(1000)
          times.push(lasting.runner.clock.now())
          lasting.push(cells)
          ending.push(cells)
        }
        const next = run(leftBy(ending.memories))
        next.runner.advance(before.length * 1000)
        // One source after the other may be taken up, each as of a time of its own.
        for (const at of behind.map(each => Math.max(0, before.length - 1 - each)).sort((a, b) => a - b))
          next.push(before[at] ?? {}, times[at])
        for (const cells of after) {
          for (const { runner } of [lasting, next]) runner.advance(1000)
          expect(next.push(cells)).toEqual(lasting.push(cells))
        }
      }),
      { numRuns: 100 },
    )
  })
})

const minutes: Extent = { kind: 'time', ms: 120_000 }
const cases: readonly { readonly name: string; readonly create: Create; readonly list: string }[] = [
  { name: 'keep', create: (clock, memory) => kept(minutes, clock, memory), list: 'rows' },
  { name: 'events', create: (clock, memory) => happened(minutes, clock, memory), list: 'events' },
  { name: 'fill', create: (clock, memory) => fill({ columns: filled, maxAgeMs: 120_000 }, clock, memory), list: 'rows' },
]

/** What the step shows of row `a` after it left, or its cell became null. */
function shown({ name }: { readonly name: string }, run: Run, ms = 0): boolean {
  const rows = Object.values(rowsOf(run.push(ms, { a: name === 'fill' ? { n: null } : undefined, b: { n: 2 } })))
  return rows.some(row => (row['key'] ?? row['id']) === 'a' && row['n'] === 1)
}

describe.each(cases)('$name over a restart', one => {
  const began = (): Run => {
    const first = new Run(one.create)
    first.push(0, { b: { n: 2 } })
    first.push(1000, { a: { n: 1 }, b: { n: 2 } })
    return first
  }

  test('goes on, and gets old while nobody looks', () => {
    expect(shown(one, began().next(60_000))).toBe(true)
    expect(shown(one, began().next(200_000))).toBe(false)
  })

  test('a wall clock that is set back meanwhile, or was set before, loses nothing', () => {
    const first = began()
    first.clock.setWall(startMs + 3_600_000)
    expect(shown(one, first.next(3_630_000))).toBe(true)
    expect(shown(one, first.next(60_000))).toBe(true)
    const back = first.next(60_000)
    shown(one, back)
    expect(shown(one, back, 121_000)).toBe(false)
  })

  test('a run that ends before it has a table leaves what it was left', () => {
    expect(shown(one, began().next(2000).next(3000))).toBe(true)
  })

  test('begins anew where what lies there is another', () => {
    const { f } = leftBy(began().memories) as { f: { fingerprint: string; steps: Record<string, Record<string, unknown>> } }
    const step = f.steps['0'] ?? {}
    const [item] = step[one.list] as object[]
    const members = Object.keys(item ?? {}).filter(member => member !== 'row')
    const odd = [
      null,
      [],
      ...Object.keys(step).map(member => ({ ...step, [member]: null })),
      { ...step, key: 'other' },
      ...members.map(member => ({ ...step, [one.list]: [{ ...item, [member]: null }] })),
      { ...step, [one.list]: [null] },
    ]
    const next = (saved: unknown): Run => began().next(2000, { f: { ...f, steps: { 0: saved } } })
    expect(shown(one, next(step))).toBe(true)
    expect(odd.filter(saved => shown(one, next(saved)))).toEqual([])
  })
})
