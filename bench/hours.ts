import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { compileConfig } from '../src/compile.ts'
import { configOf } from '../src/config/load.ts'
import { Graph } from '../src/feed/graph.ts'
import { silentLogger as log } from '../src/lib/log.ts'
import { seededRandom, type Random } from '../src/lib/random.ts'
import { VirtualClock } from '../src/lib/virtual-clock.ts'
import type { Row } from '../src/model/row.ts'
import { Memories } from '../src/operator/memories.ts'
import { head, row, type Bench } from './harness/bench.ts'
import { toldSource } from './harness/told-source.ts'
import { memory } from './harness/worker.ts'

const everyMs = 10_000
const ticksAnHour = 3_600_000 / everyMs
/** Of the rows so many are others with each poll, and so many change. */
const [partLeaving, partChanging] = [0.04, 0.2]

/** Every step that holds something, each with a cap that the source is beyond. */
function stepsOf(rows: number): Readonly<Record<string, readonly object[]>> {
  const [maxGroups, maxPoints] = [Math.floor((rows * 2) / 3), rows * 4]
  const over = { avg: 'avg(n)', most: 'max(n)', p90: 'quantile(n, 0.9)', kinds: 'distinct(region)', first: 'first(n)' }
  return {
    groups: [{ group: { by: 'session', columns: over, maxGroups } }],
    sliding: [{ window: { size: '5m', slide: '10s', columns: over, maxGroups } }],
    tumbling: [{ window: { size: '10m', columns: { ...over, count: 'count()', sum: 'sum(n)' }, maxGroups } }],
    dated: [{ window: { size: '5m', slide: '1m', time: 'at', columns: { count: 'count()' }, maxGroups } }],
    rates: [{ rate: { over: '10m', columns: { rate: 'n' }, maxPoints: maxGroups } }],
    changes: [{ change: { over: '10m', columns: { moved: 'n' }, maxPoints: maxGroups } }],
    course: [{ series: { keep: '1d', columns: { n: 'n' }, maxPoints } }],
    happened: [{ events: { keep: '1d', maxPoints } }],
    kept: [{ keep: maxPoints }],
    filled: [{ fill: { columns: { odd: 'last' }, maxAge: '1h' } }],
    low: [{ alert: { when: 'n < 3000', for: '1m', resolve: 'n > 7000', onMissing: 'keep', maxGroups } }],
    joined: [{ join: { with: 'groups', on: 'session', kind: 'left', columns: { avg: 'right.avg' } } }],
    best: [{ top: { by: '-n', limit: 100, per: 'region' } }],
  }
}

/** Rows that come, change and go: after some polls none of them was there before. */
class Coming {
  rows = new Map<string, Row>()
  readonly #count: number
  readonly #random: Random
  #made = 0

  constructor(count: number, random: Random) {
    this.#count = count
    this.#random = random
  }

  /** @returns what changed, with each row as it was. */
  next(time: number): ReadonlyMap<string, Row | undefined> {
    const changes = new Map<string, Row | undefined>()
    this.rows = new Map(this.rows)
    const put = (key: string, was: Row | undefined): void => {
      changes.set(key, was)
      this.rows.set(key, this.#rowOf(key, time))
    }
    let leaving = this.rows.size < this.#count ? 0 : Math.ceil(this.#count * partLeaving)
    for (const [key, was] of this.rows) {
      if (leaving-- > 0) {
        changes.set(key, was)
        this.rows.delete(key)
      } else if (this.#random() < partChanging) put(key, was)
    }
    while (this.rows.size < this.#count) put(`row-${this.#made++}`, undefined)
    return changes
  }

  #rowOf(id: string, time: number): Row {
    const n = Math.floor(this.#random() * 10_000)
    return { id, session: `of ${id}`, region: `region-${n % 20}`, n, odd: n % 2 === 0 ? null : n, at: time - (n % 60_000) }
  }
}

/** Arguments: `[hours] [rows]`. */
export const hours: Bench = {
  title: 'Hours at full cardinality',
  about: 'every step that holds something, for hours of virtual time with its cap met: the heap without garbage at each hour.',
  async run([hourCount = '8', rowCount = '1500'], say) {
    setFlagsFromString('--expose_gc')
    globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction
    const clock = new VirtualClock(1_769_090_400_000)
    const random = seededRandom(1)
    const count = Number(rowCount)
    const feeds = Object.fromEntries(Object.entries(stepsOf(count)).map(([name, steps]) => [name, { from: 's', steps }]))
    const read = configOf({ sources: { s: 'http://upstream' }, feeds })
    if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('; '))
    const source = toldSource('s', clock)
    const memories = new Memories()
    const compiled = compileConfig(read.config, { clock, random, log, limited: () => undefined, memories })
    const graph = new Graph({ sources: [source.definition], feeds: compiled.feeds, clock, random, log })
    graph.start()
    const coming = new Coming(count, random)
    const poll = (): void => {
      clock.advance(everyMs)
      const changes = coming.next(clock.now())
      const table = {
        key: 'id',
        columns: ['id', 'session', 'region', 'n', 'odd', 'at'],
        rows: coming.rows,
        order: [],
        kind: 'table' as const,
      }
      source.tell({ kind: 'changed', table, changes, at: clock.now(), durationMs: 1, bytes: 1 })
    }
    const heaps: number[] = []
    say(head('hour', 'heap, MB', 'rows of all feeds', 'feeds that meet their cap'))
    for (let hour = 1; hour <= Number(hourCount); hour++) {
      for (let tick = 0; tick < ticksAnHour; tick++) {
        poll()
        if (tick % 30 === 0) memories.save()
      }
      const { heap } = memory()
      heaps.push(heap)
      const all = [...graph.feeds()].filter(({ name }) => name !== 's')
      const capped = all.filter(({ freshness }) => freshness.cause === 'cardinality').map(({ name }) => name)
      say(
        row(
          hour,
          (heap / 1e6).toFixed(1),
          all.reduce((sum, { store }) => sum + store.count, 0),
          capped.join(', '),
        ),
      )
      await Promise.resolve()
    }
    await graph.close()
    const [early = Number.NaN, ...later] = heaps.slice(1)
    const growth = (Math.max(...later) - early) / early
    say('')
    say(`Since the second hour at most ${(growth * 100).toFixed(1)} % more.`)
    if (!(growth < 0.05)) process.exitCode = 1
  },
}
