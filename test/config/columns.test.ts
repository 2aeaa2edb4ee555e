import { describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { printProblems } from '../../src/config/problem.ts'
import { sourceColumns } from '../../src/config/source-columns.ts'
import { columnsAfter, type Columns } from '../../src/config/step-columns.ts'
import { Graph } from '../../src/feed/graph.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { good, said } from '../support/config.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const sources = `sources:
  cpu: {system: cpu}
  memory: {system: memory}
  stations: {url: http://x, key: station_id}
  lines: {file: a.log, pattern: '(?<host>\\w+) (?<state>\\w+)', index: true}
  quotes: {url: http://x, key: id, shape: {type: object, properties: {id: {}, price: {}}, additionalProperties: false}}
  open: {url: http://x, key: id, shape: {type: object, properties: {id: {}, price: {}}}}
  each: {url: 'http://x/{region}', key: id, each: {region: {from: totals}}}
feeds:
  totals: {from: stations, steps: [{select: {region: region, bikes: num_bikes}}, {group: {by: region, columns: {bikes: sum(bikes)}}}]}
`

/** What is said of further feeds and sections, each a line. */
function saidOf(...lines: readonly string[]): string[] {
  return said(`${sources}${lines.join('\n')}`).map(line => line.replace(/^[\d:]+ /, ''))
}

describe('a column that is nowhere in a table whose columns are known', () => {
  test.each<[string, string]>([
    ['{from: totals, steps: [{where: bikse > 1}]}', "feeds.f.steps[0].where: there is no column 'bikse'; did you mean 'bikes'?"],
    ['{from: totals, order: -bikse}', "feeds.f.order: there is no column 'bikse'; did you mean 'bikes'?"],
    ['{from: totals, order: [region, -bikse]}', "feeds.f.order[1]: there is no column 'bikse'; did you mean 'bikes'?"],
    ['{from: totals, columns: {bikse: {unit: x}}}', "feeds.f.columns.bikse: there is no column 'bikse'; did you mean 'bikes'?"],
    [
      '{from: totals, export: {metrics: {name: n, value: bikse, labels: {r: regoin}}}}',
      "feeds.f.export.metrics.value: there is no column 'bikse'; did you mean 'bikes'? feeds.f.export.metrics.labels.r: there is no column 'regoin'; did you mean 'region'?",
    ],
    [
      '{from: totals, sinks: [{alertmanager: {url: "http://h", labels: {team: regoin}}}]}',
      "feeds.f.sinks[0].alertmanager.labels.team: there is no column 'regoin'; did you mean 'region'?",
    ],
    [
      '{from: [totals, cpu], steps: [{where: bikse > busyPercent}]}',
      "feeds.f.steps[0].where: there is no column 'bikse'; did you mean 'bikes'?",
    ],
    [
      '{from: stations, steps: [{join: {with: totals, on: region, key: regoin, columns: {n: right.bikes}}}]}',
      "feeds.f.steps[0].join.key: there is no column 'regoin'; did you mean 'region'?",
    ],
    [
      '{from: open, steps: [{join: {with: totals, columns: {n: right.bikse + weight}}}]}',
      "feeds.f.steps[0].join.columns.n: there is no column 'bikse'; did you mean 'bikes'?",
    ],
    [
      `{from: open, steps: [{join: {with: totals, columns: {n: 'right["bikse"]', m: 'has(right.regoin)'}}}]}`,
      "feeds.f.steps[0].join.columns.n: there is no column 'bikse'; did you mean 'bikes'? feeds.f.steps[0].join.columns.m: there is no column 'regoin'; did you mean 'region'?",
    ],
    [
      '{from: totals, steps: [{fill: {columns: {bikse: last}}}]}',
      "feeds.f.steps[0].fill.columns.bikse: there is no column 'bikse'; did you mean 'bikes'?",
    ],
    [
      '{from: totals, steps: [{fill: {columns: {bikse: 0}}}]}',
      "feeds.f.steps[0].fill.columns.bikse: there is no column 'bikse'; did you mean 'bikes'?",
    ],
    ['{from: totals, steps: [{select: [region, bikse]}]}', "feeds.f.steps[0].select[1]: there is no column 'bikse'; did you mean 'bikes'?"],
    [
      '{from: cpu, steps: [{where: busy > 50}]}',
      "feeds.f.steps[0].where: there is no column 'busy'; there are: core, busyPercent, userPercent, systemPercent, waitPercent, stolenPercent",
    ],
    ['{from: lines, steps: [{distinct: {by: hots}}]}', "feeds.f.steps[0].distinct.by: there is no column 'hots'; did you mean 'host'?"],
    ['{from: quotes, steps: [{where: prise > 1}]}', "feeds.f.steps[0].where: there is no column 'prise'; did you mean 'price'?"],
    [
      '{from: stations, steps: [{select: {n: a}}, {where: station_id == "1" && m > 1}]}',
      "feeds.f.steps[1].where: there is no column 'm'; did you mean 'n'?",
    ],
  ])('of %s', (feed, problem) => {
    expect(saidOf(`  f: ${feed}`).join(' ')).toBe(problem)
  })

  test('of a list, at the place of its name in the list', () => {
    const written = 'sources: {a: {system: cpu}}\nfeeds: {f: {from: a, steps: [{select: [core, buzyPercent]}]}}'
    expect(said(written)).toEqual(["2:46 feeds.f.steps[0].select[1]: there is no column 'buzyPercent'; did you mean 'busyPercent'?"])
  })

  test('through feeds in any order, and none is blamed for what another lacks', () => {
    expect(saidOf('  b: {from: a, steps: [{where: totl > 1}]}', '  a: {from: totals, steps: [{derive: {total: bikse * 2}}]}')).toEqual([
      "feeds.b.steps[0].where: there is no column 'totl'; did you mean 'total'?",
      "feeds.a.steps[0].derive.total: there is no column 'bikse'; did you mean 'bikes'?",
    ])
  })

  test('in a tile, a hint of a source and a list of members', () => {
    const tile = (members: string): string[] => saidOf(`boards: {b: {tiles: [{show: table, feed: totals, ${members}}]}}`)
    expect(tile('where: bikse > 1')).toEqual(["boards.b.tiles[0].where: there is no column 'bikse'; did you mean 'bikes'?"])
    expect(tile('order: [-bikse]')).toEqual(["boards.b.tiles[0].order[0]: there is no column 'bikse'; did you mean 'bikes'?"])
    expect(tile('columns: [region, bikse]')).toEqual(["boards.b.tiles[0].columns[1]: there is no column 'bikse'; did you mean 'bikes'?"])
    expect(tile('column: bikse')).toEqual(["boards.b.tiles[0].column: there is no column 'bikse'; did you mean 'bikes'?"])
    expect(said('sources: {a: {system: cpu, columns: {buzyPercent: {unit: x}}}}')).toEqual([
      "1:38 sources.a.columns.buzyPercent: there is no column 'buzyPercent'; did you mean 'busyPercent'?",
    ])
    expect(said(sources.replaceAll('region}', 'station}').replace('{region: {', '{station: {'))).toEqual([
      "8:53 sources.each.each.station: there is no column 'station'; there are: region, bikes",
    ])
  })
})

test.each([
  '{from: open, order: -prise, steps: [{where: prise > 1}]}',
  '{from: stations, steps: [{where: a > 1}, {select: {n: a}}, {where: n > 1}]}',
  '{from: [totals, open], steps: [{where: anything > 1}]}',
  '{from: each, steps: [{where: anything > 1}]}',
  '{from: totals, steps: [{join: {with: open, columns: {p: right.prise}}}, {where: p > bikes}]}',
  '{from: open, steps: [{join: {with: totals, columns: {n: right.bikes, r: right.region.size(), l: "parts.exists(right, right.x > 1)", s: place.right.x}}}]}',
  '{from: totals, steps: [{series: {keep: 5, columns: {n: bikes}}}, {where: region == "x" && time > 1}]}',
  '{from: totals, steps: [{derive: {seen: bikes > 0}}, {fill: {columns: {seen: false}}}], order: seen}',
  '{from: totals, steps: [{select: [bikes, region]}, {where: bikes > 1}]}',
  `{from: lines, steps: [{where: 'index > 3 && row["#"] == ""'}]}`,
])('nothing is said where it is not known, or there: %s', feed => {
  expect(saidOf(`  f: ${feed}`)).toEqual([])
})

/** The steps, with the columns that are known of what they leave and those that their tables turn out to have. */
function knownAndFound(steps: readonly object[]): { readonly known: Columns; readonly found: readonly string[]; readonly key: string } {
  const [first, second] = ['a', 'b'].map(name => ({ name, text: { url: `http://${name}.invalid/`, key: 'id' } })) as [Named, Named]
  const loaded = configOf({ sources: { a: first.text, b: second.text }, feeds: { f: { from: 'a', steps } } })
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  const clock = new ManualClock()
  const deps = { clock, random: seededRandom(1), log: silentLogger }
  const [a, b] = [new ScriptedSource('a', clock), new ScriptedSource('b', clock)]
  const { feeds } = compileConfig(loaded.config, { ...deps, limited: () => undefined })
  const graph = new Graph({ ...deps, sources: [a.definition, b.definition], feeds })
  b.answer([{ id: 1, title: 'one' }])
  for (const n of [1, 2]) {
    a.answer([{ id: 1, n, region: 'x' }])
    clock.advance(60_000)
  }
  const table = graph.feed('f')?.sample?.table
  const before: Columns = { names: ['id', 'n', 'region'], key: 'id' }
  const known = loaded.config.feeds[0]?.steps.reduce((so: Columns, step) => columnsAfter(step, so), before) ?? {}
  return { known, found: table?.columns ?? [], key: table?.key ?? '' }
}

interface Named {
  readonly name: string
  readonly text: object
}

test.each([
  { where: 'n > 0' },
  { select: { m: 'n' } },
  { select: ['region'] },
  { derive: { m: 'n' } },
  { top: { by: 'n', limit: 1 } },
  { group: { columns: { m: 'sum(n)' } } },
  { group: { by: 'region', columns: { m: 'sum(n)' } } },
  { group: { by: ['region', 'n'], columns: { m: 'sum(n)' } } },
  { rate: { over: '5m', columns: { r: 'n' } } },
  { change: { columns: { c: 'n' } } },
  { window: { size: '1m', columns: { m: 'avg(n)' } } },
  { window: { size: '1m', slide: '10s', columns: { m: 'avg(n)' } } },
  { series: { keep: 5, columns: { m: 'n' } } },
  { events: { keep: 5 } },
  { keep: 5 },
  { fill: { columns: { m: 0 } } },
  { distinct: { by: 'region' } },
  { alert: { when: 'n > 0' } },
  { join: { with: 'b', columns: { t: 'right.title' } } },
])('what is known of the columns after a step is what there is: %j', step => {
  const { known, found, key } = knownAndFound([step])
  expect(found.length).toBeGreaterThan(0)
  // Whether points are of one series or of many is known only with the data.
  const all = 'series' in step ? found : (known.names ?? [])
  expect([...new Set(all)].toSorted()).toEqual([...found].toSorted())
  expect(known.key ?? key).toBe(key)
})

test('of a source what is known is its key, the groups of a pattern, or what a closed schema allows', () => {
  const { sources: configs } = good(sources)
  const known = new Map(configs.map(source => [source.name, sourceColumns(source)]))
  expect(known.get('stations')).toEqual({ key: 'station_id' })
  expect(known.get('open')).toEqual({ key: 'id' })
  expect(known.get('quotes')).toEqual({ names: ['id', 'price', '#'], key: 'id' })
  expect(known.get('lines')).toEqual({ names: ['file', 'host', 'state', 'index', '#'] })
  expect(known.get('each')).toEqual({})
  const shape = '{type: object, properties: {id: {}}, additionalProperties: false}'
  const pushed = good(`sources: {a: {url: ws://x, key: id, shape: ${shape}}, b: {url: http://x, key: id, message: rows, shape: ${shape}}}`)
  expect(pushed.sources.map(sourceColumns)).toEqual([{ key: 'id' }, { key: 'id' }])
  const loose = good(`sources: {a: {url: http://x, key: [a, b], shape: {${shape.slice(1, -1)}, patternProperties: {x: {}}}}}`)
  expect(loose.sources.map(sourceColumns)).toEqual([{}])
})

test.each([
  `{file: ./logs, pattern: '(?<host>x)'}`,
  `{file: ./logs, key: host, shape: {type: object, properties: {host: {}}, additionalProperties: false}}`,
])('a folder adds the column `file`, which is of its key: %s', source => {
  const steps = `[{where: file == "a.log"}, {group: {by: file, columns: {n: count()}}}]`
  expect(said(`sources:\n  logs: ${source}\nfeeds:\n  f: {from: logs, steps: ${steps}}\n  g: {from: logs, order: file}\n`)).toEqual([])
  const select = `[{select: {v: host}}, {where: 'row["#"] != ""'}]`
  expect(said(`sources:\n  logs: ${source}\nfeeds:\n  f: {from: logs, steps: ${select}}\n`)).toEqual([])
})
