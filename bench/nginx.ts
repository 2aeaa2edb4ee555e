import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../src/client-node.ts'
import { head, row, type Bench } from './harness/bench.ts'
import { Nginx } from './harness/nginx.ts'
import { Worker } from './harness/worker.ts'

const minuteMs = 60_000
/** Standard deviation of how late, or early, the file is rewritten. */
const jitterMs = 1500
/** Grids lie at different phases of their interval, by which their lateness differs: several stand for one. */
const grids = ['grid1', 'grid2', 'grid3', 'grid4']
const learning = 'learning'

/** When each version was written, and when the readers of each feed saw it, by its number; ms since 1970. */
interface Book {
  readonly written: number[]
  readonly seen: Map<string, Map<number, number>>
}

function rowsOf(version: number): string {
  return JSON.stringify([{ id: 'a', version }])
}

/** Normally distributed (Box and Muller, 1958). */
function gaussian(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Rewrites the file once a minute, by the clock but for its jitter. */
async function rewrite(nginx: Nginx, minutes: number, { written }: Book): Promise<void> {
  const began = Date.now()
  for (let version = 1; version <= minutes; version++) {
    await pause(Math.max(0, began + version * minuteMs + jitterMs * gaussian() - Date.now()))
    written[version] = nginx.write(rowsOf(version))
  }
}

/** How late versions were seen from an instant on, s; those that are not seen yet are left out. */
function latenessOf(feed: string, { written, seen }: Book, from: number): number[] {
  return written.flatMap((at, version) => {
    const sight = seen.get(feed)?.get(version)
    return at < from || sight === undefined ? [] : [(sight - at) / 1000]
  })
}

/** Arguments: `[minutes, of which the last third counts]`. */
export const nginx: Bench = {
  title: 'A file that nginx serves',
  about:
    'a file rewritten every 60 s with a jitter of 1.5 s, in real time: requests by the log of nginx, and how late a reader over WebSocket ' +
    'sees the new version, with `every: {average: 20s}` beside `every: 20s`.',
  async run([minutes = '30'], say) {
    const book: Book = { written: [], seen: new Map() }
    const upstream = await Nginx.start(rowsOf(0))
    const server = new Worker('millrace-server.ts')
    try {
      const source = (by: string, every: unknown): object => ({ url: `${upstream.url}?by=${by}`, every, key: 'id' })
      const sources = Object.fromEntries([
        [learning, source(learning, { average: '20s' })],
        ...grids.map(name => [name, source(name, '20s')] as const),
      ])
      const url = await server.ask<string>('listen', { sources })
      console.error(`millrace: ${url}, nginx: ${upstream.url}`)
      const millrace = connect(url)
      for (const feed of [learning, ...grids]) {
        const seen = new Map<number, number>()
        book.seen.set(feed, seen)
        millrace.feed(feed).subscribe(([first]) => {
          const now = Date.now()
          if (first !== undefined && !seen.has(Number(first['version']))) seen.set(Number(first['version']), now)
        })
      }
      const said = millrace.feed('$sources', { where: `source == "${learning}"` })
      said.subscribe(() => undefined)
      await rewrite(upstream, Number(minutes), book)
      const until = Date.now()
      const from = until - (Number(minutes) * minuteMs) / 3
      // The last version is seen by then.
      await pause(25_000)
      const served = upstream.served()
      const requestsOf = (by: string): number => served.filter(({ at, by: asker }) => asker === by && at >= from && at < until).length
      const late = latenessOf(learning, book, from)
      const gridLate = grids.map(name => latenessOf(name, book, from))
      const gridMean = mean(gridLate.flat())
      const gridRequests = mean(grids.map(requestsOf))
      say(head('the last third', 'requests', 'mean lateness, s', 'of single versions, s', 'against the grid'))
      say(row('`every: 20s`, mean of four', gridRequests, gridMean.toFixed(2), spread(gridLate.flat()), 1))
      say(row('`every: {average: 20s}`', requestsOf(learning), mean(late).toFixed(2), spread(late), (mean(late) / gridMean).toFixed(2)))
      say('')
      say(`Grids alone: ${grids.map((name, i) => `${requestsOf(name)} requests, ${mean(gridLate[i] ?? []).toFixed(2)} s`).join('; ')}.`)
      say(`\`$sources\` says: ${JSON.stringify(said.rows?.[0]?.['why'])}`)
      millrace.close()
    } finally {
      server.end()
      await upstream.close()
    }
  },
}

function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)} .. ${Math.max(...values).toFixed(2)}`
}
