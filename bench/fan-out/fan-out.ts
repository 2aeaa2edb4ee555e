import { setTimeout as pause } from 'node:timers/promises'
import { printSpread, spreadOf } from '../harness/spread.ts'
import { Worker } from '../harness/worker.ts'
import { MovingUpstream } from './moving-upstream.ts'

interface Load {
  readonly readers: number
  readonly everyMs: number
}

/** About 5000 deliveries a second each: far below what either server can do. */
const loads: readonly Load[] = [
  { readers: 100, everyMs: 20 },
  { readers: 1000, everyMs: 200 },
  { readers: 5000, everyMs: 1000 },
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

async function compare({ readers, everyMs }: Load, windows: number, windowMs: number): Promise<string> {
  const upstream = await MovingUpstream.start()
  const [millrace, bare, millraceReaders, bareReaders] = [
    new Worker('../fan-out/millrace-server.ts'),
    new Worker('../fan-out/bare-server.ts'),
    new Worker('../fan-out/readers.ts'),
    new Worker('../fan-out/readers.ts'),
  ]
  try {
    const url = await millrace.ask<string>('listen', { url: upstream.url, everyMs })
    const at = (feed: string): string => `${url.replace('http', 'ws')}/ws?feed=${feed}`
    const ours: Side = {
      server: millrace,
      readers: millraceReaders,
      begin: () => void (upstream.isMoving = true),
      end: () => void (upstream.isMoving = false),
    }
    await millraceReaders.ask('open', { url: at('often'), count: 1 })
    await measure(ours, warmUpMs)
    await millraceReaders.ask('closeLast')
    await millraceReaders.ask('open', { url: at('quotes'), count: 1 })
    // With one reader a delivery is the whole of an update: polling, comparing, encoding.
    const alone = spreadOf([await measure(ours, windowMs), await measure(ours, windowMs), await measure(ours, windowMs)]).median

    const port = await bare.ask<number>('listening')
    await millraceReaders.ask('open', { url: at('quotes'), count: readers - 1 })
    await bareReaders.ask('open', { url: `ws://127.0.0.1:${port}`, count: readers })
    const example = await millraceReaders.ask<string>('example')
    const message: unknown = JSON.parse(example)
    const theirs: Side = {
      server: bare,
      readers: bareReaders,
      begin: () => bare.ask('begin', { message, everyMs }),
      end: () => bare.ask('end'),
    }
    await measure(ours, windowMs)
    await measure(theirs, windowMs)
    const costs = await inTurns(ours, theirs, windows, windowMs)
    return row(
      readers,
      `${example.length} B`,
      printSpread(spreadOf(costs.map(cost => cost.ours)), 1),
      printSpread(spreadOf(costs.map(cost => cost.theirs)), 1),
      printSpread(spreadOf(costs.map(cost => cost.ours / cost.theirs))),
      printSpread(spreadOf(costs.map(cost => (cost.ours - alone / readers) / cost.theirs))),
    )
  } finally {
    for (const worker of [millrace, bare, millraceReaders, bareReaders]) worker.end()
    upstream.close()
  }
}

interface Cost {
  readonly ours: number
  readonly theirs: number
}

/** Each goes first as often as the other, so that what drifts meets both. */
async function inTurns(ours: Side, theirs: Side, windows: number, windowMs: number): Promise<readonly Cost[]> {
  const costs: Cost[] = []
  for (let i = 0; i < windows; i++) {
    const first = i % 2 === 0
    const a = await measure(first ? ours : theirs, windowMs)
    const b = await measure(first ? theirs : ours, windowMs)
    costs.push(first ? { ours: a, theirs: b } : { ours: b, theirs: a })
  }
  return costs
}

function row(...cells: readonly (string | number)[]): string {
  const widths = [8, 8, 24, 24, 24, 24]
  return cells.map((cell, i) => String(cell).padStart(widths[i] ?? 8)).join('')
}

/**
 * `npm run bench -- fan-out [readers] [windows] [windowMs]`: server CPU per delivery of one feed against a bare `ws`
 * loop of `send(string)` with messages of the same size, in the same run. `all` counts everything, polling and
 * comparing too, of which the bare loop does nothing; `fan-out` leaves out what an update costs with one reader.
 * Without `readers` all sizes; each side is measured in so many windows, in turns.
 */
export async function fanOut([readers, windows = '8', windowMs = '4000']: readonly string[]): Promise<void> {
  console.log(row('readers', 'delta', 'millrace, µs', 'bare ws, µs', 'ratio, all', 'ratio, fan-out'))
  for (const load of loads) {
    if (readers === undefined || load.readers === Number(readers)) console.log(await compare(load, Number(windows), Number(windowMs)))
  }
}
