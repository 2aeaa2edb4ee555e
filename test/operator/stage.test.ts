import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import { parseOrderTerm } from '../../src/model/order.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { derive } from '../../src/operator/derive.ts'
import { pickFields } from '../../src/operator/fields.ts'
import { group } from '../../src/operator/group.ts'
import type { Trace } from '../../src/operator/lineage.ts'
import { select } from '../../src/operator/select.ts'
import { SortedRows } from '../../src/operator/sorted-rows.ts'
import { rowComparator } from '../../src/model/order.ts'
import { top } from '../../src/operator/top.ts'
import { where } from '../../src/operator/where.ts'
import { Runner } from './sample-history.ts'

function sampleOf(rows: ReadonlyMap<string, Row>, changes: Sample['changes'], tick: number): Sample {
  return {
    table: { key: 'id', columns: ['id', 'region', 'n'], rows, order: [parseOrderTerm('-n')], kind: 'table' },
    changes,
    tick,
    time: tick,
  }
}

describe('where most rows change, a stage goes through all of them', () => {
  const rowsOf = (...rows: readonly (readonly [string, Row])[]): Map<string, Row> => new Map(rows)
  const before = rowsOf(['a', { id: 'a', n: 1 }], ['b', { id: 'b', n: 2 }], ['c', { id: 'c', n: 3 }], ['d', { id: 'd', n: 4 }])
  const after = rowsOf(['a', { id: 'a', n: 1 }], ['b', { id: 'b', n: 5 }], ['e', { id: 'e', n: 3 }])
  const changes = new Map<string, Row | undefined>([...before, ['e', undefined]])

  test('and keeps what stays equal as it is, and nothing that left', () => {
    for (const operator of [
      derive(new Map([['m', (row: Row) => row['n'] ?? null]])),
      select(new Map([['n', (row: Row) => row['n'] ?? null]])),
    ]) {
      const runner = new Runner(operator)
      const kept = runner.push(sampleOf(before, 'all', 1)).table.rows.get('a')
      const { table, changes: told } = runner.push(sampleOf(after, changes, 2))
      expect([told, [...table.rows.keys()].sort(), table.rows.get('a') === kept]).toEqual(['all', ['a', 'b', 'e'], true])
    }
    const conditional = new Runner(where(row => row['n'] !== 3))
    conditional.push(sampleOf(before, 'all', 1))
    expect([...conditional.push(sampleOf(after, changes, 2)).table.rows.keys()]).toEqual(['a', 'b'])
  })

  test('and a group still tells whose rows it is of, and goes on by what changes', () => {
    let trace: Trace = () => ({ keys: [] })
    const columns = new Map([['sum', { name: 'sum' as const, value: (row: Row) => row['n'] ?? null }]])
    const runner = new Runner(group({ by: ['region'], columns, maxGroups: 10 }, told => (trace = told)))
    const regions = (n: number): Map<string, Row> =>
      new Map(['a', 'b', 'c', 'd'].map((id, i) => [id, { id, region: i % 2 === 0 ? 'n' : 's', n: n + i }]))
    const rows = regions(0)
    runner.push(sampleOf(rows, 'all', 1))
    const next = regions(10)
    const shown = runner.push(sampleOf(next, rows, 2)).table
    expect([...shown.rows.values()]).toEqual([
      { region: 'n', sum: 22 },
      { region: 's', sum: 24 },
    ])
    expect([...trace('n').keys]).toEqual(['a', 'c'])
    const changed = new Map<string, Row | undefined>([['a', next.get('a')]])
    next.set('a', { id: 'a', region: 's', n: 1 })
    const sample = runner.push(sampleOf(next, changed, 3))
    expect([...sample.table.rows.values()]).toEqual([
      { region: 'n', sum: 12 },
      { region: 's', sum: 25 },
    ])
    expect([sample.changes === 'all' ? [] : [...sample.changes.keys()].sort(), [...trace('s').keys].sort()]).toEqual([
      ['n', 's'],
      ['a', 'b', 'd'],
    ])
  })
})

describe('a stage', () => {
  test('each subscription has a state of its own', () => {
    const operator = where((row: Row) => row['n'] === 1)
    const input = new Subject<Sample>()
    const counts: number[] = []
    const output = input.pipe(operator)
    output.subscribe(sample => counts.push(sample.changes === 'all' ? -1 : sample.changes.size))
    const rows = new Map<string, Row>([['a', { id: 'a', n: 1 }]])
    input.next(sampleOf(rows, 'all', 1))
    output.subscribe(sample => counts.push(sample.changes === 'all' ? -1 : sample.changes.size))
    input.next(sampleOf(rows, new Map(), 2))
    expect(counts).toEqual([-1, 0, -1])
  })

  test('a first sample that is not whole is taken whole', () => {
    const rows = new Map<string, Row>([['a', { id: 'a', n: 1 }]])
    const { table, changes } = new Runner(where(() => true)).push(sampleOf(rows, new Map(), 5))
    expect([table.rows.size, changes]).toEqual([1, 'all'])
  })

  test('fields keep the key and what the order needs; a select that loses the order gives none', () => {
    const rows = new Map<string, Row>([['a', { id: 'a', region: 'x', n: 1 }]])
    const fields = new Runner(pickFields(['region'])).push(sampleOf(rows, 'all', 1)).table
    expect([fields.columns, fields.order.length]).toEqual([['id', 'region', 'n'], 1])
    const selected = new Runner(select(new Map([['m', () => 1]]))).push(sampleOf(rows, 'all', 1)).table
    expect([selected.columns, selected.order]).toEqual([['id', 'm'], []])
  })

  test('without an order of its own, top follows that of the table when it changes', () => {
    const rows = new Map<string, Row>([
      ['a', { id: 'a', n: 1 }],
      ['b', { id: 'b', n: 2 }],
    ])
    const runner = new Runner(top({ by: [], limit: 1 }))
    expect([...runner.push(sampleOf(rows, 'all', 1)).table.rows.keys()]).toEqual(['b'])
    const { table } = sampleOf(rows, new Map(), 2)
    const next = runner.push({ table: { ...table, order: [parseOrderTerm('n')] }, changes: new Map(), tick: 2, time: 2 })
    expect([...next.table.rows.keys()]).toEqual(['a'])
    expect(next.changes).toEqual(
      new Map([
        ['b', rows.get('b')],
        ['a', undefined],
      ]),
    )
  })
})

test('sorted rows stay sorted through many chunks', () => {
  const random = seededRandom(3)
  const sorted = new SortedRows([parseOrderTerm('-n')])
  const held = new Map<string, Row>()
  for (let i = 0; i < 8000; i++) {
    const key = `k${Math.floor(random() * 3000)}`
    const before = held.get(key)
    if (before !== undefined) sorted.remove({ key, row: before })
    held.delete(key)
    if (random() < 0.3) continue
    const row = { n: Math.floor(random() * 500) }
    held.set(key, row)
    sorted.insert({ key, row })
  }
  const compare = rowComparator([parseOrderTerm('-n')])
  const expected = [...held].sort(([a, rowA], [b, rowB]) => compare(rowA, a, rowB, b)).map(([key]) => key)
  expect(sorted.first(Infinity).map(entry => entry.key)).toEqual(expected)
  for (const [key, row] of held) sorted.remove({ key, row })
  expect(sorted.isEmpty).toBe(true)
})

/** How often the rows of a table are looked at. */
class CountedRows extends Map<string, Row> {
  looks = 0

  override get(key: string): Row | undefined {
    this.looks += 1
    return super.get(key)
  }
  override [Symbol.iterator](): MapIterator<[string, Row]> {
    this.looks += this.size
    return super[Symbol.iterator]()
  }
}

describe('a change costs what it changes, not what is there', () => {
  const cel = (text: string) => compileExpression(text, { origin: 'config' })
  const sum = new Map([['n', { name: 'sum', value: cel('n') } as const]])
  test.each([
    ['where', where(cel('n > 10'))],
    ['select', select(new Map([['m', cel('n * 2')]]))],
    ['derive', derive(new Map([['m', cel('n * 2')]]))],
    ['fields', pickFields(['n'])],
    ['top', top({ by: [parseOrderTerm('-n')], limit: 20 })],
    ['group', group({ by: ['region'], columns: sum, maxGroups: 10_000 })],
  ])('%s', (_, operator) => {
    const rows = new CountedRows()
    for (let i = 0; i < 5000; i++) rows.set(`k${i}`, { id: `k${i}`, region: i % 1000, n: i })
    const runner = new Runner(operator)
    runner.push(sampleOf(rows, 'all', 1))
    rows.looks = 0
    const before = rows.get('k7')
    rows.set('k7', { id: 'k7', region: 7, n: 1e6 })
    const { changes } = runner.push(sampleOf(rows, new Map([['k7', before]]), 2))
    expect(rows.looks).toBeLessThan(5)
    expect(changes === 'all' ? Infinity : changes.size).toBeLessThanOrEqual(2)
  })
})
