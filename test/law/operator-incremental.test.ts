import * as fc from 'fast-check'
import { map, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import { parseOrderTerm } from '../../src/model/order.ts'
import { rowOf, type Row } from '../../src/model/row.ts'
import type { Sample, Table } from '../../src/model/table.ts'
import type { Aggregate } from '../../src/operator/aggregate.ts'
import { derive, naiveDerive } from '../../src/operator/derive.ts'
import { distinct, naiveDistinct } from '../../src/operator/distinct.ts'
import { naivePickFields, pickFields } from '../../src/operator/fields.ts'
import { group, naiveGroup } from '../../src/operator/group.ts'
import type { Value } from '../../src/operator/row-function.ts'
import { naiveSelect, select } from '../../src/operator/select.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { naiveTop, top, type Top } from '../../src/operator/top.ts'
import { naiveWhere, where } from '../../src/operator/where.ts'
import { obeys } from '../operator/sample-history.ts'

const runs = { numRuns: 150 }
const cel = (text: string) => compileExpression(text, { origin: 'config' })

const columns = new Map<string, Value>([
  ['double', cel('n * 2')],
  ['__proto__', cel('row["__proto__"]')],
  ['id', () => 'never'],
  ['late', cel('late == null ? key : late')],
  ['n', (row: Row) => row['n'] ?? null],
])

const aggregates = new Map<string, Aggregate>([
  ['rows', { name: 'count' }],
  ['some', { name: 'count', value: cel('n > 1') }],
  ['sum', { name: 'sum', value: cel('n') }],
  ['avg', { name: 'avg', value: cel('n + 0') }],
  ['min', { name: 'min', value: cel('row["__proto__"]') }],
  ['max', { name: 'max', value: cel('late') }],
  ['stddev', { name: 'stddev', value: cel('n') }],
  ['first', { name: 'first', value: cel('late') }],
  ['last', { name: 'last', value: cel('n') }],
  ['distinct', { name: 'distinct', value: cel('row["__proto__"]') }],
  ['quantile', { name: 'quantile', value: cel('n'), q: 0.7 }],
  ['p90', { name: 'p90', value: cel('n') }],
])

function orderBy(...terms: string[]): Top['by'] {
  return terms.map(parseOrderTerm)
}

const conditions = [cel('n > 1'), cel('region == null || late != null'), (row: Row, key: string) => key !== 'a' && row['n'] !== null]
const tops: readonly Top[] = [
  { by: orderBy('-n'), limit: 2 },
  { by: orderBy('region', '-__proto__'), limit: 1 },
  { by: [], limit: 3 },
  { by: orderBy('n'), limit: 1, per: ['region'] },
  { by: orderBy('-late', 'n'), limit: 2, per: ['region', 'n'] },
  { by: orderBy('n'), limit: 100 },
]
const groups = [
  { by: ['region'], columns: aggregates },
  { by: ['n'], columns: aggregates },
  { by: ['__proto__'], columns: aggregates },
  { by: ['region', 'n'], columns: aggregates },
  { by: [], columns: aggregates },
  { by: ['region'], columns: aggregates, having: cel('rows > 1') },
  { by: ['region'], columns: aggregates, having: (row: Row, key: string) => key !== '42' && row['sum'] !== null },
]

describe('L10: at every tick the operator is its definition, and says exactly what changed', () => {
  test.each(conditions.map((condition, i) => [i, condition] as const))('where %i', (_, condition) => {
    fc.assert(
      obeys(
        () => where(condition),
        table => naiveWhere(table, condition),
      ),
      runs,
    )
  })
  test('select', () => {
    fc.assert(
      obeys(
        () => select(columns),
        table => naiveSelect(table, columns),
      ),
      runs,
    )
  })
  test('derive', () => {
    fc.assert(
      obeys(
        () => derive(columns),
        table => naiveDerive(table, columns),
      ),
      runs,
    )
  })
  test.each([[['n']], [['late', '__proto__', 'nowhere']], [['id', 'name', 'region', 'n', '__proto__', 'late', 's', 'constructor']]])(
    'fields %j',
    fields => {
      fc.assert(
        obeys(
          () => pickFields(fields),
          table => naivePickFields(table, fields),
        ),
        runs,
      )
    },
  )
  test.each(tops)('top %j', options => {
    fc.assert(
      obeys(
        () => top(options),
        table => naiveTop(table, options),
      ),
      runs,
    )
  })
  test.each(groups.map((options, i) => [i, options.by.join(), options] as const))('group %i by %s', (_, __, options) => {
    fc.assert(
      obeys(
        () => group({ ...options, maxGroups: 100 }),
        table => naiveGroup(table, options),
      ),
      runs,
    )
  })
  test.each([[['region']], [['n', 'late']], [['__proto__']]])('distinct by %j', by => {
    fc.assert(
      obeys(
        () => distinct(by),
        table => naiveDistinct(table, by),
      ),
      runs,
    )
  })
  test('one after the other', () => {
    const ranked: Top = { by: orderBy('-sum'), limit: 2 }
    const grouped = { by: ['region'], columns: aggregates }
    const pipeline: Operator = samples =>
      samples.pipe(where(cel('n != 3')), derive(columns), group({ ...grouped, maxGroups: 100 }), top(ranked), pickFields(['rows']))
    const naive = (table: Table): Table =>
      naivePickFields(naiveTop(naiveGroup(naiveDerive(naiveWhere(table, cel('n != 3')), columns), grouped), ranked), ['rows'])
    fc.assert(
      obeys(() => pipeline, naive, { isChain: true }),
      runs,
    )
  })
})

type Fault = OperatorFunction<Sample, Sample>

/** Rows that leave stay in the input. */
function forgetLeaving(): Fault {
  const rows = new Map<string, Row>()
  return map(sample => {
    if (sample.changes === 'all') rows.clear()
    for (const [key, row] of sample.table.rows) rows.set(key, row)
    return { ...sample, table: { ...sample.table, rows } }
  })
}

/** Only rows that are new count as changed. */
const forgetUpdates: Fault = map(sample =>
  sample.changes === 'all' ? sample : { ...sample, changes: new Map([...sample.changes].filter(([, row]) => row === undefined)) },
)
const withoutAll: Fault = map(sample => (sample.changes === 'all' && sample.tick > 1 ? { ...sample, changes: new Map() } : sample))
const claimsTooMuch: Fault = map(sample =>
  sample.changes === 'all' ? sample : { ...sample, changes: new Map([...sample.table.rows, ...sample.changes]) },
)
const claimsTooLittle: Fault = map(sample =>
  sample.changes === 'all' ? sample : { ...sample, changes: new Map([...sample.changes].slice(1)) },
)
const wrongPrevious: Fault = map(sample =>
  sample.changes === 'all'
    ? sample
    : { ...sample, changes: new Map([...sample.changes.keys()].map(key => [key, sample.table.rows.get(key)])) },
)
const newIdentities: Fault = map(sample => {
  const rows = new Map([...sample.table.rows].map(([key, row]) => [key, rowOf(Object.entries(row))]))
  return { ...sample, table: { ...sample.table, rows } }
})
const alwaysAll: Fault = map(sample => ({ ...sample, changes: 'all' as const }))
const losesDegraded: Fault = map(({ table, changes, tick, time }) => ({ table, changes, tick, time }))

/** Where a condition that turns false changes nothing. */
function whereThatKeeps(condition: (row: Row, key: string) => boolean): Operator {
  const once = new Set<string>()
  return samples =>
    samples.pipe(
      where((row, key) => {
        if (condition(row, key)) once.add(key)
        return once.has(key)
      }),
    )
}

describe('the law sees', () => {
  const condition = (row: Row): boolean => row['n'] === 1 || row['n'] === 2
  const grouped = { by: ['region'], columns: aggregates }
  const operators: Record<string, readonly [() => Operator, (table: Table) => Table]> = {
    where: [() => where(condition), table => naiveWhere(table, condition)],
    derive: [() => derive(columns), table => naiveDerive(table, columns)],
    group: [() => group({ ...grouped, maxGroups: 100 }), table => naiveGroup(table, grouped)],
    top: [() => top({ by: orderBy('n'), limit: 2 }), table => naiveTop(table, { by: orderBy('n'), limit: 2 })],
  }
  const seen = (create: () => Operator, naive: (table: Table) => Table): boolean =>
    fc.check(obeys(create, naive), { numRuns: 300, seed: 7, endOnFailure: true }).failed

  test('a where that keeps a row whose condition turned false', () => {
    expect(
      seen(
        () => whereThatKeeps(condition),
        table => naiveWhere(table, condition),
      ),
    ).toBe(true)
  })

  test.each(Object.keys(operators))('faults before and after %s', name => {
    const [create, naive] = operators[name] ?? []
    if (create === undefined || naive === undefined) throw new Error(name)
    expect(seen(create, naive)).toBe(false)
    const before = { forgetLeaving, forgetUpdates: () => forgetUpdates, withoutAll: () => withoutAll }
    for (const [fault, make] of Object.entries(before))
      expect([fault, seen(() => samples => samples.pipe(make(), create()), naive)]).toEqual([fault, true])
    const after = { claimsTooMuch, claimsTooLittle, wrongPrevious, newIdentities, alwaysAll, losesDegraded }
    for (const [fault, wrong] of Object.entries(after))
      expect([fault, seen(() => samples => samples.pipe(create(), wrong), naive)]).toEqual([fault, true])
  })

  test.each<readonly [string, Top, Top]>([
    ['a limit one too high', { by: orderBy('n'), limit: 2 }, { by: orderBy('n'), limit: 3 }],
    ['another direction', { by: orderBy('n'), limit: 2 }, { by: orderBy('-n'), limit: 2 }],
    ['groups not kept apart', { by: orderBy('n'), limit: 2, per: ['region'] }, { by: orderBy('n'), limit: 2 }],
  ])('%s', (_, right, wrong) => {
    expect(
      seen(
        () => top(wrong),
        table => naiveTop(table, right),
      ),
    ).toBe(true)
  })
})
