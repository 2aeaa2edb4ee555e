import { describe, expect, test } from 'vitest'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Sample, Table } from '../../src/model/table.ts'
import { startAggregate } from '../../src/operator/accumulator.ts'
import { group, naiveGroup, type Group } from '../../src/operator/group.ts'
import { NeumaierSum } from '../../src/operator/neumaier.ts'
import { Runner } from './sample-history.ts'

/** A table that is changed and pushed, one sample after the other. */
class Feed {
  readonly rows = new Map<string, Row>()
  readonly #runner: Runner
  #tick = 0

  constructor(options: Partial<Group>) {
    this.#runner = new Runner(group({ by: ['g'], columns: new Map([['n', { name: 'count' }]]), maxGroups: 1000, ...options }))
  }

  /** Sets rows by key; a value that is undefined takes the row away. */
  push(changed: Readonly<Record<string, Row | undefined>>): Sample {
    const changes = new Map<string, Row | undefined>()
    for (const [key, row] of Object.entries(changed)) {
      changes.set(key, this.rows.get(key))
      if (row === undefined) this.rows.delete(key)
      else this.rows.set(key, row)
    }
    this.#tick += 1
    return this.#runner.push({ table: this.table, changes: this.#tick === 1 ? 'all' : changes, tick: this.#tick, time: 0 })
  }

  get table(): Table {
    return { key: 'id', columns: ['id', 'g', 'v'], rows: this.rows, order: [], kind: 'table' }
  }
}

function cell(g: Cell, v: Cell = null): Row {
  return { g, v }
}

describe('group', () => {
  test('rows without a group are left out, and the feed says so', () => {
    const feed = new Feed({})
    expect(feed.push({ a: cell('x'), b: cell(null), c: cell([1]), d: cell({}) }).degraded).toEqual({
      cause: 'key',
      reason: '3 rows have no g',
    })
    expect(feed.push({ c: undefined, d: cell('x') }).degraded).toEqual({ cause: 'key', reason: '1 row has no g' })
    const last = feed.push({ b: cell('y') })
    expect(last.degraded).toBeUndefined()
    expect([...last.table.rows.values()]).toEqual([
      { g: 'x', n: 2 },
      { g: 'y', n: 1 },
    ])
  })

  test('42 and "42" are one group, shown as the number, and the feed says so', () => {
    const feed = new Feed({})
    const first = feed.push({ a: cell('42'), b: cell(42), c: cell(true), d: cell('x') })
    expect(first.degraded).toEqual({ cause: 'key', reason: 'g 42 is of several types; they are one group' })
    expect(first.table.rows.get('42')).toEqual({ g: 42, n: 2 })
    const second = feed.push({ b: undefined })
    expect(second.degraded).toBeUndefined()
    expect(second.table.rows.get('42')).toEqual({ g: '42', n: 1 })
  })

  test('by several columns they are two', () => {
    const feed = new Feed({ by: ['g', 'v'] })
    const { table, degraded } = feed.push({ a: cell('42', 1), b: cell(42, 1) })
    expect([...table.rows.keys()]).toEqual(['["42",1]', '[42,1]'])
    expect(degraded).toBeUndefined()
  })

  test('a group whose aggregates stay keeps its row, one without rows goes', () => {
    const feed = new Feed({ columns: new Map([['most', { name: 'max', value: (row: Row) => row['v'] ?? null }]]) })
    const first = feed.push({ a: cell('x', 5), b: cell('x', 1), c: cell('y', 1) }).table.rows.get('x')
    const second = feed.push({ b: cell('x', 2) })
    expect(second.changes).toEqual(new Map())
    expect(second.table.rows.get('x')).toBe(first)
    expect(feed.push({ c: undefined }).changes).toEqual(new Map([['y', { g: 'y', most: 1 }]]))
  })

  test('a row that goes from one group to another changes both', () => {
    const feed = new Feed({})
    feed.push({ a: cell('x'), b: cell('x'), c: cell('y') })
    const { changes } = feed.push({ b: cell('y') })
    expect(changes).toEqual(
      new Map([
        ['x', { g: 'x', n: 2 }],
        ['y', { g: 'y', n: 1 }],
      ]),
    )
  })

  test('an expression runs once for each change of a row', () => {
    let runs = 0
    const value = (row: Row): Cell => {
      runs += 1
      return row['v'] ?? null
    }
    const feed = new Feed({ columns: new Map([['sum', { name: 'sum', value }]]) })
    feed.push({ a: cell('x', 1), b: cell('x', 2), c: cell('y', 3) })
    feed.push({ a: cell('x', 9) })
    expect(runs).toBe(4)
  })

  test('the newest groups stay out over the cap, whole, until there is room', () => {
    const feed = new Feed({ maxGroups: 2 })
    const first = feed.push({ a: cell('x'), b: cell('y'), c: cell('z'), d: cell('z'), e: cell('x'), f: cell('w') })
    expect([...first.table.rows.values()]).toEqual([
      { g: 'x', n: 2 },
      { g: 'y', n: 1 },
    ])
    expect(first.degraded).toEqual({ cause: 'cardinality', reason: 'maxGroups: 2 groups are held, 3 rows of others are left out' })
    const second = feed.push({ b: undefined })
    expect([...second.table.rows.values()]).toEqual([
      { g: 'x', n: 2 },
      { g: 'z', n: 2 },
    ])
    expect(second.degraded?.reason).toBe('maxGroups: 2 groups are held, 1 row of another is left out')
    const third = feed.push({ f: cell('x') })
    expect(third.degraded).toBeUndefined()
    expect(third.table.rows).toEqual(naiveGroup(feed.table, { by: ['g'], columns: new Map([['n', { name: 'count' }]]) }).rows)
  })

  test('who comes to a group that waits while another one goes waits with it: it is shown whole, or not at all', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x${i}`, cell('x')]))
    const feed = new Feed({ maxGroups: 2 })
    feed.push({ ...many, a: cell('y'), b: cell('z'), c: cell('z') })
    const { table, degraded } = feed.push({ a: undefined, d: cell('z') })
    expect([table.rows.get('z'), degraded]).toEqual([{ g: 'z', n: 3 }, undefined])
  })

  test('the first and last of a group are those of the order of the table, also when that changes', () => {
    const value = (row: Row): Cell => row['v'] ?? null
    const ends = new Map([
      ['first', { name: 'first', value }],
      ['last', { name: 'last', value }],
    ] as const)
    const runner = new Runner(group({ by: ['g'], columns: ends, maxGroups: 10 }))
    const rows = new Map([
      ['b', cell('x', 3)],
      ['c', cell('x', 1)],
      ['a', cell('x', 2)],
    ])
    const push = (order: Table['order']): unknown =>
      runner
        .push({ table: { key: 'id', columns: ['id', 'g', 'v'], rows, order, kind: 'table' }, changes: new Map(), tick: 1, time: 0 })
        .table.rows.get('x')
    expect(push([])).toEqual({ g: 'x', first: 2, last: 1 })
    expect(push([{ column: 'v', descending: true }])).toEqual({ g: 'x', first: 3, last: 1 })
  })

  test('a cause of the input goes before its own', () => {
    const runner = new Runner(group({ by: ['g'], columns: new Map([['n', { name: 'count' }]]), maxGroups: 1 }))
    const table: Table = { key: 'id', columns: ['id', 'g'], rows: new Map([['a', cell(null)]]), order: [], kind: 'table' }
    const degraded = { cause: 'shape', reason: 'as it came' } as const
    expect(runner.push({ table, changes: 'all', tick: 1, time: 0, degraded }).degraded).toBe(degraded)
  })
})

describe('aggregates', () => {
  test.each<[Parameters<typeof startAggregate>[0], Cell[], Cell]>([
    ['count', [], 0],
    ['count', [0, '', 'x', true, false, null, [1]], 5],
    ['sum', [], null],
    ['sum', [null, 'x', true, [1]], null],
    ['sum', [1, null, 2, '3'], 3],
    ['sum', [1e308, 1e308], null],
    ['sum', [1, 1e100, 1, -1e100], 2],
    ['avg', [null, 1, 2], 1.5],
    ['avg', [], null],
    ['stddev', [], null],
    ['stddev', [5, null, 'x'], 0],
    ['stddev', [2, 4, 4, 4, 5, 5, 7, 9], 2],
    ['first', [null, 'b', 1], 'b'],
    ['last', [null, 'b', 1, null], 1],
    ['first', [null], null],
    ['distinct', [], 0],
    ['distinct', [42, '42', null, 42, [1], [1], { a: 1 }, true], 5],
    ['p50', [1, 'x', 3], 2],
    ['p99', [5], 5],
    ['min', [3, null, -1, '0', true], -1],
    ['max', [3, null, -1, '9', true], 3],
    ['max', ['2026-01-02', '2026-01-10', null], '2026-01-10'],
    ['min', ['b', 'a', false], 'a'],
    ['min', [null, [1]], null],
    ['max', [-0, 0], -0],
  ])('%s of %j is %j', (name, cells, expected) => {
    const aggregate = startAggregate(name)
    for (const each of cells) aggregate.add(each)
    expect(aggregate.result()).toBe(expected)
  })

  test('a sum of many small numbers is exact where a plain one drifts', () => {
    const sum = new NeumaierSum()
    let plain = 0
    for (let i = 0; i < 100_000; i++) {
      sum.add(0.1)
      plain += 0.1
    }
    expect(plain).not.toBe(10_000)
    expect(sum.value).toBe(10_000)
  })
})
