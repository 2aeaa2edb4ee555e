import { beforeEach, describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { namedOfTables } from '../../src/config/named-columns.ts'
import { printProblems } from '../../src/config/problem.ts'
import { Graph } from '../../src/feed/graph.ts'
import { TableWatch } from '../../src/feed/table-watch.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { RecordedLog } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let log: RecordedLog

beforeEach(() => {
  clock = new ManualClock()
  log = new RecordedLog()
})

interface World {
  readonly graph: Graph
  readonly a: ScriptedSource
  readonly b: ScriptedSource
  /** Of each step of the feed `f`. */
  readonly errors: () => readonly (string | undefined)[]
  /** The same config is taken over once more. */
  readonly reload: () => void
}

/** A feed `f` of these members; of sources of which nothing is known but what they answer. */
function worldOf(feed: object, more: object = {}): World {
  const sources = { a: { url: 'http://a.invalid/', ...more }, b: 'http://b.invalid/' }
  const boards = { board: { tiles: [{ show: 'chart', feed: 'b', column: 'volume', where: 'price > 1 && has(row.note)' }] } }
  const loaded = configOf({ sources, feeds: { f: { from: 'a', ...feed } }, boards })
  if (!loaded.ok) throw new Error(printProblems(loaded.problems))
  const deps = { clock, random: seededRandom(1), log: log.logger }
  const [a, b] = [new ScriptedSource('a', clock), new ScriptedSource('b', clock)]
  const { feeds } = compileConfig(loaded.config, { ...deps, limited: () => undefined })
  const graph = new Graph({ ...deps, sources: [a.definition, b.definition], feeds })
  const watch = new TableWatch(graph, log.logger).replace(namedOfTables(loaded.config))
  return {
    graph,
    a,
    b,
    reload: () => void watch.replace(namedOfTables(loaded.config)),
    errors: () => (graph.feed('f')?.steps ?? []).map(({ error }) => error?.reason),
  }
}

describe('a column that a step names and no row has', () => {
  test('is told once, beside a feed that is fresh, and no more once a row has it', () => {
    const { a, graph, errors } = worldOf({ steps: [{ where: 'prise > 1 && volume > 1' }, { top: { by: '-price', limit: 3 } }] })
    a.answer([])
    expect([log.lines, errors()]).toEqual([[], [undefined, undefined]])
    a.answer([{ id: 1, price: 2, volume: 3 }])
    clock.advance(1000)
    a.answer([{ id: 1, price: 3, volume: 3 }])
    const said = "feeds.f.steps[0].where: no row has a column 'prise'; did you mean 'price'?"
    expect(log.lines).toEqual([`warn: ${said}`])
    expect(errors()).toEqual([said, undefined])
    expect(graph.feed('f')?.steps[0]?.error?.at).toBe(clock.now() - 1000)
    expect(graph.feed('f')?.freshness.state).not.toBe('down')
    a.answer([
      { id: 1, price: 2, volume: 3 },
      { id: 2, prise: 4 },
    ])
    expect([log.lines.length, errors()]).toEqual([1, [undefined, undefined]])
  })

  test('is none of those that it asks for as they may be absent, nor one that some row has', () => {
    const { a, errors } = worldOf({
      steps: [
        {
          where:
            'error == null && coalesce(discount, 0) < 5 && has(row.note) && note != "" && (null != gone || part > 0) && row.maybe != 1',
        },
        { derive: { none: 'row.nothing', no: 'row["nothing"]' } },
        { group: { by: 'id', columns: { n: 'count()', most: 'max(part)' } } },
        { alert: { when: 'n > 0', text: '{{most}} {{coalesce(most, 1)}}' } },
      ],
    })
    a.answer([{ id: 1 }, { id: 2, part: 3 }])
    expect([log.lines, errors()]).toEqual([[], [undefined, undefined, undefined, undefined]])
  })

  test('may be of an input that has not come yet', () => {
    const { a, b, errors } = worldOf({ from: ['a', 'b'], steps: [{ where: 'volume > 1 || weigth > 1' }] })
    a.answer([{ id: 1, price: 2 }])
    expect([log.lines, errors()]).toEqual([[], [undefined]])
    b.answer([{ id: 2, price: 1, note: '', volume: 3, weight: 3 }])
    expect(errors()).toEqual(["feeds.f.steps[0].where: no row has a column 'weigth'; did you mean 'weight'?"])
  })

  test.each([
    [{ derive: { n: 'prise' } }, 'derive.n'],
    [{ top: { by: 'price', per: 'prise', limit: 1 } }, 'top.per'],
    [{ group: { by: ['id', 'prise'], columns: { n: 'count()' } } }, 'group.by[1]'],
    [{ group: { by: 'id', columns: { n: 'sum(prise)' } } }, 'group.columns.n'],
    [{ window: { size: '1m', columns: { n: 'avg(price)' }, time: 'prise' } }, 'window.time'],
    [{ events: { keep: 5, columns: ['prise'] } }, 'events.columns[0]'],
    [{ fill: { columns: { prise: 'last', price: 0 } } }, 'fill.columns.prise'],
    [{ fill: { columns: { prise: 0 } } }, 'fill.columns.prise'],
    [{ select: ['id', 'prise'] }, 'select[1]'],
    [{ alert: { when: 'price > 1', text: 'at {{prise}}' } }, 'alert.text'],
    [{ join: { with: 'b', on: 'prise', columns: { v: 'right.volume' } } }, 'join.on'],
  ])('is found in %j', (step, place) => {
    const { a, b } = worldOf({ steps: [step] })
    b.answer([{ id: 1, price: 2, volume: 1, note: '' }])
    a.answer([{ id: 1, price: 2 }])
    expect(log.lines).toEqual([`warn: feeds.f.steps[0].${place}: no row has a column 'prise'; did you mean 'price'?`])
  })
})

test('what is named of a table in the end is told too, and not again at a reload: orders, hints, exports, labels, keys of joins and tiles', () => {
  const { a, b, reload } = worldOf(
    {
      steps: [{ join: { with: 'b', key: 'ib', columns: { v: 'right.volume', w: 'coalesce(right.weight, 0)' } } }],
      order: ['-prise', 'id'],
      columns: { volum: { unit: 'x' } },
      export: { metrics: { name: 'n', value: 'prise', labels: { k: 'key' } } },
      sinks: [{ alertmanager: { url: 'http://h.invalid', labels: { team: 'teem' } } }],
    },
    { columns: { prize: { unit: 'EUR' } } },
  )
  b.answer([{ id: 1, price: 2 }])
  a.answer([{ id: 1, price: 2, volume: 3 }])
  clock.advance(1000)
  a.answer([{ id: 1, price: 3, volume: 3 }])
  reload()
  expect(log.lines.toSorted()).toEqual([
    "warn: boards.board.tiles[0].column: no row has a column 'volume'",
    "warn: feeds.f.steps[0].join.columns.v: no row has a column 'volume'",
    "warn: feeds.f.steps[0].join.key: no row has a column 'ib'; did you mean 'id'?",
    "warn: sources.a.columns.prize: no row has a column 'prize'; did you mean 'price'?",
  ])
  b.answer([{ id: 1, price: 2, ib: 1, note: '', volume: 1 }])
  a.answer([{ id: 1, price: 4, volume: 3 }])
  expect(log.lines.slice(4).toSorted()).toEqual([
    "warn: feeds.f.columns.volum: no row has a column 'volum'; did you mean 'volume'?",
    "warn: feeds.f.export.metrics.value: no row has a column 'prise'; did you mean 'price'?",
    "warn: feeds.f.order[0]: no row has a column 'prise'; did you mean 'price'?",
    "warn: feeds.f.sinks[0].alertmanager.labels.team: no row has a column 'teem'",
  ])
})
