import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom, type Random } from '../src/lib/random.ts'
import { head, row, type Bench } from './harness/bench.ts'
import { LeanReader } from './harness/lean-reader.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { Worker } from './harness/worker.ts'

interface Kept {
  readonly descriptors: number
  readonly timers: number
  readonly sockets: number
  readonly views: number
  readonly heap: number
}

/** Readers at a time. */
const guests = 100
/** Longer than the linger of the feeds, and than what Node keeps idle connections for. */
const emptyMs = 8000
/** What may differ between two looks at an empty house, from garbage to buffers that grew once. */
const heapSlack = 2 * 1024 ** 2

const feeds = ['quotes', 'cheap', '$feeds', '$sources']

function config(url: string): object {
  return {
    sources: { quotes: { url, every: '50ms', key: 'symbol', linger: '1s' } },
    feeds: { cheap: { from: 'quotes', steps: [{ where: 'price < 150' }] } },
  }
}

function any<T>(random: Random, all: readonly T[]): T | undefined {
  return all[Math.floor(random() * all.length)]
}

/** Something a client may say; now and then what it may not. */
function saying(random: Random, i: number): object {
  const feed = any(random, feeds) ?? ''
  const throttle = any(random, [0, 0, 100, 1000])
  const chance = random()
  if (chance < 0.5) return { type: 'subscribe', id: i, feed: 'quotes', where: `price > ${Math.floor(random() * 200)}`, throttle }
  if (chance < 0.7) return { type: 'subscribe', id: i, feed, throttle }
  if (chance < 0.8) return { type: 'unsubscribe', id: i, feed }
  if (chance < 0.9) return { type: 'get', id: i, feed: 'quotes', limit: 1 + Math.floor(random() * 40) }
  return chance < 0.95 ? { type: 'resync', feed } : { type: 'nonsense', id: i }
}

/** Whoever is refused, as by a server whose loop runs late beside other work, tries again a moment later. */
async function enter(url: string): Promise<LeanReader> {
  for (;;) {
    try {
      return await LeanReader.open({ url, message: () => undefined })
    } catch (error) {
      if (!String(error).includes(' 503 ')) throw error
      await pause(500)
    }
  }
}

/** One guest after another until `endsAt`. Returns how many there were. */
async function comeAndGo(url: string, random: Random, endsAt: number): Promise<number> {
  let count = 0
  while (performance.now() < endsAt) {
    count++
    const reader = await enter(`${url.replace('http', 'ws')}/ws?feed=quotes`)
    const messages = Math.floor(random() * 6)
    for (let i = 1; i <= messages; i++) {
      reader.send(saying(random, i))
      await pause(random() * 400)
    }
    if (random() < 0.2) reader.pause()
    await pause(random() * 1000)
    reader.terminate()
    if (random() < 0.3) await (await fetch(`${url}/feeds/quotes?limit=${1 + Math.floor(random() * 100)}`)).text()
  }
  return count
}

/** Arguments: `[seconds] [seed]`; default 60 and any. */
export const churn: Bench = {
  title: 'Churn',
  about: `${guests} readers at a time that come, ask for views, stall and go; what the server keeps once they are gone.`,
  async run([seconds = '60', seed = String(Math.floor(Math.random() * 1_000_000))], say) {
    const upstream = await MovingUpstream.start()
    upstream.isMoving = true
    const server = new Worker('millrace-server.ts')
    const rounds = 6
    let before: Kept | undefined
    let now: Kept | undefined
    let visits = 0
    try {
      const url = await server.ask<string>('listen', config(upstream.url))
      say(`seed ${seed}`)
      say(head('minutes', 'visits', 'heap, MiB', 'descriptors', 'sockets', 'timers', 'views'))
      const began = performance.now()
      // The first round is the warm-up; from then on an empty house keeps what it kept before.
      for (let round = 0; round <= rounds; round++) {
        const endsAt = performance.now() + (Number(seconds) * 1000) / rounds
        const randoms = Array.from({ length: guests }, (_, i) => seededRandom(Number(seed) + round * 1009 + i))
        visits += (await Promise.all(randoms.map(random => comeAndGo(url, random, endsAt)))).reduce((sum, count) => sum + count, 0)
        await pause(emptyMs)
        now = await server.ask<Kept>('kept')
        before ??= now
        const minutes = ((performance.now() - began) / 60_000).toFixed(1)
        say(row(minutes, visits, (now.heap / 1024 ** 2).toFixed(1), now.descriptors, now.sockets, now.timers, now.views))
      }
      const wrong = before === undefined || now === undefined ? ['nothing was measured'] : differences(before, now)
      for (const sentence of wrong) say(sentence)
      if (wrong.length > 0) process.exitCode = 1
    } finally {
      server.end()
      upstream.close()
    }
  },
}

function differences(before: Kept, now: Kept): string[] {
  const counts = (['descriptors', 'sockets', 'timers', 'views'] as const)
    .filter(what => now[what] > before[what])
    .map(what => `${now[what]} ${what} instead of ${before[what]} are left behind`)
  return now.heap - before.heap > heapSlack ? [...counts, `the heap grew by ${Math.round((now.heap - before.heap) / 1024)} KiB`] : counts
}
