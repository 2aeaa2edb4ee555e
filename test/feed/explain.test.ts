import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { explain, type Explanation } from '../../src/feed/explain.ts'
import { Graph } from '../../src/feed/graph.ts'
import { explained } from '../../src/hub/explained.ts'
import { everything, NamedGrants, type Grants } from '../../src/hub/principal.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { silentLogger as log } from '../../src/lib/log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

const startMs = 1_769_090_400_000
let clock: ManualClock
let s: ScriptedSource
let t: ScriptedSource

beforeEach(() => {
  clock = new ManualClock(startMs)
  s = new ScriptedSource('s', clock)
  t = new ScriptedSource('t', clock)
})

function graphOf(feeds: object): Graph {
  const result = configOf({ sources: { s: 'http://x', t: 'http://y' }, feeds })
  if (!result.ok) throw new Error(result.problems.map(problem => problem.message).join('; '))
  const compiled = compileConfig(result.config, { clock, random: seededRandom(1), log, limited: () => undefined })
  const graph = new Graph({ sources: [s.definition, t.definition], feeds: compiled.feeds, clock, random: seededRandom(1), log })
  graph.start()
  return graph
}

function why(graph: Graph, name: string, key: string): Explanation {
  const feed = graph.feed(name)
  if (feed === undefined) throw new Error(`no feed ${name}`)
  return explain(graph, feed, key)
}

const inputs = (graph: Graph, name: string, key: string): unknown =>
  Object.fromEntries(why(graph, name, key).inputs.map(({ feed, keys }) => [feed, keys.toSorted()]))

const region = (id: string, of: string, n: number): { id: string; region: string; n: number } => ({ id, region: of, n })

describe('the rows that a row is made of', () => {
  test('steps that keep the key, and a group, through all steps of a feed', () => {
    const graph = graphOf({
      few: { from: 's', steps: [{ where: 'n < 9' }, { derive: { m: 'n * 2' } }, { top: { by: '-n', limit: 3 } }] },
      regions: {
        from: 's',
        steps: [
          { where: 'n > 1' },
          { group: { by: 'region', columns: { n: 'sum(n)' } } },
          { group: { columns: { n: 'sum(n)' } } },
          { alert: { when: 'n > 1' } },
        ],
      },
    })
    s.answer([region('a', 'x', 5), region('b', 'x', 1), region('c', 'y', 2), region('d', 'x', 3)])
    expect(inputs(graph, 'few', 'a')).toEqual({ s: ['a'] })
    expect(inputs(graph, 'regions', '')).toEqual({ s: ['a', 'c', 'd'] })
    expect(why(graph, 's', 'a')).toMatchObject({ inputs: [], windows: [], isCut: false })
  })

  test('a join also of the other feed, a union of that which has the row', () => {
    const graph = graphOf({
      titled: { from: 's', steps: [{ join: { with: 't', on: 'region', kind: 'left', columns: { title: 'right.title' } } }] },
      both: { from: ['s', 't'] },
      self: { from: 's', steps: [{ join: { with: 's', on: '"b"', columns: { other: 'right.n' } } }] },
    })
    s.answer([region('a', 'x', 5), region('b', 'z', 1)])
    t.answer([{ id: 'x', title: 'X' }])
    expect(inputs(graph, 'titled', 'a')).toEqual({ s: ['a'], t: ['x'] })
    expect(inputs(graph, 'titled', 'b')).toEqual({ s: ['b'] })
    expect(inputs(graph, 'both', 'x')).toEqual({ t: ['x'] })
    expect(inputs(graph, 'self', 'a')).toEqual({ s: ['a', 'b'] })
  })

  test('points, events and windows of the row that they are of, windows with their edges', () => {
    const graph = graphOf({
      points: { from: 's', steps: [{ series: { keep: 5, columns: { n: 'n' } } }] },
      total: { from: 's', steps: [{ group: { columns: { n: 'sum(n)' } } }, { series: { keep: 5, columns: { n: 'n' } } }] },
      log: { from: 's', steps: [{ events: { keep: 5 } }] },
      tumbling: { from: 's', steps: [{ window: { size: '1m', columns: { n: 'sum(n)' } } }] },
      sliding: { from: 's', steps: [{ window: { size: '1m', slide: '10s', columns: { n: 'sum(n)' } } }] },
    })
    s.answer([region('a', 'x', 5), region('42', 'x', 1)])
    clock.advance(25_000)
    s.answer([region('a', 'x', 6)])
    const [point] = [...(graph.feed('points')?.store.rows() ?? [])].map(([key]) => key)
    expect(inputs(graph, 'points', point ?? '')).toEqual({ s: ['a'] })
    expect(inputs(graph, 'total', String(startMs))).toEqual({ s: ['a'] })
    expect([inputs(graph, 'log', '1'), inputs(graph, 'log', '2'), inputs(graph, 'log', '9')]).toEqual([{ s: ['42'] }, { s: ['a'] }, {}])
    expect(why(graph, 'tumbling', 'a').windows).toEqual([{ from: startMs, to: startMs + 60_000 }])
    expect(why(graph, 'sliding', 'a').windows).toEqual([{ from: startMs - 30_000, to: startMs + 30_000 }])
  })

  test('at most 100 of a feed, and that there are more', () => {
    const graph = graphOf({ all: { from: 's', steps: [{ group: { columns: { n: 'count()' } } }] } })
    s.answer(Array.from({ length: 5000 }, (_, i) => region(`r${i}`, 'x', i)))
    const { inputs: told, isCut } = why(graph, 'all', '')
    expect([told[0]?.keys.length, isCut]).toEqual([100, true])
    s.answer(Array.from({ length: 100 }, (_, i) => region(`r${i}`, 'x', i)))
    expect(why(graph, 'all', '').isCut).toBe(false)
  })

  test('whatever comes and goes, a group is made of the rows that are in it', () => {
    const row = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      region: fc.constantFrom('x', 'y', null, 7, '7'),
      n: fc.integer({ min: 0, max: 9 }),
    })
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(row, { selector: ({ id }) => id }), { minLength: 1, maxLength: 6 }), polls => {
        s = new ScriptedSource('s', clock)
        const graph = graphOf({
          g: { from: 's', steps: [{ where: 'n < 7' }, { group: { by: 'region', columns: { n: 'sum(n)' } } }, { keep: 9 }] },
        })
        for (const rows of polls) s.answer(rows)
        for (const [key] of graph.feed('g')?.store.rows() ?? []) {
          const members = (polls.at(-1) ?? []).filter(({ region: of, n }) => of !== null && String(of) === key && n < 7).map(({ id }) => id)
          expect(inputs(graph, 'g', key)).toEqual(members.length === 0 ? {} : { s: members.toSorted() })
        }
      }),
    )
  })
})

describe('the polls behind a row', () => {
  test('the last one of each source, none of them more than is known', () => {
    const graph = graphOf({ both: { from: ['s', 't'] } })
    s.answer([region('a', 'x', 1)])
    clock.advance(1000)
    s.fail({ status: 503, cause: 'http', reason: 'it answered 503' })
    expect(why(graph, 'both', 'a').polls).toEqual([
      { source: 's', origin: 'test', at: startMs + 1000, outcome: 'failed', status: 503, duration: 1, bytes: 0, reason: 'it answered 503' },
      { source: 't', origin: 'test' },
    ])
  })
})

describe('who asks', () => {
  const told = (graph: Graph, name: string, key: string, grants: Grants) => {
    const feed = graph.feed(name)
    if (feed === undefined) throw new Error(`no feed ${name}`)
    return explained(graph, feed, { type: 'explain', id: 1, feed: name, key }, grants)
  }

  test('hears of no feed that is not there for it, and of polls only where it may follow $sources', () => {
    const graph = graphOf({
      hidden: { from: 's', public: false },
      seen: { from: ['hidden', 't'], steps: [{ where: 'n > 0' }] },
    })
    s.answer([region('a', 'x', 1)])
    t.answer([region('b', 'x', 1)])
    const some = new NamedGrants(['seen', 't'], false)
    expect(told(graph, 'seen', 'a', everything)).toMatchObject({ inputs: [], polls: [{ source: 's' }, { source: 't' }] })
    expect(told(graph, 'seen', 'b', some)).toEqual({
      type: 'explained',
      id: 1,
      feed: 'seen',
      key: 'b',
      inputs: [{ feed: 't', keys: ['b'] }],
      windows: [],
      polls: [],
    })
    expect(told(graph, 'seen', 'b', new NamedGrants(['seen', '$sources'], false))).toMatchObject({ inputs: [], polls: [{}, {}] })
    expect(() => told(graph, 'seen', 'nope', some)).toThrow("feed 'seen' has no row 'nope'")
  })
})
