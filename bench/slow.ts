import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

const readers = 500
const stalled = 50
/** All rows change with every poll: a delta of 390 KB to each reader. */
const rows = 1000
const rowText = 340
const everyMs = 1000

interface Ages {
  readonly p99: number
}

interface Round {
  /** p99 age of what the others read, in ms: while all read, and while some stall. */
  readonly calm: number
  readonly stalling: number
  /** Bytes of heap and buffers more per reader that stalls. */
  readonly memory: number
  /** The most data messages that one of them was sent until it had the newest table. */
  readonly messages: number
}

async function agesOver(own: Worker, windowMs: number): Promise<number> {
  await own.ask('ages')
  await pause(windowMs)
  return (await own.ask<Ages>('ages')).p99
}

/** What is held when nothing is under way: between two polls. */
async function heapAtRest(server: Worker, upstream: MovingUpstream): Promise<number> {
  upstream.isMoving = false
  await pause(2 * everyMs)
  const { heap } = await server.ask<{ readonly heap: number }>('memory')
  upstream.isMoving = true
  return heap
}

async function measure(server: Worker, own: Worker, upstream: MovingUpstream, windowMs: number): Promise<Round> {
  const calm = await agesOver(own, windowMs)
  const before = await heapAtRest(server, upstream)
  await own.ask('stall', stalled)
  const stalling = await agesOver(own, windowMs)
  const after = await heapAtRest(server, upstream)
  // The table stands still, so that what is sent from now on is what was owed.
  upstream.isMoving = false
  await pause(2 * everyMs)
  await own.ask('resume')
  await pause(3 * everyMs)
  const resumed = await own.ask<readonly { readonly messages: number; readonly to: number }[]>('resumed')
  const newest = Math.max(...resumed.map(({ to }) => to))
  if (resumed.length !== stalled || resumed.some(({ to }) => to !== newest)) throw new Error('a reader that had stalled is still behind')
  upstream.isMoving = true
  return { calm, stalling, memory: (after - before) / stalled, messages: Math.max(...resumed.map(({ messages }) => messages)) }
}

/** Arguments: `[rounds] [windowMs]`. */
export const slow: Bench = {
  title: 'Readers that stall',
  about: `${readers} readers of a feed of which 390 KB change with every poll (each second); then ${stalled} of them read nothing any more, and at last go on. Memory without garbage, of the heap and of buffers.`,
  async run([rounds = '3', windowMs = '12000'], say) {
    const upstream = await MovingUpstream.start({ rows, changedAtOnce: rows, text: rowText })
    const [server, own] = [new Worker('millrace-server.ts'), new Worker('readers.ts')]
    try {
      const source = { url: upstream.url, every: `${everyMs}ms`, key: 'symbol' }
      const url = await server.ask<string>('listen', { sources: { quotes: source } })
      await own.ask('open', { url: `${url.replace('http', 'ws')}/ws?feed=quotes`, count: readers })
      upstream.isMoving = true
      await agesOver(own, Number(windowMs))
      const all: Round[] = []
      for (let i = 0; i < Number(rounds); i++) all.push(await measure(server, own, upstream, Number(windowMs)))
      const cell = (of: (round: Round) => number, digits: number): string => printSpread(spreadOf(all.map(of)), digits)
      say(head('what', 'figure'))
      say(
        row(
          'p99 age while all read, ms',
          cell(({ calm }) => calm, 0),
        ),
      )
      say(
        row(
          'p99 age of the others while 50 stall, ms',
          cell(({ stalling }) => stalling, 0),
        ),
      )
      say(
        row(
          'ratio of the two',
          cell(({ calm, stalling }) => stalling / calm, 2),
        ),
      )
      say(
        row(
          'memory per reader that stalls, KiB',
          cell(({ memory }) => memory / 1024, 1),
        ),
      )
      say(row('messages from stall to newest table, at most', Math.max(...all.map(({ messages }) => messages))))
    } finally {
      server.end()
      own.end()
      upstream.close()
    }
  },
}
