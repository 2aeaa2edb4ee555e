import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { hostileKinds } from './harness/hostile-kinds.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

const readers = 10
/** All rows change with every poll: a delta of 390 KB, which takes long enough to be measured in whole ms. */
const rows = 1000
const rowText = 340
const everyMs = 200
/** Windows of each kind, in turns with quiet ones: what else the machine does must not pass for a ratio. */
const roundsEach = 3
/** How long what a kind took may take to be given back, in ms. */
const patienceMs = 8000
/** What may differ between two looks at the heap, from garbage to buffers that grew once. */
const heapSlack = 8 * 1024 ** 2
/** The most that the p99 of the others may grow by. */
const mostRatio = 2

interface Kept {
  readonly descriptors: number
  readonly views: number
  readonly heap: number
}

/** What one kind did. */
interface Round {
  /** p99 age of what the good ones read, in ms: the mean of the windows before and after, and of that in between. */
  readonly quiet: number
  readonly hostile: number
}

class Scene {
  readonly #server: Worker
  readonly #own: Worker
  readonly #others: Worker
  readonly #url: string
  readonly #windowMs: number

  constructor(workers: { readonly server: Worker; readonly own: Worker; readonly others: Worker }, url: string, windowMs: number) {
    this.#server = workers.server
    this.#own = workers.own
    this.#others = workers.others
    this.#url = url
    this.#windowMs = windowMs
  }

  /** p99 age of what the good ones read over a window, in ms. */
  async p99(): Promise<number> {
    await this.#own.ask('ages')
    await pause(this.#windowMs)
    return (await this.#own.ask<{ readonly p99: number }>('ages')).p99
  }

  /** Quiet and hostile windows in turns. */
  async rounds(kind: string, count: number): Promise<{ readonly visits: number; readonly rounds: readonly Round[] }> {
    const rounds: Round[] = []
    let visits = 0
    let before = await this.p99()
    for (let i = 0; i < count; i++) {
      await this.#others.ask('begin', { url: this.#url, kind })
      const hostile = await this.p99()
      visits += await this.#others.ask<number>('end')
      const after = await this.p99()
      rounds.push({ quiet: (before + after) / 2, hostile })
      before = after
    }
    return { visits, rounds }
  }

  kept(): Promise<Kept> {
    return this.#server.ask<Kept>('kept')
  }

  /** Once the server has given back what it had taken on, or has had as long as that may take. */
  async givenBack(before: Kept): Promise<Kept> {
    const until = performance.now() + patienceMs
    for (;;) {
      const now = await this.kept()
      if ((now.descriptors <= before.descriptors && now.views <= before.views) || performance.now() > until) return now
      await pause(250)
    }
  }
}

function faults(name: string, ratio: number, before: Kept, after: Kept): string[] {
  const found: string[] = []
  if (!(ratio <= mostRatio)) found.push(`${name}: the others' p99 is ${ratio.toFixed(2)} of quiet`)
  if (after.descriptors > before.descriptors) found.push(`${name}: ${after.descriptors - before.descriptors} descriptors are left`)
  if (after.views > before.views) found.push(`${name}: ${after.views - before.views} views are left`)
  if (after.heap - before.heap > heapSlack) found.push(`${name}: the heap grew by ${Math.round((after.heap - before.heap) / 1024)} KiB`)
  return found
}

/** Arguments: `[windowMs] [part of a kind's name]`. */
export const hostile: Bench = {
  title: 'Hostile clients',
  about: `${readers} good readers of a feed of which 390 KB change ${1000 / everyMs} times a second, while one kind of hostile client after the other runs against the same server: ${roundsEach} windows of each, with quiet ones between. The p99 is that of the age of what the good ones read; what is left of the others is looked at without garbage.`,
  async run([windowMs = '1500', part = ''], say) {
    const upstream = await MovingUpstream.start({ rows, changedAtOnce: rows, text: rowText })
    const workers = { server: new Worker('millrace-server.ts'), own: new Worker('readers.ts'), others: new Worker('hostile-readers.ts') }
    const found: string[] = []
    try {
      const url = await workers.server.ask<string>('listen', {
        server: { port: 0, heartbeat: '1s' },
        limits: { upgradeTimeout: '2s' },
        sources: { quotes: { url: upstream.url, every: `${everyMs}ms`, key: 'symbol', linger: '1s' } },
      })
      await workers.own.ask('open', { url: `${url.replace('http', 'ws')}/ws?feed=quotes`, count: readers })
      upstream.isMoving = true
      const scene = new Scene(workers, url, Number(windowMs))
      for (let i = 0; i < 3; i++) await scene.p99()
      say(head('hostile client', 'visits', 'p99 quiet, ms', 'p99, ms', 'ratio', 'descriptors left', 'heap left, MiB'))
      for (const { name } of hostileKinds.filter(kind => kind.name.includes(part))) {
        const before = await scene.kept()
        const { visits, rounds } = await scene.rounds(name, roundsEach)
        const after = await scene.givenBack(before)
        const cell = (of: (round: Round) => number, digits: number): string => printSpread(spreadOf(rounds.map(of)), digits)
        const ratio = spreadOf(rounds.map(({ quiet, hostile }) => hostile / quiet)).median
        say(
          row(
            name,
            visits,
            cell(({ quiet }) => quiet, 0),
            cell(({ hostile }) => hostile, 0),
            cell(({ quiet, hostile }) => hostile / quiet, 2),
            after.descriptors - before.descriptors,
            ((after.heap - before.heap) / 1024 ** 2).toFixed(1),
          ),
        )
        found.push(...faults(name, ratio, before, after))
      }
      for (const fault of found) say(`\n${fault}`)
      if (found.length > 0) process.exitCode = 1
    } finally {
      for (const worker of Object.values(workers)) worker.end()
      upstream.close()
    }
  },
}
