import { map, Subject, tap } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { Graph } from '../../src/feed/graph.ts'
import { ownSources } from '../../src/feed/own.ts'
import { StepProbe } from '../../src/feed/step-probe.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { emptyTable, noChanges, type Sample } from '../../src/model/table.ts'
import type { Row } from '../../src/model/row.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedSource } from '../support/scripted-source.ts'

let clock: ManualClock

beforeEach(() => {
  clock = new ManualClock()
})

function sampleOf(count: number, more: Partial<Sample> = {}): Sample {
  const rows = new Map(Array.from({ length: count }, (_, i) => [String(i), { id: i }]))
  return { table: { ...emptyTable('id'), rows }, changes: noChanges, tick: 1, time: 0, ...more }
}

describe('a step that is watched', () => {
  test('has rows in, rows out and the time that each sample took', () => {
    const probe = new StepProbe('where', clock)
    const input = new Subject<Sample>()
    const slow = map((sample: Sample) => (clock.advance(7), sampleOf(sample.table.rows.size - 1)))
    input.pipe(probe.watch(samples => samples.pipe(slow))).subscribe()
    expect([probe.rowsIn, probe.rowsOut, probe.durationMs]).toEqual([undefined, undefined, undefined])
    input.next(sampleOf(5))
    expect([probe.rowsIn, probe.rowsOut, probe.durationMs]).toEqual([5, 4, 7])
  })

  test('is not blamed for the time of what comes after it', () => {
    const probe = new StepProbe('where', clock)
    const input = new Subject<Sample>()
    input
      .pipe(
        probe.watch(map(sample => sample)),
        tap(() => clock.advance(50)),
      )
      .subscribe()
    input.next(sampleOf(1))
    expect(probe.durationMs).toBe(0)
  })

  test('is blamed for its own failure alone, once the feed is told of it', () => {
    const [before, failing, after] = ['derive', 'group', 'top'].map(kind => new StepProbe(kind, clock)) as [StepProbe, StepProbe, StepProbe]
    const fault = new Error('a bug')
    const broken = map((): Sample => {
      throw fault
    })
    const input = new Subject<Sample>()
    const same = map((sample: Sample) => sample)
    input.pipe(before.watch(same), failing.watch(broken), after.watch(same)).subscribe({ error: () => undefined })
    input.next(sampleOf(1))
    for (const probe of [before, failing, after]) probe.blame(fault, 'the log has it')
    expect([before.error, failing.error, after.error]).toEqual([undefined, { reason: 'the log has it', at: clock.now() }, undefined])
    failing.blame(new Error('another'), 'of the store')
    expect(failing.error?.reason).toBe('the log has it')
  })

  test('tells of a cap each time that it comes over it, and of no other reason', () => {
    const limits: string[] = []
    const probe = new StepProbe('group', clock, limit => limits.push(limit))
    const input = new Subject<Sample>()
    let degraded: Sample['degraded']
    input.pipe(probe.watch(map(sample => (degraded === undefined ? sample : { ...sample, degraded })))).subscribe()
    const over = { cause: 'cardinality' as const, reason: 'maxGroups: 2 groups are held, 1 row of another is left out' }
    const others = [undefined, over, over, undefined, { cause: 'key' as const, reason: '1 row has no region' }, over]
    for (const each of others) {
      degraded = each
      input.next(sampleOf(1))
    }
    input.next(sampleOf(1, { degraded: over }))
    expect(limits).toEqual(['maxGroups', 'maxGroups'])
  })

  test('says what it keeps back, but not what came kept back already', () => {
    const probe = new StepProbe('group', clock)
    const input = new Subject<Sample>()
    const degraded = { cause: 'cardinality', reason: 'maxGroups: 3' } as const
    input.pipe(probe.watch(map(sample => ({ ...sample, degraded })))).subscribe()
    input.next(sampleOf(1, { degraded: { cause: 'rows', reason: 'held' } }))
    expect(probe.error).toBeUndefined()
    input.next(sampleOf(1))
    expect(probe.error).toEqual({ reason: 'maxGroups: 3', at: clock.now() })
  })
})

describe('$steps', () => {
  const text = {
    sources: { stations: { url: 'http://upstream.invalid/', key: 'id' }, spare: { url: 'http://upstream.invalid/2', key: 'id' } },
    feeds: {
      empty: { from: 'stations', steps: [{ where: 'bikes == 0' }, { top: { by: '-docks', limit: 2 } }] },
      both: { from: ['stations', 'spare'] },
      hidden: { from: 'stations', public: false, steps: [{ where: 'bikes == 1' }] },
    },
  }

  function graphOf(): { readonly graph: Graph; readonly stations: ScriptedSource } {
    const loaded = configOf(text)
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const deps = { clock, random: seededRandom(1), log: silentLogger }
    const stations = new ScriptedSource('stations', clock)
    const figures = { readers: 0, bytesSent: 0, messagesSent: 0, bytesSaved: 0 }
    const own = ownSources(
      () => graph,
      () => figures,
      deps,
    )
    const { feeds } = compileConfig(loaded.config, { ...deps, limited: () => undefined })
    const sources = [stations.definition, new ScriptedSource('spare', clock).definition, ...own]
    const graph: Graph = new Graph({ ...deps, sources, feeds })
    return { graph, stations }
  }

  test('has the way of the rows from the source to each listed feed, and is made only while it is read', async () => {
    const { graph, stations } = graphOf()
    const rows = (): Row[] => [...(graph.feed('$steps')?.store.rows() ?? [])].map(([, row]) => row)
    graph.want('empty')
    stations.answer([0, 1, 2, 3].map(id => ({ id, bikes: id === 3 ? 5 : 0, docks: 10 + id })))
    await clock.advanceAsync(2000)
    expect(rows()).toEqual([])
    graph.want('$steps')
    await clock.advanceAsync(0)
    const nothing = { error: null, errorAt: null }
    expect(rows()).toEqual([
      { '#': '["empty",0]', feed: 'empty', step: 0, kind: 'from', inputs: ['stations'], rowsIn: 4, rowsOut: 4 },
      { '#': '["empty",1]', feed: 'empty', step: 1, kind: 'where', rowsIn: 4, rowsOut: 3, duration: 0, ...nothing },
      { '#': '["empty",2]', feed: 'empty', step: 2, kind: 'top', rowsIn: 3, rowsOut: 2, duration: 0, ...nothing },
      { '#': '["both",0]', feed: 'both', step: 0, kind: 'from', inputs: ['stations', 'spare'], rowsIn: 4, rowsOut: 4 },
    ])
  })

  test('$polls tells what each source was asked, without its rows', async () => {
    const { graph, stations } = graphOf()
    graph.want('empty')
    graph.want('$polls')
    stations.answer([{ id: 1, bikes: 0, docks: 1 }])
    stations.fail({ cause: 'timeout', reason: 'no answer' })
    await clock.advanceAsync(1000)
    const polls = [...(graph.feed('$polls')?.store.rows() ?? [])].map(([, { seq, change, key, reason }]) => [seq, change, key, reason])
    expect(polls).toEqual([
      [1, 'changed', 'stations', null],
      [2, 'failed', 'stations', 'no answer'],
    ])
    expect(graph.feed('$polls')?.store.kind).toBe('events')
  })

  test('goes on through a reload that leaves the feed as it is', async () => {
    const { graph, stations } = graphOf()
    stations.answer([{ id: 1, bikes: 0, docks: 1 }])
    const { definition } = stations
    const before = graph.feed('empty')?.steps
    const loaded = configOf(text)
    if (!loaded.ok) throw new Error('the config is good')
    const { feeds } = compileConfig(loaded.config, { clock, random: seededRandom(1), log: silentLogger, limited: () => undefined })
    graph.replace({ sources: [definition, new ScriptedSource('spare', clock).definition], feeds })
    stations.answer([
      { id: 1, bikes: 0, docks: 1 },
      { id: 2, bikes: 0, docks: 1 },
    ])
    expect(graph.feed('empty')?.steps).toBe(before)
    expect(before?.[0]?.rowsIn).toBe(2)
  })
})
