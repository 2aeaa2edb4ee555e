import * as fc from 'fast-check'
import { tap, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../src/expression/expression.ts'
import { Pipeline } from '../../src/feed/pipeline.ts'
import type { Cell, Row } from '../../src/model/row.ts'
import type { Sample, Table } from '../../src/model/table.ts'
import type { HandOver } from '../../src/operator/hand-over.ts'
import { join, naiveJoin, type Join } from '../../src/operator/join.ts'
import { naiveUnion, union } from '../../src/operator/union.ts'
import { naiveWhere, where } from '../../src/operator/where.ts'
import { copyOf, expectContinuity, expectSameTable, expectTrueChanges, tick, Upstream, type Tick } from '../operator/sample-history.ts'

const runs = { numRuns: 200 }
const cel = (text: string) => compileExpression(text, { origin: 'config' })

type Build = (inputs: readonly Observable<Sample>[], handOver: HandOver) => Observable<Sample>
type Naive = (tables: readonly (Table | undefined)[]) => Table

/** What each of two inputs brings in a tick. */
const both = fc.tuple(fc.option(tick, { nil: undefined, freq: 3 }), fc.option(tick, { nil: undefined, freq: 3 })) satisfies fc.Arbitrary<
  readonly (Tick | undefined)[]
>

/** L10 for what has two inputs; `keyed`: whose other key column makes other rows. */
function obeysTogether(build: Build, naive: Naive, keyed: readonly number[]): fc.IProperty<unknown[]> {
  return fc.property(fc.array(both, { minLength: 1, maxLength: 25 }), ticks => {
    const upstreams = [new Upstream(), new Upstream()]
    const failures: unknown[] = []
    let emitted = 0
    const counted: Build = (inputs, handOver) => build(inputs, handOver).pipe(tap(() => emitted++))
    const pipeline = new Pipeline(counted, 2, { late: () => failures.push('late'), failed: error => failures.push(error) })
    const current: (Sample | undefined)[] = [undefined, undefined]
    let before: { readonly sample: Sample; readonly table: Table } | undefined
    for (const [number, each] of ticks.entries()) {
      const keysBefore = current.map(sample => sample?.table.key)
      const samples = each.map((one, i) => (one === undefined ? undefined : upstreams[i]?.next(one, number * 1000)))
      for (const [i, sample] of samples.entries()) current[i] = sample ?? current[i]
      emitted = 0
      const output = pipeline.push(samples, current)
      expect(failures).toEqual([])
      const isDue = samples.some(sample => sample !== undefined) && (keyed.length === 2 || current[0] !== undefined)
      expect(output !== undefined).toBe(isDue)
      expect(emitted).toBe(isDue ? 1 : 0)
      if (output === undefined) continue
      expectSameTable(output.table, naive(current.map(sample => (sample === undefined ? undefined : copyOf(sample.table)))))
      expectTrueChanges(output, before?.table)
      const changed = keyed.some(i => keysBefore[i] !== undefined && keysBefore[i] !== current[i]?.table.key)
      const rekeyed = changed || (before !== undefined && before.table.key !== output.table.key)
      const { degraded: _, ...input } = { ...output, degraded: undefined }
      expectContinuity(output, before?.sample, input, rekeyed)
      before = { sample: output, table: copyOf(output.table) }
    }
  })
}

const numbers = { a: cel('right.n'), b: cel('right.n + n'), region: (row: Row): Cell => row['right'] ?? null }
const columns = new Map<string, (typeof numbers)[keyof typeof numbers]>(Object.entries(numbers))
const joins: Readonly<Record<string, Join>> = {
  'by key': { kind: 'inner', columns },
  'by key, all': { kind: 'left', columns },
  'on a column': { on: cel('region'), kind: 'inner', columns },
  'on columns of both': { on: cel('n'), key: cel('n'), kind: 'left', columns },
}

function buildJoin(options: Join): Build {
  return ([left, right], handOver) => (left as Observable<Sample>).pipe(join(options, right as Observable<Sample>, handOver))
}

describe('L10: what has two inputs is its definition at every tick, once', () => {
  test.each(Object.entries(joins))('join %s', (_, options) => {
    fc.assert(
      obeysTogether(buildJoin(options), ([left, right]) => naiveJoin(left as Table, right, options), [0]),
      runs,
    )
  })

  test('union', () => {
    fc.assert(obeysTogether(union, naiveUnion, [0, 1]), runs)
  })

  test('joins one after the other, with a step between them', () => {
    const options = joins['on a column'] as Join
    const condition = cel('b != null')
    const more: Join = { key: cel('region'), on: cel('region'), kind: 'left', columns: new Map([['c', cel('right.n')]]) }
    fc.assert(
      obeysTogether(
        ([left, right], handOver) =>
          (left as Observable<Sample>).pipe(
            join(options, right as Observable<Sample>, handOver),
            where(condition),
            join(more, right as Observable<Sample>, handOver),
          ),
        ([left, right]) => naiveJoin(naiveWhere(naiveJoin(left as Table, right, options), condition), right, more),
        [0],
      ),
      runs,
    )
  })
})

describe('the law sees', () => {
  const seen = (build: Build, naive: Naive, keyed: readonly number[]): boolean =>
    fc.check(obeysTogether(build, naive, keyed), { numRuns: 400, seed: 7, endOnFailure: true }).failed
  const inner = joins['on a column'] as Join

  test.each<[string, Build]>([
    ['another kind', buildJoin({ ...inner, kind: 'left' })],
    ['another key', buildJoin({ ...inner, key: cel('region') })],
    [
      'a side that is never told of',
      ([left], handOver) => buildJoin(inner)([left as Observable<Sample>, left as Observable<Sample>], handOver),
    ],
    ['inputs that are not handed over together', (inputs, { done }) => buildJoin(inner)(inputs, { done, isOn: false })],
  ])('%s', (_, build) => {
    expect(seen(build, ([left, right]) => naiveJoin(left as Table, right, inner), [0])).toBe(true)
  })

  test('a union in the other order', () => {
    expect(seen(([a, b], handOver) => union([b, a] as Observable<Sample>[], handOver), naiveUnion, [0, 1])).toBe(true)
  })
})
