import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { Worker } from './harness/worker.ts'

interface Memory {
  readonly heap: number
  readonly rss: number
}

async function perConnection(server: Worker, url: string, count: number): Promise<Memory> {
  const own = new Worker('readers.ts')
  try {
    // What the first connections bring with them, once and for all, is not theirs.
    await own.ask('open', { url, count: 200 })
    await pause(2000)
    const before = await server.ask<Memory>('memory')
    await own.ask('open', { url, count })
    await pause(3000)
    const after = await server.ask<Memory>('memory')
    return { heap: (after.heap - before.heap) / count, rss: (after.rss - before.rss) / count }
  } finally {
    own.end()
  }
}

/** Arguments: `[connections]`. */
export const idle: Bench = {
  title: 'Memory of an idle connection',
  about:
    '10 000 connections, each of which follows a feed that stands still, against 10 000 of a bare `ws` server that never sends; without garbage.',
  async run([connections = '10000'], say) {
    const upstream = await MovingUpstream.start()
    const [millrace, bare] = [new Worker('millrace-server.ts'), new Worker('bare-server.ts')]
    try {
      const config = {
        limits: { maxConnections: 20_000, upgradesPerSecond: 'off' },
        sources: { quotes: { url: upstream.url, every: '10s', key: 'symbol' } },
      }
      const url = await millrace.ask<string>('listen', config)
      const ours = await perConnection(millrace, `${url.replace('http', 'ws')}/ws?feed=quotes`, Number(connections))
      const theirs = await perConnection(bare, `ws://127.0.0.1:${await bare.ask<number>('listening')}`, Number(connections))
      const kib = (bytes: number): string => (bytes / 1024).toFixed(1)
      say(head('server', 'heap and buffers, KiB', 'resident, KiB', 'ratio of heap', 'ratio of resident'))
      say(row('bare `ws`', kib(theirs.heap), kib(theirs.rss), 1, 1))
      say(row('Millrace', kib(ours.heap), kib(ours.rss), (ours.heap / theirs.heap).toFixed(2), (ours.rss / theirs.rss).toFixed(2)))
    } finally {
      millrace.end()
      bare.end()
      upstream.close()
    }
  },
}
