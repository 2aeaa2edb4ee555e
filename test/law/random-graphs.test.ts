import * as fc from 'fast-check'
import { map, NEVER } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from '../../src/config/load.ts'
import type { FeedDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { NaiveGraph } from '../operator/naive-graph.ts'
import { expectSameTable } from '../operator/sample-history.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

/** How many graphs are tried: `MILLRACE_RANDOM_GRAPHS=5000 npx vitest run test/law/random-graphs.test.ts` takes a while. */
const runs = Number(process.env['MILLRACE_RANDOM_GRAPHS'] ?? 60)
const startMs = 1_769_090_400_000
const sourceNames = ['s0', 's1', 's2']

type Written = Readonly<Record<string, unknown>>

/** Every step leaves the columns `region`, `n` and `m`, so that any other may follow it. */
const kept = { n: 'n', m: 'm', region: 'region' }
const step: fc.Arbitrary<Written> = fc.constantFrom<Written>(
  { where: 'n > 1' },
  { where: 'region != "s" && m != null' },
  { select: { region: 'region', n: 'm', m: 'n + 1' } },
  { derive: { m: 'n * 2' } },
  { derive: { n: 'm == null ? 0 : m', late: 'region' } },
  { top: { by: ['-n', 'region'], limit: 3 } },
  { top: { by: 'm', limit: 1, per: 'region' } },
  { distinct: { by: 'region' } },
  { group: { by: 'region', columns: { n: 'sum(n)', m: 'count()' } } },
  { group: { by: ['region', 'n'], columns: { m: 'max(m)' }, having: 'm != null' } },
  { group: { columns: { n: 'avg(n)', m: 'distinct(m)', region: 'last(region)' } } },
  { fill: { columns: { n: 'last', m: 0 }, maxAge: '4s' } },
  { rate: { over: '5s', columns: { m: 'n' } } },
  { change: { columns: { m: 'n' } } },
  { change: { over: '4s', columns: { n: 'n + 0.1' } } },
  { window: { size: '6s', slide: '2s', columns: { n: 'avg(n)', m: 'max(m)', region: 'last(region)' } } },
  { series: { keep: 3, columns: kept } },
  { series: { keep: '7s', columns: kept } },
  { events: { keep: 5 } },
  { events: { keep: '8s' } },
  { keep: 4 },
  { keep: '6s' },
)
/** Those that change by themselves as time passes. */
const timed: fc.Arbitrary<Written> = fc.constantFrom<Written>(
  { window: { size: '5s', columns: { n: 'sum(n)', m: 'count()', region: 'first(region)' } } },
  { alert: { when: 'n > 1', for: '3s' } },
  { alert: { when: 'm > 1', for: '1s' } },
)

const joined = fc.record({ on: fc.constantFrom(undefined, 'region'), kind: fc.constantFrom('inner', 'left') })

interface WrittenFeed {
  /** Places among what was there before, modulo how many those are. */
  readonly from: readonly number[]
  readonly steps: readonly (Written | { readonly with: number; readonly on: string | undefined; readonly kind: string })[]
}

const feed: fc.Arbitrary<WrittenFeed> = fc.record({
  from: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.nat({ max: 20 })) },
    { weight: 1, arbitrary: fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 })) },
  ),
  steps: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: step },
      {
        weight: 1,
        arbitrary: fc.record({ with: fc.nat({ max: 20 }), join: joined }).map(({ with: other, join }) => ({ with: other, ...join })),
      },
    ),
    { maxLength: 3 },
  ),
})

function isJoin(
  written: WrittenFeed['steps'][number],
): written is { readonly with: number; readonly on: string | undefined; readonly kind: string } {
  return 'with' in written
}

/** The feeds as a config has them: each of what comes before it. */
function feedsOf(written: readonly WrittenFeed[]): Readonly<Record<string, unknown>> {
  const names = [...sourceNames]
  const entries = written.map(({ from, steps }, i) => {
    const nameOf = (place: number): string => names[place % names.length] ?? ''
    const entry = {
      from: from.map(nameOf),
      steps: steps.map(one => {
        if (!isJoin(one)) return one
        const { on, kind } = one
        return {
          join: {
            with: nameOf(one.with),
            kind,
            ...(on === undefined ? {} : { on, key: on }),
            columns: { m: 'right.n', side: 'right.region' },
          },
        }
      }),
    }
    names.push(`f${i}`)
    return [`f${i}`, entry] as const
  })
  return Object.fromEntries(entries)
}

/** A graph in which at most one step changes by itself: two of them would do so in an order that nobody is told. */
const graph = fc
  .tuple(fc.array(feed, { minLength: 2, maxLength: 6 }), fc.option(fc.tuple(timed, fc.nat(), fc.nat()), { nil: undefined }))
  .map(([feeds, own]) => {
    if (own === undefined) return feedsOf(feeds)
    const [one, place, after] = own
    const at = place % feeds.length
    return feedsOf(
      feeds.map((each, i) => (i === at ? { ...each, steps: each.steps.toSpliced(after % (each.steps.length + 1), 0, one) } : each)),
    )
  })

const row: fc.Arbitrary<Row> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', '__proto__', '1'),
  region: fc.constantFrom('n', 's', null),
  n: fc.constantFrom(0, 1, 2, 3, 0.1, -4, 1e16, null, 'x'),
  m: fc.constantFrom(0, 1, 2, 5, null),
})
const poll = fc.record({
  afterS: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 4 }) }, { weight: 1, arbitrary: fc.constant(13) }),
  source: fc.constantFrom(...sourceNames),
  rows: fc.oneof(
    { weight: 6, arbitrary: fc.uniqueArray(row, { maxLength: 5, selector: ({ id }) => id }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  isAnew: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
type Poll = typeof poll extends fc.Arbitrary<infer P> ? P : never

function configWith(feeds: Readonly<Record<string, unknown>>): Config {
  const result = configOf({ sources: Object.fromEntries(sourceNames.map(name => [name, 'http://x.example/'])), feeds })
  if (!result.ok) throw new Error(result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return result.config
}

type Break = (feeds: readonly FeedDefinition[]) => readonly FeedDefinition[]

/** Runs polls through a graph, and through the definitions of all its feeds; `breaks` plants a fault. */
function play(feeds: Readonly<Record<string, unknown>>, polls: readonly Poll[], breaks: Break = each => each): void {
  const config = configWith(feeds)
  const clock = new ManualClock(startMs)
  const random = seededRandom(1)
  const sources = new Map(sourceNames.map(name => [name, new ScriptedSource(name, clock)]))
  const compiled = compileConfig(config, { clock, random, log: silentLogger, limited: () => undefined })
  const definitions = [...sources.values()].map(source => source.definition)
  const real = new Graph({ sources: definitions, feeds: breaks(compiled.feeds), clock, random, log: silentLogger })
  const naive = new NaiveGraph(config.feeds)
  const failures = new Set<string>()
  const check = (): void => {
    for (const { name } of config.feeds) {
      const table = naive.tables.get(name)
      const found = real.feed(name)
      if (found?.freshness.cause === 'internal') failures.add(name)
      expect([name, found?.hasData]).toEqual([name, table !== undefined])
      if (table !== undefined && found !== undefined) expectSameTable(found.store.table(), table)
    }
    expect([...failures]).toEqual([])
  }
  for (const { afterS, source, rows, isAnew } of polls) {
    for (let s = 0; s < afterS; s++) {
      clock.advance(1000)
      naive.elapse(clock.now())
      check()
    }
    const polled = sources.get(source)
    if (rows === undefined) polled?.fail()
    else {
      const key = isAnew ? 'region' : 'id'
      const keyed = rows.filter((one, i) => one[key] !== null && rows.findIndex(other => other[key] === one[key]) === i)
      polled?.answer(keyed, { key })
      const sample = real.feed(source)?.sample
      if (sample !== undefined) naive.poll(source, sample.table, clock.now())
    }
    check()
  }
}

const law = (breaks?: Break) =>
  fc.property(graph, fc.array(poll, { minLength: 1, maxLength: 20 }), (feeds, polls) => {
    play(feeds, polls, breaks)
  })

test(
  `L10: at every tick each table of ${runs} random graphs is what its definition makes of all that ever came`,
  { timeout: 60_000 + runs * 200 },
  () => {
    fc.assert(law(), { numRuns: runs })
  },
)

describe('the law sees', () => {
  /** Every feed with a fault in what it is given. */
  const given =
    (fault: (sample: Sample) => Sample): Break =>
    feeds =>
      feeds.map(each => ({
        ...each,
        pipeline: (inputs, ...rest) =>
          each.pipeline(
            inputs.map(input => input.pipe(map(sample => fault(sample)))),
            ...rest,
          ),
      }))

  test.each<[string, Break]>([
    [
      'changes that are not told',
      given(sample =>
        sample.changes === 'all'
          ? sample
          : { ...sample, changes: new Map([...sample.changes].filter(([key]) => sample.table.rows.has(key))) },
      ),
    ],
    ['time that stands still', given(sample => ({ ...sample, time: startMs }))],
    [
      'a diamond whose sides come one after the other',
      feeds =>
        feeds.map(each => ({ ...each, pipeline: (inputs, { done }, lineage) => each.pipeline(inputs, { done, isOn: false }, lineage) })),
    ],
    ['a feed that sleeps', feeds => feeds.map(each => (each.name === 'f1' ? { ...each, pipeline: () => NEVER } : each))],
  ])('%s', (_, breaks) => {
    expect(fc.check(law(breaks), { numRuns: 400, seed: 7, endOnFailure: true }).failed).toBe(true)
  })
})
