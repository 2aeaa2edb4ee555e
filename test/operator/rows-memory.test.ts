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
import { rowsOf, startMs, TimedFeed } from './timed-history.ts'

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
