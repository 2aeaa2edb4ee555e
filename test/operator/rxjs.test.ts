import * as fc from 'fast-check'
import { debounceTime, delay, filter, map, of, Subject, tap, VirtualTimeScheduler, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { group, naiveGroup } from '../../src/operator/group.ts'
import { rxjs } from '../../src/operator/rxjs.ts'
import type { Operator } from '../../src/operator/stage.ts'
import { copyOf, expectSameTable, expectTrueChanges, history, obeys, Runner, Upstream } from './sample-history.ts'

type Given = OperatorFunction<Sample, Sample>
const step = (operator: Given): Operator => rxjs(operator)

describe('an operator of RxJS among the steps', () => {
  test('that passes all on is a step like any other (L10)', () => {
    fc.assert(
      obeys(
        () => step(map(sample => sample)),
        table => table,
      ),
      { numRuns: 100 },
    )
  })

  test('may leave samples out: what follows is given whole tables, and told of all that changed meanwhile', () => {
    const totals = { by: ['region'], columns: new Map([['n', { name: 'sum' as const, value: (row: Row) => row['n'] ?? null }]]) }
    fc.assert(
      fc.property(history, fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }), (ticks, chosen) => {
        const upstream = new Upstream()
        const input = new Subject<Sample>()
        let emitted: Sample | undefined
        let before: Sample['table'] | undefined
        let passes = false
        input.pipe(step(filter(() => passes)), group({ ...totals, maxGroups: 100 })).subscribe({ next: sample => (emitted = sample) })
        for (const [i, each] of ticks.entries()) {
          const sample = upstream.next(each)
          passes = chosen[i] === true
          emitted = undefined
          input.next(sample)
          const output = emitted as Sample | undefined
          expect(output !== undefined).toBe(passes)
          if (output === undefined) continue
          expectSameTable(output.table, naiveGroup(copyOf(sample.table), totals))
          expectTrueChanges(output, before)
          before = copyOf(output.table)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('may hold samples: their tables stay as they were', () => {
    const rows = new Map<string, Row>([['a', { id: 'a', n: 1 }]])
    const sampleOf = (tick: number, changes: Sample['changes']): Sample => ({
      table: { key: 'id', columns: ['id', 'n'], rows, order: [], kind: 'table' },
      changes,
      tick,
      time: tick,
    })
    const held: Sample[] = []
    const runner = new Runner(step(tap(sample => held.push(sample))))
    runner.push(sampleOf(1, 'all'))
    rows.set('b', { id: 'b', n: 2 })
    runner.push(sampleOf(2, new Map([['b', undefined]])))
    expect(held.map(sample => [...sample.table.rows.keys()])).toEqual([['a'], ['a', 'b']])
  })

  test('may emit by a timer of its own', () => {
    const time = new VirtualTimeScheduler()
    const emitted: string[][] = []
    const rows = new Map<string, Row>([['a', { id: 'a' }]])
    const sample: Sample = { table: { key: 'id', columns: ['id'], rows, order: [], kind: 'table' }, changes: 'all', tick: 1, time: 1 }
    of(sample)
      .pipe(step(samples => samples.pipe(debounceTime(10, time), delay(5, time))))
      .subscribe(({ table }) => emitted.push([...table.rows.keys()]))
    expect(emitted).toEqual([])
    time.flush()
    expect(emitted).toEqual([['a']])
  })
})

describe('what it gives', () => {
  const sample: Sample = {
    table: { key: 'id', columns: ['id', 'n'], rows: new Map([['a', { id: 'a', n: 1 }]]), order: [], kind: 'table' },
    changes: 'all',
    tick: 1,
    time: 1,
  }
  const outcome = (make: (given: Sample) => unknown): unknown => {
    let told: unknown
    of(sample)
      .pipe(rxjs(samples => samples.pipe(map(make))))
      .subscribe({ next: ({ table }) => (told = [...table.rows.values()]), error: (error: unknown) => (told = String(error)) })
    return told
  }
  const withRows = (rows: readonly (readonly [string, unknown])[]) => () => ({ ...sample, table: { ...sample.table, rows: new Map(rows) } })

  test.each<[string, (given: Sample) => unknown, string]>([
    ['no sample', () => [1], 'TypeError: an operator gave something else than a sample: {table, changes, tick, time}'],
    ['nothing', () => undefined, 'TypeError: an operator gave something else than a sample: {table, changes, tick, time}'],
    ['no row', withRows([['a', 1]]), "TypeError: an operator gave no row under the key 'a'"],
    ['another key', withRows([['a', { id: 'b' }]]), "TypeError: an operator gave a row under the key 'a' whose column 'id' says otherwise"],
  ])('%s is refused', (_, make, message) => {
    expect(outcome(make)).toBe(message)
  })

  test('no operator at all is refused', () => {
    let told: unknown
    of(sample)
      .pipe(rxjs(() => 3))
      .subscribe({ error: (error: unknown) => (told = String(error)) })
    expect(told).toBe('TypeError: a function among the steps is no operator of RxJS')
  })

  test('cells that are none become null or text', () => {
    expect(outcome(withRows([['a', { id: 'a', n: Number.NaN, at: new Date(0), u: undefined, ok: [1] }]]))).toEqual([
      { id: 'a', n: null, at: '1970-01-01T00:00:00.000Z', u: null, ok: [1] },
    ])
  })
})
