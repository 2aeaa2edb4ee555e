import { pipe, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { change, defineConfig, from, join, select, top, where, type Operation } from '../../src/authoring/define-config.ts'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { Pipeline } from '../../src/feed/pipeline.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { Runner } from '../operator/sample-history.ts'
import { ManualClock } from '../support/manual-clock.ts'

interface Item {
  readonly id: string
  readonly n: number
}

function sampleOf(rows: readonly Item[], tick: number, time = tick): Sample {
  const held = new Map<string, Row>(rows.map(row => [row.id, { ...row }]))
  return { table: { key: 'id', columns: ['id', 'n'], rows: held, order: [], kind: 'table' }, changes: 'all', tick, time }
}

const plain = (operation: unknown): OperatorFunction<Sample, Sample> => operation as OperatorFunction<Sample, Sample>

describe('a step of ours is an operator of RxJS', () => {
  const busiest: Operation<Item, 'id', Item, 'id'> = pipe(
    where<Item, 'id'>(row => row.n > 1),
    top<Item, 'id'>({ by: '-n', limit: 2 }),
  )

  test('for whoever makes operators of operators', () => {
    const runner = new Runner(plain(busiest))
    const items = [1, 2, 3, 4].map(n => ({ id: `i${n}`, n }))
    expect([...runner.push(sampleOf(items, 1)).table.rows.keys()]).toEqual(['i4', 'i3'])
    expect([...runner.push(sampleOf(items.slice(0, 3), 2)).table.rows.keys()]).toEqual(['i3', 'i2'])
  })

  test('that takes what a file does: a select by a list leaves these columns, absent ones as null, and the key', () => {
    const runner = new Runner(plain(select<Record<string, string>, 'id', string>(['n', '__proto__', 'in "it"'])))
    const { columns, rows } = runner.push(sampleOf([{ id: 'a', n: 1 }], 1)).table
    expect(columns).toEqual(['id', 'n', '__proto__', 'in "it"'])
    expect(JSON.stringify([...rows])).toBe('[["a",{"id":"a","n":1,"__proto__":null,"in \\"it\\"":null}]]')
  })

  test('whose options are looked at when it is put to work', () => {
    expect(() => new Runner(plain(top<Item, 'id'>({ by: 'n', limit: 0 })))).toThrow('expected a whole number from 1')
  })

  test('that among the steps of a feed has the clock of the server; a join there says where it belongs', () => {
    const clock = new ManualClock(1_000_000)
    const moved = pipe(
      where<Item, 'id'>(() => true),
      change<Item, 'id', { readonly moved: string }>({ over: '10s', columns: { moved: 'n' } }),
    )
    const lost = pipe(
      where<Item, 'id'>(() => true),
      join<Item, 'id', Item, { readonly m: string }>({ with: 'b', columns: { m: 'right.n' } }),
    )
    const items = from<Item>('a')
    const result = configOf(
      defineConfig({
        sources: { a: 'http://a.example/', b: 'http://b.example/' },
        feeds: {
          moved: items.pipe(moved as Operation<Item, string, Item, string>),
          lost: items.pipe(lost as Operation<Item, string, Item, string>),
        },
      }),
    )
    if (!result.ok) throw new Error(JSON.stringify(result.problems))
    const { feeds } = compileConfig(result.config, { clock, random: seededRandom(1), log: silentLogger, limited: () => undefined })
    const failures: string[] = []
    const [first, second] = feeds.map(feed => {
      const events = { late: () => failures.push('late'), failed: (error: unknown) => failures.push(String(error)) }
      return new Pipeline((...given) => feed.pipeline(...given), 1, events)
    })
    const push = (pipeline: Pipeline | undefined, n: number, tick: number): unknown => {
      const sample = sampleOf([{ id: 'i', n }], tick, clock.now())
      return pipeline?.push([sample], [sample])?.table.rows.get('i')
    }
    expect(push(first, 5, 1)).toEqual({ id: 'i', n: 5, moved: null })
    clock.advance(10_000)
    expect(push(first, 7, 2)).toEqual({ id: 'i', n: 7, moved: 2 })
    expect(feeds.map(({ holdsPast }) => holdsPast)).toEqual([true, true])
    expect(push(second, 1, 1)).toBeUndefined()
    expect(failures).toEqual(["Error: 'b' is joined within an operator: a join is one of the steps of a feed itself"])
  })
})
