import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { hostileKinds } from './harness/hostile-kinds.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { Worker } from './harness/worker.ts'

const readers = 10
/** All rows change with every poll: a delta of 390 KB, which takes long enough to be measured in whole ms. */
const rows = 1000
const rowText = 340
const everyMs = 200
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

interface Quiet {
  readonly p99: number
  readonly kept: Kept
}

class Scene {
  readonly #server: Worker
  readonly #own: Worker
  readonly #windowMs: number

  constructor(server: Worker, own: Worker, windowMs: number) {
    this.#server = server
    this.#own = own
    this.#windowMs = windowMs
  }

  /** p99 age of what the good ones read over a window, in ms. */
  async p99(): Promise<number> {
    await this.#own.ask('ages')
    await pause(this.#windowMs)
    return (await this.#own.ask<{ readonly p99: number }>('ages')).p99
  }

  async quiet(): Promise<Quiet> {
    const kept = await this.#server.ask<Kept>('kept')
    return { kept, p99: await this.p99() }
  }

  /** Until the server has given back what it had taken on, or for as long as that may take. */
  async givenBack(before: Kept): Promise<void> {
    const until = performance.now() + patienceMs
    while (performance.now() < until) {
      const { descriptors, views } = await this.#server.ask<Kept>('kept')
      if (descriptors <= before.descriptors && views <= before.views) return
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
  about: `${readers} good readers of a feed of which 390 KB change ${1000 / everyMs} times a second, while one kind of hostile client after the other runs against the same server; quiet is the mean of the windows before and after it. What is left of them is looked at without garbage.`,
  async run([windowMs = '4000', part = ''], say) {
    const upstream = await MovingUpstream.start({ rows, changedAtOnce: rows, text: rowText })
    const [server, own, others] = [new Worker('millrace-server.ts'), new Worker('readers.ts'), new Worker('hostile-readers.ts')]
    const found: string[] = []
    try {
      const url = await server.ask<string>('listen', {
        server: { port: 0, heartbeat: '1s' },
        limits: { upgradeTimeout: '2s' },
        sources: { quotes: { url: upstream.url, every: `${everyMs}ms`, key: 'symbol', linger: '1s' } },
      })
      await own.ask('open', { url: `${url.replace('http', 'ws')}/ws?feed=quotes`, count: readers })
      upstream.isMoving = true
      const scene = new Scene(server, own, Number(windowMs))
      await scene.p99()
      let before = await scene.quiet()
      say(head('hostile client', 'visits', 'p99 quiet, ms', 'p99, ms', 'ratio', 'descriptors left', 'heap left, MiB'))
      for (const { name } of hostileKinds.filter(kind => kind.name.includes(part))) {
        await others.ask('begin', { url, kind: name })
        const p99 = await scene.p99()
        const visits = await others.ask<number>('end')
        await scene.givenBack(before.kept)
        const after = await scene.quiet()
        const quiet = (before.p99 + after.p99) / 2
        const ratio = p99 / quiet
        const left = after.kept.descriptors - before.kept.descriptors
        const heap = (after.kept.heap - before.kept.heap) / 1024 ** 2
        say(row(name, visits, quiet.toFixed(1), p99.toFixed(0), ratio.toFixed(2), left, heap.toFixed(1)))
        found.push(...faults(name, ratio, before.kept, after.kept))
        before = after
      }
      for (const fault of found) say(`\n${fault}`)
      if (found.length > 0) process.exitCode = 1
    } finally {
      for (const worker of [server, own, others]) worker.end()
      upstream.close()
    }
  },
}
