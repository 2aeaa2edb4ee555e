import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

interface Load {
  readonly readers: number
  readonly everyMs: number
}

/** 10 000 or 20 000 deliveries a second: below what either server can do, and enough that being awake costs little of it. */
const loads: readonly Load[] = [
  { readers: 100, everyMs: 10 },
  { readers: 1000, everyMs: 50 },
  { readers: 5000, everyMs: 250 },
]

const warmUpMs = 10_000
const pauseMs = 300

interface Side {
  readonly server: Worker
  readonly readers: Worker
  begin(): Promise<void> | void
  end(): Promise<void> | void
}

/** CPU time of the server per delta that arrived, in µs, over one window. */
async function measure(side: Side, windowMs: number): Promise<number> {
  const { server, readers } = side
  await side.begin()
  await pause(pauseMs)
  const before = { cpu: await server.ask<number>('cpu'), deltas: await readers.ask<number>('deltas') }
  await pause(windowMs)
  const after = { cpu: await server.ask<number>('cpu'), deltas: await readers.ask<number>('deltas') }
  await side.end()
  await pause(pauseMs)
  return (after.cpu - before.cpu) / (after.deltas - before.deltas)
}

interface Processes {
  readonly millrace: Worker
  readonly bare: Worker
  readonly millraceReaders: Worker
  readonly bareReaders: Worker
}

/** Follows the feed that is polled most often for a while: what a server does for years is measured, not its first seconds. */
async function warmUp(ours: Side, url: string): Promise<void> {
  await ours.readers.ask('open', { url: `${url}often`, count: 1 })
  await measure(ours, warmUpMs)
  await ours.readers.ask('closeLast')
}

async function sidesOf({ readers, everyMs }: Load, upstream: MovingUpstream, processes: Processes): Promise<readonly [Side, Side, Side]> {
  const { millrace, bare, millraceReaders, bareReaders } = processes
  const url = await millrace.ask<string>('listen', {
    limits: { maxConnections: 20_000, upgradesPerSecond: 'off' },
    sources: {
      quotes: { url: upstream.url, every: `${everyMs}ms`, key: 'symbol' },
      // Followed at first, so that what a server does for years is measured and not its first seconds.
      often: { url: upstream.url, every: '10ms', linger: '100ms', key: 'symbol' },
    },
  })
  const feeds = `${url.replace('http', 'ws')}/ws?feed=`
  const ours: Side = {
    server: millrace,
    readers: millraceReaders,
    begin: () => void (upstream.isMoving = true),
    end: () => void (upstream.isMoving = false),
  }
  await warmUp(ours, feeds)
  const port = await bare.ask<number>('listening')
  await millraceReaders.ask('open', { url: `${feeds}quotes`, count: readers })
  await bareReaders.ask('open', { url: `ws://127.0.0.1:${port}`, count: readers })
  await measure(ours, pauseMs)
  const message = JSON.parse(await millraceReaders.ask<string>('example')) as object
  const loop = (more: object): Side => ({
    server: bare,
    readers: bareReaders,
    begin: () => bare.ask('begin', { messages: [message], everyMs, ...more }),
    end: () => bare.ask('end'),
  })
  return [ours, loop({}), loop({ url: upstream.url })]
}

async function compare(load: Load, windows: number, windowMs: number): Promise<string> {
  const upstream = await MovingUpstream.start()
  const processes: Processes = {
    millrace: new Worker('millrace-server.ts'),
    bare: new Worker('bare-server.ts'),
    millraceReaders: new Worker('readers.ts'),
    bareReaders: new Worker('readers.ts'),
  }
  try {
    const sides = await sidesOf(load, upstream, processes)
    for (const side of sides) await measure(side, windowMs)
    const costs = await inTurns(sides, windows, windowMs)
    const figures = costs.map(([ours = Number.NaN, loop = Number.NaN, polling = Number.NaN]) => [
      ours,
      loop,
      polling,
      ours / loop,
      ours / polling,
    ])
    const cells = [0, 1, 2, 3, 4].map(i => printSpread(spreadOf(figures.map(figure => figure[i] ?? Number.NaN)), i < 3 ? 1 : 2))
    return row(load.readers, ...cells)
  } finally {
    for (const worker of Object.values(processes) as Worker[]) worker.end()
    upstream.close()
  }
}

/** The costs of all sides, window by window; each goes first in its turn, so that what drifts meets all. */
async function inTurns(sides: readonly Side[], windows: number, windowMs: number): Promise<readonly (readonly number[])[]> {
  const costs: number[][] = []
  for (let i = 0; i < windows; i++) {
    const window: number[] = []
    for (let j = 0; j < sides.length; j++) {
      const at = (i + j) % sides.length
      const side = sides[at]
      if (side !== undefined) window[at] = await measure(side, windowMs)
    }
    costs.push(window)
  }
  return costs
}

/** Arguments: `[readers] [windows] [windowMs]`; without `readers` all sizes. */
export const fanOut: Bench = {
  title: 'Fan-out of one feed',
  about:
    'CPU time of the server per delivery of a delta of about 200 bytes, everything counted, against a bare `ws` loop of `send(string)` with messages of the same size, driven by a timer, and against one that asks the same upstream before each message.',
  async run([readers, windows = '9', windowMs = '3000'], say) {
    say(head('readers', 'Millrace, µs', 'loop, µs', 'loop that polls, µs', 'to loop', 'to loop that polls'))
    for (const load of loads) {
      if (readers === undefined || load.readers === Number(readers)) say(await compare(load, Number(windows), Number(windowMs)))
    }
  },
}
