import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { Worker } from './harness/worker.ts'

const readers = 5000
/** All of them come back within so many ms. */
const withinMs = 1000
const everyMs = 1000

interface Stormed {
  readonly p50: number
  readonly p99: number
  readonly longest: number
  readonly refused: number
}

async function encodes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/millrace_feed_encodes_total\{feed="quotes"\} (\d+)/.exec(text)?.[1] ?? Number.NaN)
}

async function blow(upgradesPerSecond: number | 'off'): Promise<string> {
  const upstream = await MovingUpstream.start({ rows: 200, text: 100 })
  const [server, own] = [new Worker('millrace-server.ts'), new Worker('readers.ts')]
  try {
    const url = await server.ask<string>('listen', {
      limits: { maxConnections: 20_000, upgradesPerSecond },
      sources: { quotes: { url: upstream.url, every: `${everyMs}ms`, key: 'symbol' } },
    })
    const opening = { url: `${url.replace('http', 'ws')}/ws?feed=quotes`, count: readers }
    await own.ask('open', { ...opening, patient: true })
    upstream.isMoving = true
    await pause(5 * everyMs)
    await own.ask('closeAll')
    const before = { encodes: await encodes(url), answers: upstream.answers }
    const { p50, p99, longest, refused } = await own.ask<Stormed>('storm', { ...opening, withinMs })
    const [frames, polls] = [(await encodes(url)) - before.encodes, upstream.answers - before.answers]
    const seconds = (ms: number): string => (ms / 1000).toFixed(2)
    return row(upgradesPerSecond, seconds(p50), seconds(p99), seconds(longest), refused, frames, polls)
  } finally {
    server.end()
    own.end()
    upstream.close()
  }
}

export const storm: Bench = {
  title: 'A storm of 5 000 readers that return within a second',
  about:
    'all connections are cut, and each reader comes back after a random part of a second, by the rules of the SDK where it is refused: time from the cut until it has a snapshot. The table changes with every poll, so each version is one delta and, where somebody came back in it, one snapshot.',
  async run(_, say) {
    say(head('`upgradesPerSecond`', 'half, s', '99 %, s', 'all, s', 'refusals', 'frames encoded', 'polls'))
    for (const limit of ['off', 2000] as const) say(await blow(limit))
  },
}
