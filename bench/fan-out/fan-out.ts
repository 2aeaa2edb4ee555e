import { setTimeout as pause } from 'node:timers/promises'
import { printSpread, spreadOf } from '../harness/spread.ts'
import { Worker } from '../harness/worker.ts'
import { MovingUpstream } from './moving-upstream.ts'

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
  const url = await millrace.ask<string>('listen', { url: upstream.url, everyMs })
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
  const message: unknown = JSON.parse(await millraceReaders.ask<string>('example'))
  const loop = (more: object): Side => ({
    server: bare,
    readers: bareReaders,
    begin: () => bare.ask('begin', { message, everyMs, ...more }),
    end: () => bare.ask('end'),
  })
  return [ours, loop({}), loop({ url: upstream.url })]
}

async function compare(load: Load, windows: number, windowMs: number): Promise<string> {
  const upstream = await MovingUpstream.start()
  const processes: Processes = {
    millrace: new Worker('../fan-out/millrace-server.ts'),
    bare: new Worker('../fan-out/bare-server.ts'),
    millraceReaders: new Worker('../fan-out/readers.ts'),
    bareReaders: new Worker('../fan-out/readers.ts'),
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

function row(...cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => String(cell).padStart(i === 0 ? 8 : 22)).join('')
}

/**
 * `npm run bench -- fan-out [readers] [windows] [windowMs]`: server CPU per delivery of one feed, everything counted,
 * against a bare `ws` loop of `send(string)` with messages of the same size, in the same run: driven by a timer, and
 * asking the same upstream before each message, as whoever writes such a loop must. Without `readers` all sizes.
 */
export async function fanOut([readers, windows = '9', windowMs = '3000']: readonly string[]): Promise<void> {
  console.log(row('readers', 'millrace, µs', 'loop, µs', 'loop that polls, µs', 'to loop', 'to loop that polls'))
  for (const load of loads) {
    if (readers === undefined || load.readers === Number(readers)) console.log(await compare(load, Number(windows), Number(windowMs)))
  }
}
