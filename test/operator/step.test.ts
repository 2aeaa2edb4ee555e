import { NEVER } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { stepSchemas } from '../../src/config/step.ts'
import type { Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'
import type { Step } from '../../src/operator/step.options.ts'
import { buildStep } from '../../src/operator/step.ts'
import { StepError } from '../../src/operator/step-expression.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Runner } from './sample-history.ts'

const deps = { clock: new ManualClock(), handOver: { isOn: false, done: NEVER }, input: () => NEVER }

/** Steps as a config holds them, through their schemas. */
function steps(...written: readonly Record<string, unknown>[]): Step[] {
  return written.flatMap(step =>
    Object.entries(step).map(
      ([kind, options]) => ({ kind, options: stepSchemas[kind as keyof typeof stepSchemas].parse(options) }) as Step,
    ),
  )
}

function tableOf(key: string, rows: readonly Row[]): Table {
  const columns = [...new Set([key, ...rows.flatMap(row => Object.keys(row))])]
  return { key, columns, rows: new Map(rows.map(row => [(row[key] as number).toString(), row])), order: [], kind: 'table' }
}

function outcome(
  rows: readonly Row[],
  ...written: readonly Record<string, unknown>[]
): { columns: readonly string[]; rows: Row[]; order: string[] } {
  const runner = new Runner(samples => steps(...written).reduce((so, step) => so.pipe(buildStep(step, deps)), samples))
  const { table } = runner.push({ table: tableOf('id', rows), changes: 'all', tick: 1, time: 1 })
  return {
    columns: table.columns,
    rows: [...table.rows.values()],
    order: table.order.map(term => `${term.descending ? '-' : ''}${term.column}`),
  }
}

const stations = [
  { id: 1, region: 'n', bikes: 3, docks: 10 },
  { id: 2, region: 'n', bikes: 0, docks: 4 },
  { id: 3, region: 's', bikes: 5, docks: null },
  { id: 4, region: null, bikes: 1, docks: 2 },
]

describe('the steps of a config', () => {
  test('where', () => {
    expect(outcome(stations, { where: 'bikes > 0 && docks != null' }).rows.map(row => row['id'])).toEqual([1, 4])
    expect(outcome(stations, { where: true }).rows).toHaveLength(4)
  })

  test('select: a list of columns is these as they are', () => {
    const named = outcome(stations, { select: { docks: 'docks', region: 'region' } })
    expect(outcome(stations, { select: ['docks', 'region'] })).toEqual(named)
  })

  test('select: only these, after the key', () => {
    expect(outcome(stations, { select: { free: 'docks / 4', one: 1, id: '"no"' } })).toMatchObject({
      columns: ['id', 'free', 'one'],
      rows: [
        { id: 1, free: 2.5, one: 1 },
        { id: 2, free: 1, one: 1 },
        { id: 3, free: null, one: 1 },
        { id: 4, free: 0.5, one: 1 },
      ],
    })
  })

  test('derive: these beside all others', () => {
    const { columns, rows } = outcome(stations.slice(0, 1), { derive: { share: 'bikes / docks', bikes: 'bikes + 1' } })
    expect(columns).toEqual(['id', 'region', 'bikes', 'docks', 'share'])
    expect(rows).toEqual([{ id: 1, region: 'n', bikes: 4, docks: 10, share: 0.3 }])
  })

  test('top sets the order', () => {
    expect(outcome(stations, { top: { by: '-bikes', limit: 2 } })).toMatchObject({ rows: [{ id: 3 }, { id: 1 }], order: ['-bikes'] })
    expect(
      outcome(stations, { top: { by: ['docks', '-bikes'], limit: 1, per: 'region' } })
        .rows.map(row => row['id'])

        .sort((a, b) => Number(a) - Number(b)),
    ).toEqual([2, 3, 4])
  })

  test('group by one column, by several, by none', () => {
    const columns = { n: 'count()', some: 'count(bikes > 0)', bikes: 'sum(bikes)', docks: 'avg(docks)', most: 'max(bikes)' }
    expect(outcome(stations, { group: { by: 'region', columns, having: 'n > 1' } })).toEqual({
      columns: ['region', 'n', 'some', 'bikes', 'docks', 'most'],
      rows: [{ region: 'n', n: 2, some: 1, bikes: 3, docks: 7, most: 3 }],
      order: [],
    })
    expect(outcome(stations.slice(0, 1), { group: { by: ['region', 'docks'], columns: { n: 'count()' } } })).toEqual({
      columns: ['#', 'region', 'docks', 'n'],
      rows: [{ '#': '["n",10]', region: 'n', docks: 10, n: 1 }],
      order: [],
    })
    expect(outcome([], { group: { columns } }).rows).toEqual([{ '#': '', n: 0, some: 0, bikes: null, docks: null, most: null }])
  })

  test('a column called __proto__ survives from the config to the row', () => {
    const options = JSON.parse('{"select": {"__proto__": "bikes"}}') as Record<string, unknown>
    const { columns, rows } = outcome(stations.slice(0, 1), options)
    expect(columns).toEqual(['id', '__proto__'])
    expect(JSON.stringify(rows)).toBe('[{"id":1,"__proto__":3}]')
  })
})

function errorOf(build: () => unknown): StepError {
  try {
    build()
  } catch (error) {
    if (error instanceof StepError) return error
  }
  throw new Error('no step error')
}

function memberOf(inner: unknown, name: unknown): unknown {
  return inner instanceof Map ? (inner as Map<unknown, unknown>).get(name) : (inner as Record<string, unknown>)[String(name)]
}

describe('a step that cannot be built tells where', () => {
  test.each<[string, Record<string, unknown>, unknown[], string]>([
    ['a condition', { where: 'bikes >' }, [], ''],
    ['a condition that is none', { where: 'size(bikes)' }, [], 'size(bikes)'],
    ['a column', { select: { a: '1', b: 'siz(x)' } }, ['b'], 'siz'],
    ['an aggregate', { group: { columns: { a: 'summ(bikes)' } } }, ['columns', 'a'], 'summ'],
    ['its argument', { group: { columns: { a: 'sum(1 + "a")' } } }, ['columns', 'a'], '1 + "a"'],
    ['its number of arguments', { group: { columns: { a: 'sum(a, b)' } } }, ['columns', 'a'], 'b'],
    ['its lack of them', { group: { columns: { a: 'avg()' } } }, ['columns', 'a'], 'avg()'],
    ['no aggregate', { group: { columns: { a: 'sum(a) + 1' } } }, ['columns', 'a'], 'sum(a) + 1'],
    ['a name that is taken', { group: { by: 'region', columns: { region: 'count()' } } }, ['columns', 'region'], 'count()'],
    ['having', { group: { by: 'region', columns: { n: 'count()' }, having: 'n = 1' } }, ['having'], '='],
  ])('%s', (_, step, path, stretch) => {
    const list = steps(step)
    const error = errorOf(() => list.map(step => buildStep(step, deps)))
    expect(error.path).toEqual(path)
    const text = path.reduce(memberOf, list[0]?.options)
    expect((text as string).slice(error.offset, error.end)).toBe(stretch)
  })
})
