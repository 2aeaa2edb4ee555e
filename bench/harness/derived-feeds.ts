import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { Graph } from '../../src/feed/graph.ts'
import { silentLogger as log } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { VirtualClock } from '../../src/lib/virtual-clock.ts'
import type { Row } from '../../src/model/row.ts'
import { cpuMs } from './cpu.ts'
import { toldSource } from './told-source.ts'

const feedCount = 100
const rowCount = 1000

/** The steps of the feed of this place, as a config has them: those of which not every sample is another table, whatever changed. */
function stepsOf(place: number): readonly object[] {
  const least = { where: `n > ${place * 50}` }
  const group = { group: { by: 'region', columns: { sum: 'sum(n)', price: 'avg(price)', most: 'max(n)' } } }
  const kinds = [
    [least],
    [{ derive: { turnover: 'n * price' } }],
    [least, group],
    [{ top: { by: '-n', limit: 20 } }],
    [group, { window: { size: '1m', slide: '10s', columns: { avg: 'avg(sum)' } } }],
    [{ alert: { when: `n < ${place * 10}`, for: '1m' } }],
    [{ fill: { columns: { price: 'last' } } }, { distinct: { by: 'region' } }],
    [group, { top: { by: '-sum', limit: 5 } }],
  ]
  return kinds[place % kinds.length] ?? []
}

/** CPU of each tick, in ms, of 100 feeds of many kinds over one source of 1 000 rows, of which 1 % change: from the poll to the deltas. */
export async function derivedFeedTicks(warmUp: number, ticks: number): Promise<readonly number[]> {
  const clock = new VirtualClock(1_769_090_400_000)
  const random = seededRandom(1)
  const feeds = Object.fromEntries(Array.from({ length: feedCount }, (_, i) => [`feed-${i}`, { from: 's', steps: stepsOf(i) }]))
  const read = configOf({ sources: { s: 'http://upstream' }, feeds })
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('; '))
  const source = toldSource('s', clock)
  const compiled = compileConfig(read.config, { clock, random, log, limited: () => undefined })
  const graph = new Graph({ sources: [source.definition], feeds: compiled.feeds, clock, random, log })
  graph.start()
  let rows = new Map<string, Row>()
  const rowOf = (id: number): Row => ({
    id: `row-${id}`,
    region: `region-${id % 20}`,
    n: Math.floor(random() * 10_000),
    price: random() * 100,
  })
  const all: number[] = []
  for (let tick = 0; tick < warmUp + ticks; tick++) {
    clock.advance(10_000)
    const ids =
      tick === 0 ? Array.from({ length: rowCount }, (_, id) => id) : Array.from({ length: 10 }, (_, i) => (tick * 7 + i * 100) % 1000)
    const changes = new Map(ids.map(id => [`row-${id}`, rows.get(`row-${id}`)] as const))
    rows = new Map(rows)
    for (const id of ids) rows.set(`row-${id}`, rowOf(id))
    const table = { key: 'id', columns: ['id', 'region', 'n', 'price'], rows, order: [], kind: 'table' as const }
    const poll = { kind: 'changed' as const, table, changes, at: clock.now(), durationMs: 1, bytes: 1 }
    all.push(cpuMs(() => source.tell(poll)))
  }
  const idle = [...graph.feeds()].filter(({ name, position, hasData }) => name.startsWith('feed-') && (!hasData || position.version < 2))
  if (idle.length > 0) throw new Error(`nothing came of ${idle.map(({ name }) => name).join(', ')}`)
  await graph.close()
  return all.slice(warmUp)
}
