import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

const readers = 1000
const everyMs = 200
const warmUpMs = 10_000

/** Five feeds that all change with every poll of one source. */
const feeds = ['quotes', 'cheap', 'dear', 'prices', 'sums']

function config(url: string): object {
  return {
    limits: { maxConnections: 20_000, upgradesPerSecond: 'off' },
    sources: { quotes: { url, every: `${everyMs}ms`, key: 'symbol' } },
    feeds: {
      cheap: { from: 'quotes', steps: [{ where: 'price < 1000' }] },
      dear: { from: 'quotes', steps: [{ where: 'price > 1' }] },
      prices: { from: 'quotes', steps: [{ select: { symbol: 'symbol', price: 'price' } }] },
      sums: { from: 'quotes', steps: [{ derive: { twice: 'price * 2' } }] },
    },
  }
}

interface Side {
  readonly server: Worker
  readonly readers: Worker
  begin(): Promise<void> | void
  end(): Promise<void> | void
}

/** CPU time of the server per five deltas that one reader got, in µs. */
async function measure(side: Side, windowMs: number): Promise<number> {
  const { server, readers: own } = side
  await side.begin()
  await pause(300)
  const before = { cpu: await server.ask<number>('cpu'), deltas: await own.ask<number>('deltas') }
  await pause(windowMs)
  const after = { cpu: await server.ask<number>('cpu'), deltas: await own.ask<number>('deltas') }
  await side.end()
  await pause(300)
  return ((after.cpu - before.cpu) / (after.deltas - before.deltas)) * feeds.length
}

/** One message for each feed, as they came to a reader. */
async function examples(own: Worker, count: number): Promise<readonly object[]> {
  const texts = await own.ask<readonly string[]>('examples', count)
  return texts.map(text => JSON.parse(text) as object)
}

/** Arguments: `[windows] [windowMs]`. */
export const fiveFeeds: Bench = {
  title: 'Five feeds changed in one tick',
  about: `${readers} readers follow five feeds that all change with each poll of their source: CPU time of the server per reader and tick, polls and pipelines counted, against a bare \`ws\` loop that sends each of them the same five messages.`,
  async run([windows = '9', windowMs = '3000'], say) {
    const upstream = await MovingUpstream.start()
    const [millrace, bare] = [new Worker('millrace-server.ts'), new Worker('bare-server.ts')]
    const [own, others] = [new Worker('readers.ts'), new Worker('readers.ts')]
    try {
      const url = await millrace.ask<string>('listen', config(upstream.url))
      const query = feeds.map(feed => `feed=${feed}`).join('&')
      await own.ask('open', { url: `${url.replace('http', 'ws')}/ws?${query}`, count: readers })
      await others.ask('open', { url: `ws://127.0.0.1:${await bare.ask<number>('listening')}`, count: readers })
      const ours: Side = {
        server: millrace,
        readers: own,
        begin: () => void (upstream.isMoving = true),
        end: () => void (upstream.isMoving = false),
      }
      await measure(ours, warmUpMs)
      const messages = await examples(own, feeds.length)
      const loop: Side = {
        server: bare,
        readers: others,
        begin: () => bare.ask('begin', { messages, everyMs }),
        end: () => bare.ask('end'),
      }
      await measure(loop, warmUpMs)
      const costs: [number, number][] = []
      for (let i = 0; i < Number(windows); i++) costs.push([await measure(ours, Number(windowMs)), await measure(loop, Number(windowMs))])
      const cell = (of: (cost: [number, number]) => number, digits: number): string => printSpread(spreadOf(costs.map(of)), digits)
      say(head('readers', 'Millrace, µs', 'loop, µs', 'ratio'))
      say(
        row(
          readers,
          cell(([mine]) => mine, 1),
          cell(([, theirs]) => theirs, 1),
          cell(([mine, theirs]) => mine / theirs, 2),
        ),
      )
    } finally {
      for (const worker of [millrace, bare, own, others]) worker.end()
      upstream.close()
    }
  },
}
