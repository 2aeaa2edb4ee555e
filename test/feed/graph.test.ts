import { concatMap, map, merge, Subject, type Observable } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FeedDefinition } from '../../src/feed/definition.ts'
import type { Feed } from '../../src/feed/feed.ts'
import { Graph } from '../../src/feed/graph.ts'
import type { GraphListener, Tick } from '../../src/feed/graph-listener.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { RecordedLog } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock
let log: RecordedLog
let s: ScriptedSource
let t: ScriptedSource

beforeEach(() => {
  clock = new ManualClock()
  log = new RecordedLog()
  s = new ScriptedSource('s', clock)
  t = new ScriptedSource('t', clock)
})

type Build = FeedDefinition['pipeline']

function feed(name: string, inputs: readonly string[], pipeline: Build, more: Partial<FeedDefinition> = {}): FeedDefinition {
  return { name, inputs, public: true, fingerprint: name, demand: 'auto', holdsPast: false, pipeline, ...more }
}

const same: Build = ([input]) => input as Observable<Sample>

/** One row, `total`: the sum of `n` over all rows of all inputs as the pipeline saw them last. */
function sumOf(seen: string[] = [], name = ''): Build {
  return inputs => {
    const sums = inputs.map(() => 0)
    return merge(...inputs.map((input, i) => input.pipe(map(sample => ({ sample, i }))))).pipe(
      map(({ sample, i }) => {
        sums[i] = [...sample.table.rows.values()].reduce((sum, row) => sum + Number(row['n']), 0)
        seen.push(`${name}${i}: ${sums[i]} in tick ${sample.tick}`)
        const row: Row = { id: 'total', n: sums.reduce((a, b) => a + b, 0) }
        return { ...sample, table: { ...sample.table, columns: ['id', 'n'], rows: new Map([['total', row]]) }, changes: 'all' as const }
      }),
    )
  }
}

interface Watched {
  readonly graph: Graph
  readonly ticks: { readonly tick: number; readonly changed: string[] }[]
  readonly told: string[]
}

function graphOf(feeds: readonly FeedDefinition[], sources: readonly ScriptedSource[] = [s, t]): Watched {
  const graph = new Graph({
    sources: sources.map(source => source.definition),
    feeds,
    clock,
    random: seededRandom(1),
    log: log.logger,
  })
  const ticks: Watched['ticks'] = []
  const told: string[] = []
  graph.listen({
    tick: ({ tick, changed }: Tick) => void ticks.push({ tick, changed: [...changed.keys()].map(({ name }) => name) }),
    freshness: ({ name, freshness }: Feed, isTold) => {
      if (isTold) told.push([name, freshness.state, freshness.cause].filter(part => part !== undefined).join(' '))
    },
  })
  return { graph, ticks, told }
}

/** The `n` of the one row of a feed. */
const total = (graph: Graph, name: string): unknown => graph.feed(name)?.store.row('total')?.['n']
const version = (graph: Graph, name: string): number | undefined => graph.feed(name)?.position.version

describe('a tick', () => {
  test('publishes a poll and all that it leads to at once, in dependency order', () => {
    const { graph, ticks } = graphOf([feed('c', ['b'], sumOf()), feed('b', ['a'], same), feed('a', ['s'], same)])
    s.answer([{ id: 1, n: 2 }])
    expect(ticks).toEqual([{ tick: 1, changed: ['s', 'a', 'b', 'c'] }])
    expect(total(graph, 'c')).toBe(2)
    expect(['s', 'a', 'b', 'c'].map(name => graph.feed(name)?.sample?.tick)).toEqual([1, 1, 1, 1])
  })

  test('that changes no table is told nobody, and moves no version', () => {
    const { graph, ticks } = graphOf([feed('a', ['s'], same)])
    s.answer([{ id: 1, n: 2 }])
    clock.advance(1000)
    s.answer([{ id: 1, n: 2 }])
    expect(ticks).toHaveLength(1)
    expect([version(graph, 's'), version(graph, 'a')]).toEqual([1, 1])
    expect(graph.feed('a')?.sample?.time).toBe(clock.now())
  })

  test('a poll that changed nothing is a sample for what is computed from it', () => {
    const seen: string[] = []
    graphOf([feed('a', ['s'], sumOf(seen))])
    for (let i = 0; i < 3; i++) s.answer([{ id: 1, n: 2 }])
    expect(seen).toEqual(['0: 2 in tick 1', '0: 2 in tick 2', '0: 2 in tick 3'])
  })

  test('of a diamond hands over each input once, and no sum is shown that never was', () => {
    const seen: string[] = []
    const { graph, ticks } = graphOf([
      feed('left', ['s'], same),
      feed('right', ['s'], same),
      feed('bottom', ['left', 'right'], sumOf(seen)),
      feed('under', ['bottom'], same),
    ])
    const shown: unknown[] = []
    graph.listen({ tick: () => shown.push(total(graph, 'under')), freshness: () => undefined } satisfies GraphListener)
    for (const n of [1, 5, 7]) s.answer([{ id: 1, n }])
    expect(seen).toEqual([1, 5, 7].flatMap((n, i) => [`0: ${n} in tick ${i + 1}`, `1: ${n} in tick ${i + 1}`]))
    expect(shown).toEqual([2, 10, 14])
    expect(ticks.map(({ changed }) => changed.join())).toEqual(Array.from({ length: 3 }, () => 's,left,right,bottom,under'))
    expect(version(graph, 'under')).toBe(3)
  })

  test('takes all polls that came since the last one together', () => {
    const seen: string[] = []
    const { graph, ticks } = graphOf([feed('both', ['s', 't'], sumOf(seen))])
    graph.pace.spent(40)
    s.answer([{ id: 1, n: 1 }])
    t.answer([{ id: 1, n: 10 }])
    s.answer([{ id: 1, n: 2 }])
    s.answer([
      { id: 1, n: 3 },
      { id: 2, n: 1 },
    ]) // two at once
    expect(ticks).toEqual([])
    clock.advance(40)
    expect(ticks).toEqual([{ tick: 1, changed: ['s', 't', 'both'] }])
    expect(seen).toEqual(['0: 4 in tick 1', '1: 10 in tick 1'])
    expect(total(graph, 'both')).toBe(14)
  })

  test('that pace put off loses no change: one that is followed by an unchanged poll, or taken back', () => {
    const { graph } = graphOf([feed('a', ['s'], sumOf())])
    s.answer([
      { id: 1, n: 1 },
      { id: 2, n: 1 },
    ]) // at rest
    for (const n of [9, 1]) {
      graph.pace.spent(50)
      s.answer([
        { id: 1, n },
        { id: 2, n: 1 },
      ]) // changed
      s.answer([
        { id: 1, n },
        { id: 2, n: 1 },
      ]) // unchanged
      clock.advance(50)
      expect([total(graph, 'a'), graph.feed('s')?.store.row('1')?.['n']]).toEqual([n + 1, n])
    }
    const before = version(graph, 's')
    graph.pace.spent(50)
    s.answer([{ id: 1, n: 4 }]) // row 2 leaves
    s.answer([
      { id: 1, n: 1 },
      { id: 2, n: 1 },
    ]) // and is back
    clock.advance(50)
    expect(version(graph, 's')).toBe(before)
  })

  test('is started by what a pipeline emits later', () => {
    const { graph, ticks } = graphOf([feed('late', ['s'], lateBy()), feed('under', ['late'], same)])
    s.answer([{ id: 'total', n: 3 }])
    expect(ticks).toEqual([{ tick: 1, changed: ['s'] }])
    expect(graph.feed('late')?.hasData).toBe(false)
    trigger.next()
    expect(ticks[1]).toEqual({ tick: 2, changed: ['late', 'under'] })
    expect(total(graph, 'under')).toBe(3)
  })

  test('does not run any more once the graph is closed', async () => {
    const { graph, ticks } = graphOf([feed('a', ['s'], same)])
    graph.pace.spent(50)
    s.answer([{ id: 1 }])
    await graph.close()
    clock.advance(1000)
    s.answer([{ id: 2 }])
    expect(ticks).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

let trigger = new Subject<void>()

/** Emits the last sample when it is triggered, outside of any tick. */
function lateBy(): Build {
  trigger = new Subject<void>()
  return inputs => {
    let last: Sample | undefined
    ;(inputs[0] as Observable<Sample>).subscribe(sample => (last = sample))
    return trigger.pipe(concatMap(() => (last === undefined ? [] : [last])))
  }
}

describe('keys and columns', () => {
  test('another key column begins a new epoch and goes on counting; what is computed from it is given everything', () => {
    const { graph } = graphOf([feed('a', ['s'], same)])
    s.answer([{ id: 1, code: 'x' }])
    const before = graph.feed('s')?.position
    s.answer([{ id: 1, code: 'x' }], { key: 'code' })
    for (const name of ['s', 'a']) {
      const { position, store } = graph.feed(name) as Feed
      expect(position.epoch > (before?.epoch ?? '')).toBe(true)
      expect(position.version).toBe(2)
      expect([store.key, [...store.rows()]]).toEqual(['code', [['x', { id: 1, code: 'x' }]]])
    }
  })

  test('a configured order overrides the one that the steps give', () => {
    const { graph } = graphOf([feed('a', ['s'], same, { order: [{ column: 'n', descending: true }] })])
    s.answer([{ id: 1, n: 1 }])
    expect(graph.feed('a')?.store.order).toEqual([{ column: 'n', descending: true }])
    expect(graph.feed('s')?.store.order).toEqual([])
  })
})

describe('demand', () => {
  test('nobody reads: nothing is polled, but for demand: always and feeds that hold the past', () => {
    const u = new ScriptedSource('u', clock, { demand: 'always' })
    const v = new ScriptedSource('v', clock)
    const { graph } = graphOf(
      [
        feed('window', ['t'], same, { holdsPast: true }),
        feed('sleeps', ['s'], same, { holdsPast: true, demand: 'readers' }),
        feed('always', ['v'], same, { demand: 'always' }),
      ],
      [s, t, u, v],
    )
    graph.start()
    expect([s, t, u, v].map(source => source.polling)).toEqual([false, true, true, true])
    expect(['s', 't', 'u', 'v'].map(name => graph.wantedBy(name))).toEqual(['', "feed 'window'", "feed 'u'", "feed 'always'"])
  })

  test('a reader of a derived feed holds all of its sources, for their linger after it left', () => {
    const { graph } = graphOf([feed('both', ['s', 't'], sumOf()), feed('under', ['both'], same)])
    const release = graph.want('under')
    expect([s.polling, t.polling, s.starts]).toEqual([true, true, 1])
    release()
    clock.advance(29_999)
    expect([s.polling, t.polling]).toEqual([true, true])
    clock.advance(1)
    expect([s.polling, t.polling, s.stops]).toEqual([false, false, 1])
  })

  test('a reader of one source wakes no other', () => {
    const { graph } = graphOf([feed('both', ['s', 't'], sumOf())])
    graph.want('s')
    expect([s.polling, t.polling]).toEqual([true, false])
  })

  test('a derived feed lingers as long as the longest of its inputs', () => {
    const slow = new ScriptedSource('slow', clock, { lingerMs: 90_000 })
    const { graph } = graphOf([feed('both', ['s', 'slow'], sumOf())], [s, slow])
    expect(graph.feed('both')?.options.lingerMs).toBe(90_000)
  })
})

describe('freshness', () => {
  test('waiting, fresh, stale, down and back, with causes, each told once', () => {
    const { graph, told } = graphOf([feed('a', ['s'], same)])
    graph.want('a')
    expect(graph.feed('a')?.freshness.state).toBe('waiting')
    s.answer([{ id: 1 }])
    for (let i = 1; i <= 70; i++) {
      clock.advance(1000)
      s.fail({ cause: 'timeout', reason: 'no answer' })
    }
    s.answer([{ id: 1 }])
    expect(told).toEqual([
      's fresh',
      'a fresh',
      's stale timeout',
      'a stale timeout',
      's down timeout',
      'a down timeout',
      's fresh',
      'a fresh',
    ])
  })

  test('goes stale by time alone, within staleAfter, also where no poll ever ends', () => {
    const { graph, told } = graphOf([feed('a', ['s'], same)])
    graph.want('a')
    s.answer([{ id: 1 }])
    const { since } = (graph.feed('a') as Feed).freshness
    clock.advance(2999)
    expect(told).toEqual(['s fresh', 'a fresh'])
    clock.advance(1)
    expect(told.slice(2)).toEqual(['s stale', 'a stale'])
    expect(graph.feed('a')?.freshness.since).toBe(since + 3000)
  })

  test('is paused once nobody wants it, and is no failure', () => {
    const { graph, told } = graphOf([])
    const release = graph.want('s')
    s.answer([{ id: 1 }])
    clock.advance(2000)
    s.answer([{ id: 1 }])
    release()
    clock.advance(40_000)
    expect(told).toEqual(['s fresh', 's stale', 's stale paused'])
    expect(log.lines).toEqual([])
  })

  test('without ever having had data it is down from the first failure on, and so is what is computed from it', () => {
    const { told } = graphOf([feed('a', ['s'], same)])
    s.fail()
    expect(told).toEqual(['s down refused', 'a down refused'])
  })

  test('degraded reaches what is computed from it though no row changed, and ends so', () => {
    const { graph, told } = graphOf([feed('a', ['s'], same)])
    s.answer([{ id: 1 }])
    s.answer([{ id: 1 }], { degraded: { cause: 'rows', reason: 'no rows, after 40' } })
    expect(graph.feed('a')?.freshness).toMatchObject({ state: 'degraded', cause: 'rows', reason: 'no rows, after 40' })
    s.answer([{ id: 1 }])
    expect(told).toEqual(['s fresh', 'a fresh', 's degraded rows', 'a degraded rows', 's fresh', 'a fresh'])
    expect(version(graph, 'a')).toBe(1)
  })

  test('of one source leaves the other alone; of both inputs the worst counts', () => {
    const { graph, told } = graphOf([feed('a', ['s'], same), feed('b', ['t'], same), feed('both', ['s', 't'], sumOf())])
    graph.want('both')
    s.answer([{ id: 1, n: 1 }])
    t.answer([{ id: 1, n: 1 }])
    told.length = 0
    for (let i = 0; i < 5; i++) {
      clock.advance(1000)
      s.fail()
      t.answer([{ id: 1, n: i }])
    }
    expect(told).toEqual(['s stale refused', 'a stale refused', 'both stale refused'])
    expect(graph.feed('b')?.freshness.state).toBe('fresh')
  })

  test('proofs that change no state are passed on untold', () => {
    const { graph } = graphOf([feed('a', ['s'], same)])
    const proofs: string[] = []
    graph.listen({ tick: () => undefined, freshness: ({ name }, isTold) => void proofs.push(`${name} ${isTold}`) })
    s.answer([{ id: 1 }])
    clock.advance(1000)
    s.answer([{ id: 1 }])
    expect(proofs).toEqual(['s true', 'a true', 's false', 'a false'])
    expect(graph.feed('a')?.freshness.validatedAt).toBe(clock.now())
  })

  test('one log line on each change of state, not on each try', () => {
    graphOf([])
    s.answer([{ id: 1 }])
    for (let i = 0; i < 50; i++) s.fail({ cause: 'refused', reason: 'refused' })
    for (let i = 0; i < 50; i++) s.fail({ cause: 'timeout', reason: 'slow' })
    for (let i = 0; i < 50; i++) s.answer([{ id: 1 }])
    expect(log.lines).toEqual(["warn: source 's' failed: refused", "warn: source 's' failed: slow", "info: source 's' answers again"])
  })

  test('a source that flaps is told of once a minute, and that it fails for good as soon as the minute is over', () => {
    graphOf([])
    const [failed, answers] = ["warn: source 's' failed: connection refused", "info: source 's' answers again"]
    for (let halfSecond = 0; halfSecond < 240; halfSecond++) {
      if (halfSecond % 2 === 0) s.fail()
      else s.answer([{ id: 1 }])
      clock.advance(500)
    }
    expect(log.lines).toEqual([failed, answers, failed, answers])
    s.fail()
    clock.advance(500)
    s.answer([{ id: 1 }])
    expect(log.lines).toEqual([failed, answers, failed, answers, failed, answers])
    for (let second = 0; second < 200; second++) {
      s.fail()
      expect(log.lines).toHaveLength(second < 60 ? 6 : 7)
      clock.advance(1000)
    }
    s.answer([{ id: 1 }])
    expect(log.lines.slice(6)).toEqual([failed, answers])
  })
})

describe('a bug', () => {
  const bad = { cause: 'internal' }
  let broken = true
  const failing: Build = inputs =>
    (inputs[0] as Observable<Sample>).pipe(
      map(sample => {
        if (broken) throw new Error('a bug')
        return sample
      }),
    )

  test('in one pipeline fails that feed and what is computed from it, once in the log, and nothing else', () => {
    broken = true
    const { graph, ticks, told } = graphOf([feed('bad', ['s'], failing), feed('under', ['bad'], same), feed('good', ['s'], same)])
    for (const n of [1, 2, 3]) s.answer([{ id: 1, n }])
    expect(ticks.map(({ changed }) => changed.join())).toEqual(['s,good', 's,good', 's,good'])
    expect(told).toEqual(['bad down internal', 'under down internal', 's fresh', 'good fresh'])
    expect(graph.feed('under')?.freshness).toMatchObject({ state: 'down', ...bad })
    expect(log.lines).toHaveLength(1)
    const id = /^error: feed 'bad' failed \((\w{8})\)$/.exec(log.lines[0] ?? '')?.[1]
    expect(graph.feed('bad')?.freshness.reason).toBe(`a step failed; the server's log has it under ${id}`)
    broken = false
    s.answer([
      { id: 1, n: 4 },
      { id: 2, n: 1 },
    ]) // it is built anew, with everything
    expect(['bad', 'under', 'good'].map(name => graph.feed(name)?.freshness.state)).toEqual(['fresh', 'fresh', 'fresh'])
    expect([...(graph.feed('under') as Feed).store.rows()]).toEqual([...(graph.feed('s') as Feed).store.rows()])
  })

  test('in a timer of a pipeline is told at once, also of what is computed from it', () => {
    const later = new Subject<Sample>()
    const { graph } = graphOf([feed('bad', ['s'], ([input]) => merge(input as Observable<Sample>, later)), feed('under', ['bad'], same)])
    s.answer([{ id: 1 }])
    later.error(new Error('a bug'))
    expect(['s', 'bad', 'under'].map(name => graph.feed(name)?.freshness.state)).toEqual(['fresh', 'down', 'down'])
  })

  test('in a table that cannot be kept leaves the feed without data, which begins anew', () => {
    broken = true
    const unkeepable: Build = inputs =>
      (inputs[0] as Observable<Sample>).pipe(
        map(sample => {
          if (!broken) return sample
          const row = new Proxy(
            { id: 1, n: 0 },
            {
              get: () => {
                throw new Error('no cell')
              },
              has: () => true,
            },
          ) // as a getter might
          return { ...sample, table: { ...sample.table, rows: new Map([['1', row as Row]]) }, changes: 'all' as const }
        }),
      )
    const { graph } = graphOf([feed('bad', ['s'], unkeepable), feed('good', ['s'], same)])
    s.answer([{ id: 1, n: 1 }])
    expect(graph.feed('bad')?.freshness).toMatchObject({ state: 'down', ...bad })
    expect([graph.feed('bad')?.hasData, graph.feed('good')?.freshness.state]).toEqual([false, 'fresh'])
    broken = false
    s.answer([{ id: 1, n: 1 }]) // unchanged, and yet it is given everything
    expect([...(graph.feed('bad') as Feed).store.rows()]).toEqual([['1', { id: 1, n: 1 }]])
    expect(graph.feed('bad')?.freshness.state).toBe('fresh')
  })

  test('in who listens disturbs neither the graph nor other listeners', () => {
    const { graph, ticks } = graphOf([])
    const fault = (): never => {
      throw new Error('a bug')
    }
    graph.listen({ tick: fault, freshness: fault })
    const after: number[] = []
    const stop = graph.listen({ tick: ({ tick }) => void after.push(tick), freshness: () => undefined })
    s.answer([{ id: 1, n: 1 }])
    s.answer([{ id: 1, n: 2 }])
    expect([ticks.length, after]).toEqual([2, [1, 2]])
    expect(log.lines).toContain('error: who listens to the feeds failed')
    stop()
    s.answer([{ id: 1, n: 3 }])
    expect(after).toEqual([1, 2])
  })
})
