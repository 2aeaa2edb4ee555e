import * as fc from 'fast-check'
import { map, type Observable } from 'rxjs'
import { expect, test } from 'vitest'
import { Graph } from '../../src/feed/graph.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { Row } from '../../src/model/row.ts'
import type { Sample } from '../../src/model/table.ts'
import { Budget } from '../../src/source/budget.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { ScriptedAsk } from '../support/scripted-ask.ts'

/**
 * Readers come and go at any instant, before, within and after polls, lingers and ticks that pace puts off; polls take
 * long, fail and recover. Whoever reads is then shown what the upstream has within two intervals, its longest poll and one stretch of pace.
 */
const everyMs = 1000
const lingerMs = 3000
const names = ['s', 'derived', 'under'] as const

const copy = ([input]: readonly Observable<Sample>[]): Observable<Sample> =>
  (input as Observable<Sample>).pipe(map(sample => ({ ...sample, table: { ...sample.table } })))

interface World {
  readonly clock: ManualClock
  readonly ask: ScriptedAsk
  readonly graph: Graph
}

function world(seed: number): World {
  const clock = new ManualClock(1_769_090_000_000 + seed)
  const ask = new ScriptedAsk(clock)
  const random = seededRandom(seed)
  const budget = new Budget(clock)
  const described = { public: true, fingerprint: 'same', demand: 'auto' as const }
  const graph = new Graph({
    sources: [
      {
        ...described,
        name: 's',
        everyMs,
        staleAfterMs: 3 * everyMs,
        downAfterMs: 60_000,
        lingerMs,
        origin: 'test',
        createPoller: onPoll =>
          new Poller({
            ask,
            policy: new GridPolicy({ identity: 's ', intervalMs: everyMs, maxBackoffMs: everyMs, clock, random }),
            budget,
            clock,
            random,
            onPoll,
          }),
      },
    ],
    feeds: [
      { ...described, name: 'derived', inputs: ['s'], holdsPast: false, pipeline: copy },
      {
        ...described,
        name: 'under',
        inputs: ['derived', 's'],
        holdsPast: false,
        pipeline: ([, input]) => copy([input as Observable<Sample>]),
      },
    ],
    clock,
    random,
    log: silentLogger,
  })
  graph.start()
  return { clock, ask, graph }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('come' as const), feed: fc.constantFrom(...names) }),
  fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('change' as const) }),
  fc.record({ kind: fc.constant('busy' as const), ms: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant('slow' as const), ms: fc.constantFrom(0, 1, 30, 900, 2500) }),
  fc.record({ kind: fc.constant('failing' as const), on: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 10, 49, 50, 500, 999, 1000, 1001, 2999, 3000, 3001, 5000) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('whoever reads is shown what the upstream has, whatever came before; whoever does not costs nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), fc.integer({ min: 0, max: 5000 }), async (steps, seed) => {
      const { clock, ask, graph } = world(seed)
      const readers: (() => void)[] = []
      let n = 0
      let failing = false
      ask.outcome = () => (failing ? { cause: 'http', reason: '503' } : [{ id: 1, n } satisfies Row])
      const act = async (taken: Step): Promise<void> => {
        if (taken.kind === 'come') readers.push(graph.want(taken.feed))
        else if (taken.kind === 'leave') readers.splice(taken.which % Math.max(1, readers.length), 1)[0]?.()
        else if (taken.kind === 'change') n++
        else if (taken.kind === 'busy') graph.pace.spent(taken.ms)
        else if (taken.kind === 'slow') ask.tookMs = taken.ms
        else if (taken.kind === 'failing') failing = taken.on
        else await clock.advanceAsync(taken.ms)
        if (taken.kind !== 'wait') await settle()
      }
      for (const taken of steps) await act(taken)

      // Back-off may have grown to four intervals.
      failing = false
      n++
      ask.tookMs = 5
      readers.push(graph.want('under'))
      await clock.advanceAsync(2500 + 4 * everyMs + everyMs + 5 + 50)
      for (const name of names) expect(graph.feed(name)?.store.row('1')).toEqual({ id: 1, n })
      expect(graph.feed('under')?.freshness.state).toBe('fresh')
      expect(ask.most).toBe(1)

      for (const leave of readers) leave()
      await clock.advanceAsync(lingerMs)
      const before = ask.asked.length
      await clock.advanceAsync(60_000)
      expect(ask.asked.length).toBe(before)
      expect(graph.feed('under')?.freshness).toMatchObject({ state: 'stale', cause: 'paused' })
      await graph.close()
      expect(clock.pending).toBe(0)
    }),
    { numRuns: 200, seed: 20260124 },
  )
})
