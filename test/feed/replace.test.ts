import { map, Subject, type Observable } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FeedDefinition } from '../../src/feed/definition.ts'
import { Graph } from '../../src/feed/graph.ts'
import type { Redefined } from '../../src/feed/graph-listener.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Position } from '../../src/model/position.ts'
import type { Sample } from '../../src/model/table.ts'
import type { Poll } from '../../src/source/ask.ts'
import { Budget } from '../../src/source/budget.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { RecordedLog } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let log: RecordedLog
let s: ScriptedSource
let t: ScriptedSource
let graph: Graph
/** What was told since the last look. */
let told: string[]

beforeEach(() => {
  clock = new ManualClock()
  log = new RecordedLog()
  s = new ScriptedSource('s', clock)
  t = new ScriptedSource('t', clock)
})

type Build = FeedDefinition['pipeline']
const same: Build = ([input]) => input as Observable<Sample>

/** Each row with `n` so many times. */
function times(factor: number): Build {
  return ([input]) =>
    (input as Observable<Sample>).pipe(
      map(sample => {
        const rows = [...sample.table.rows].map(([key, row]) => [key, { ...row, n: Number(row['n']) * factor }] as const)
        return { ...sample, table: { ...sample.table, rows: new Map(rows) }, changes: 'all' as const }
      }),
    )
}

function feed(name: string, inputs: readonly string[], more: Partial<FeedDefinition> = {}): FeedDefinition {
  return { name, inputs, public: true, fingerprint: name, demand: 'auto', holdsPast: false, pipeline: same, ...more }
}

function begin(sources: readonly ScriptedSource[], feeds: readonly FeedDefinition[] = []): void {
  graph = new Graph({ ...definitions(sources, feeds), clock, random: seededRandom(1), log: log.logger })
  told = []
  graph.listen({
    tick: ({ changed }) => void told.push(`changed ${[...changed.keys()].map(({ name }) => name).join()}`),
    freshness: ({ name, freshness }, isTold) => {
      if (isTold) told.push(`${name} ${freshness.state}`)
    },
    redefined: (feeds: Redefined) => {
      const names = Object.entries(feeds).map(
        ([kind, list]: [string, Redefined['changed']]) => `${kind} ${list.map(one => one.name).join()}`,
      )
      told.push(`redefined: ${names.join('; ')}`)
    },
  })
  graph.start()
}

function definitions(sources: readonly ScriptedSource[], feeds: readonly FeedDefinition[] = []) {
  return { sources: sources.map(source => source.definition), feeds }
}

const position = (name: string): Position | undefined => graph.feed(name)?.position
const numbers = (name: string): unknown[] => [...(graph.feed(name)?.store.rows() ?? [])].map(([, row]) => row['n'])

describe('what is defined as before', () => {
  test('goes on: the same feeds, positions, pollers and pipelines; nobody is told, nothing is polled anew', () => {
    let built = 0
    const counted: Build = ([input]) => {
      built++
      return input as Observable<Sample>
    }
    begin([s, t], [feed('f', ['s'], { pipeline: counted })])
    graph.want('f')
    s.answer([{ id: 1, n: 1 }])
    const [before, at, starts] = [graph.feed('f'), position('f'), s.starts]
    told = []
    const again = new ScriptedSource('s', clock)
    expect(graph.replace(definitions([again, t], [feed('f', ['s'])]))).toEqual({ added: [], changed: [], removed: [], adjusted: [] })
    expect([graph.feed('f'), position('f'), s.starts, s.stops, again.starts]).toEqual([before, at, starts, 0, 0])
    expect(told).toEqual(['redefined: changed ; removed ; adjusted '])
    s.answer([{ id: 1, n: 2 }])
    expect([numbers('f'), position('f')?.version, built]).toEqual([[2], 2, 1])
  })

  test('but described, listed or asked for otherwise goes on too', () => {
    begin([s], [feed('f', ['s'])])
    s.answer([{ id: 1, n: 1 }])
    const at = position('f')
    const other = feed('f', ['s'], { description: 'other', public: false, demand: 'always' })
    expect(graph.replace(definitions([s], [other]))).toEqual({ added: [], changed: [], removed: [], adjusted: ['f'] })
    expect([position('f'), graph.feed('f')?.options]).toMatchObject([at, { description: 'other', public: false }])
    expect(graph.wantedBy('s')).toBe("feed 'f'")
    const hints = new Map([['n', { unit: 'km' }]])
    expect(graph.replace(definitions([s], [{ ...other, hints }]))).toMatchObject({ adjusted: ['f'] })
    expect([position('f'), graph.feed('f')?.options.hints]).toEqual([at, hints])
    graph.replace(definitions([s], [feed('f', ['s'])]))
    expect(graph.feed('f')?.options).not.toHaveProperty('description')
    expect(graph.wantedBy('s')).toBe('linger')
  })

  test('while a tick is owed takes it all the same', () => {
    begin([s, t], [feed('f', ['s'])])
    graph.pace.spent(50)
    s.answer([{ id: 1, n: 1 }])
    t.answer([{ id: 1, n: 1 }])
    graph.replace(definitions([s], [feed('f', ['s']), feed('g', ['f'])]))
    expect(told).toEqual(['redefined: changed ; removed t; adjusted '])
    clock.advance(50)
    expect([numbers('f'), numbers('g')]).toEqual([[1], [1]])
    expect(told).toContain('changed s,f,g')
  })
})

describe('what is defined otherwise', () => {
  test('begins a new epoch at once where its inputs have data, and its counter goes on', () => {
    begin([s], [feed('f', ['s']), feed('g', ['f'])])
    for (const n of [1, 2, 3]) s.answer([{ id: 1, n }])
    const before = position('f')
    told = []
    const other = [feed('f', ['s'], { fingerprint: 'other', pipeline: times(10) }), feed('g', ['f'])]
    expect(graph.replace(definitions([s], other))).toMatchObject({ changed: ['f', 'g'] })
    expect([numbers('f'), numbers('g')]).toEqual([[30], [30]])
    expect([position('f')?.version, position('g')?.version]).toEqual([4, 4])
    expect(position('f')?.epoch && before && position('f')?.epoch).not.toBe(before?.epoch)
    expect((position('f')?.epoch ?? '') > (before?.epoch ?? '~')).toBe(true)
    expect(told).toEqual(['redefined: changed f,g; removed ; adjusted ', 'changed f,g'])
    expect(position('s')?.version).toBe(3)
  })

  test('a source: its poller ends, another begins for its readers; what is computed from it waits, and says so', () => {
    begin([s, t], [feed('f', ['s'])])
    graph.want('f')
    s.answer([{ id: 1, n: 1 }])
    told = []
    const other = new ScriptedSource('s', clock, { fingerprint: 'other' })
    graph.replace(definitions([other, t], [feed('f', ['s'])]))
    expect([s.stops, other.starts]).toEqual([0, 1])
    expect(['s', 'f'].map(name => [graph.feed(name)?.hasData, graph.feed(name)?.freshness.state])).toEqual([
      [false, 'waiting'],
      [false, 'waiting'],
    ])
    expect(told.slice(1)).toEqual(expect.arrayContaining(['s waiting', 'f waiting']))
    other.answer([{ id: 1, n: 5 }])
    expect([numbers('s'), numbers('f'), position('f')?.version]).toEqual([[5], [5], 2])
  })

  test('an answer that was under way to a former source is nobody’s', async () => {
    const ask = new ScriptedAsk(clock)
    ask.tookMs = 500
    ask.outcome = () => [{ id: 1, n: 1 }]
    const random = seededRandom(1)
    const policy = new GridPolicy({ identity: 's ', intervalMs: 1000, maxBackoffMs: 1000, clock, random })
    const poller = { ask, policy, budget: new Budget(clock), clock, random }
    const polled = { ...s.definition, createPoller: (onPoll: (poll: Poll) => void) => new Poller({ ...poller, onPoll }) }
    graph = new Graph({ sources: [polled], feeds: [], clock, random: seededRandom(1), log: log.logger })
    graph.want('s')
    await clock.advanceAsync(0)
    expect(ask.underWay).toBe(1)
    graph.replace(definitions([new ScriptedSource('s', clock, { fingerprint: 'other' })]))
    await clock.advanceAsync(1000)
    expect([ask.underWay, ask.asked.length, ask.closed]).toEqual([0, 1, true])
    expect(graph.feed('s')?.hasData).toBe(false)
  })

  test('a source that cannot be closed is told of in the log', async () => {
    const stuck = {
      ...s.definition,
      createPoller: () => ({
        start: () => undefined,
        stop: () => undefined,
        nudge: () => undefined,
        close: () => Promise.reject(new Error('stuck')),
        nextAt: undefined,
        why: '',
      }),
    }
    graph = new Graph({ sources: [stuck], feeds: [], clock, random: seededRandom(1), log: log.logger })
    graph.replace(definitions([t]))
    await graph.close()
    expect(log.lines).toEqual(["error: source 's' could not be closed"])
  })

  test('a name that was a source may be a feed, and the other way round', () => {
    begin([s, t], [feed('f', ['s'])])
    s.answer([{ id: 1, n: 1 }])
    t.answer([{ id: 1, n: 7 }])
    const f = new ScriptedSource('f', clock, { fingerprint: 'f' })
    expect(graph.replace(definitions([f, t], [feed('s', ['t'], { fingerprint: 'same' })]))).toMatchObject({ changed: ['f', 's'] })
    expect([numbers('s'), numbers('f'), graph.feed('f')?.hasData]).toEqual([[7], [], false])
    graph.want('s')
    expect([graph.wantedBy('t'), graph.wantedBy('s')]).toEqual(['1 reader', ''])
    f.answer([{ id: 1, n: 9 }])
    expect(numbers('f')).toEqual([9])
  })

  test('a pipeline that emits late is ended with its feed', () => {
    const late = new Subject<Sample>()
    begin([s], [feed('f', ['s'], { pipeline: () => late })])
    s.answer([{ id: 1, n: 1 }])
    expect(late.observed).toBe(true)
    graph.replace(definitions([s]))
    expect([late.observed, graph.feed('f')]).toEqual([false, undefined])
  })

  test('a feed whose steps failed begins without its fault', () => {
    const broken: Build = ([input]) =>
      (input as Observable<Sample>).pipe(
        map(() => {
          throw new Error('broken')
        }),
      )
    begin([s], [feed('f', ['s'], { pipeline: broken })])
    s.answer([{ id: 1, n: 1 }])
    expect(graph.feed('f')?.freshness.state).toBe('down')
    graph.replace(definitions([s], [feed('f', ['s'], { fingerprint: 'mended' })]))
    expect([graph.feed('f')?.freshness.state, numbers('f')]).toEqual(['fresh', [1]])
  })
})

describe('feeds that come and go', () => {
  test('one that is added has data as soon as its inputs do, and their freshness', () => {
    begin([s, t])
    s.answer([{ id: 1, n: 1 }])
    t.fail()
    graph.replace(definitions([s, t], [feed('b', ['a']), feed('a', ['s']), feed('c', ['t'])]))
    expect([numbers('a'), numbers('b')]).toEqual([[1], [1]])
    expect(['a', 'b', 'c'].map(name => graph.feed(name)?.freshness.state)).toEqual(['fresh', 'fresh', 'down'])
    expect([...graph.feeds()].map(({ name }) => name)).toEqual(['s', 't', 'a', 'b', 'c'])
  })

  test('one that is removed and comes back goes on from its epoch and counter, also where the clock was set back', () => {
    begin([s], [feed('f', ['s'])])
    for (const n of [1, 2, 3]) s.answer([{ id: 1, n }])
    const before = position('f')
    graph.replace(definitions([s]))
    expect(graph.feed('f')).toBeUndefined()
    clock.setWall(0)
    graph.replace(definitions([s], [feed('f', ['s'])]))
    expect((position('f')?.epoch ?? '') > (before?.epoch ?? '~')).toBe(true)
    expect([position('f')?.version, numbers('f')]).toEqual([4, [3]])
  })

  test('a reader wants what its feed is computed from now, and the former source lingers', () => {
    begin([s, t], [feed('f', ['s'])])
    graph.want('f')
    graph.replace(definitions([s, t], [feed('f', ['t'], { fingerprint: 'other' })]))
    expect([graph.wantedBy('s'), graph.wantedBy('t'), s.stops, t.starts]).toEqual(['linger', '1 reader', 0, 1])
    clock.advance(30_000)
    expect([graph.wantedBy('s'), s.stops]).toEqual(['', 1])
  })

  test('a feed that must not sleep is wanted only while it is defined', () => {
    begin([s])
    graph.replace(definitions([s], [feed('low', ['s'], { holdsPast: true })]))
    expect([graph.wantedBy('s'), s.starts]).toEqual(["feed 'low'", 1])
    graph.replace(definitions([s]))
    clock.advance(30_000)
    expect([graph.wantedBy('s'), s.stops]).toEqual(['', 1])
  })
})

describe('definitions that make no graph', () => {
  test.each<[string, readonly FeedDefinition[]]>([
    ['a cycle', [feed('f', ['g']), feed('g', ['f'])]],
    ['an unknown input', [feed('f', ['gone'])]],
    ['a name used twice', [feed('s', ['s'])]],
  ])('%s: nothing changes', (_, feeds) => {
    begin([s], [feed('f', ['s'])])
    graph.want('f')
    s.answer([{ id: 1, n: 1 }])
    const at = position('f')
    told = []
    expect(() => graph.replace(definitions([t], feeds))).toThrow(RangeError)
    expect([told, position('f'), s.polling]).toEqual([[], at, true])
    s.answer([{ id: 1, n: 2 }])
    expect(numbers('f')).toEqual([2])
  })

  test('a source that cannot be begun: nothing changes', () => {
    begin([s])
    s.answer([{ id: 1, n: 1 }])
    const broken = {
      ...t.definition,
      createPoller: () => {
        throw new TypeError('no such machine')
      },
    }
    expect(() => graph.replace({ sources: [broken], feeds: [] })).toThrow('no such machine')
    s.answer([{ id: 1, n: 2 }])
    expect([numbers('s'), graph.feed('t')]).toEqual([[2], undefined])
  })
})
