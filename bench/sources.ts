import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

const everyMs = 1000
const faulty = ['hang', 'drip', 'reset', 'large'] as const
/** The most that 99 % may be late by, in ms, whatever one of their origin does. */
const mostLateMs = 50

/**
 * How late each request was, in ms. Each source has its place on a grid that does not move: the earliest that one of its requests came, modulo the
 * interval, was in time.
 */
function latenesses(asked: readonly (readonly number[])[]): number[] {
  return asked.flatMap(times => {
    const [first = 0] = times
    const offsets = times.map(time => {
      const offset = (time - first) % everyMs
      return offset > everyMs / 2 ? offset - everyMs : offset
    })
    const earliest = Math.min(...offsets)
    return offsets.map(offset => offset - earliest)
  })
}

function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN
}

interface Window {
  readonly p50: number
  readonly p99: number
  readonly most: number
  /** Requests, as a part of those that were due. */
  readonly came: number
  /** CPU of the server, as a part of a core. */
  readonly cpu: number
  readonly rss: number
}

class Scene {
  readonly #server: Worker
  readonly #upstream: Worker
  readonly #count: number

  constructor(server: Worker, upstream: Worker, count: number) {
    this.#server = server
    this.#upstream = upstream
    this.#count = count
  }

  async window(ms: number): Promise<Window> {
    await this.#upstream.ask('asked')
    const [cpu, began] = [await this.#server.ask<number>('cpu'), performance.now()]
    await pause(ms)
    const asked = await this.#upstream.ask<readonly (readonly number[])[]>('asked')
    const elapsed = performance.now() - began
    const late = latenesses(asked)
    return {
      p50: percentile(late, 0.5),
      p99: percentile(late, 0.99),
      most: percentile(late, 1),
      came: late.length / ((this.#count * elapsed) / everyMs),
      cpu: ((await this.#server.ask<number>('cpu')) - cpu) / 1000 / elapsed,
      rss: (await this.#server.ask<{ readonly rss: number }>('memory')).rss / 1024 ** 2,
    }
  }
}

async function run(count: number, isFaulty: boolean, windows: number, windowMs: number): Promise<Window[]> {
  const [server, upstream] = [new Worker('millrace-server.ts'), new Worker('many-upstream.ts')]
  try {
    const url = await upstream.ask<string>('listen')
    const source = { every: `${everyMs}ms`, demand: 'always', linger: '1h' }
    const good = Array.from({ length: count }, (_, i) => [`s${i}`, { ...source, url: `${url}/s/${i}`, key: 'id' }] as const)
    const bad = isFaulty ? faulty.map(name => [name, { ...source, url: `${url}/${name}`, timeout: '10s', maxBackoff: '1s' }] as const) : []
    await server.ask('listen', {
      log: { level: 'error' },
      limits: { firstPollsPerSecond: 1000 },
      sources: Object.fromEntries([...good, ...bad]),
    })
    // All have begun, and connections are there.
    await pause((count / 1000) * 1000 + 4000)
    const scene = new Scene(server, upstream, count)
    const found: Window[] = []
    for (let i = 0; i < windows; i++) found.push(await scene.window(windowMs))
    return found
  } finally {
    server.end()
    upstream.end()
  }
}

/** Arguments: `[sources] [windows] [windowMs]`. */
export const sources: Bench = {
  title: '2 000 sources of one origin, of which four misbehave',
  about: `each asked once a second; how late its requests are, as its upstream sees it. Beside them one source that hangs, one that drips a byte at a time, one that resets and one that sends 50 MiB, on the same origin. More than ${mostLateMs} ms at p99, and the exit code is 1.`,
  async run([count = '2000', windows = '3', windowMs = '10000'], say) {
    say(head('sources', 'late p50, ms', 'p99, ms', 'most, ms', 'requests that came', 'CPU, cores', 'RSS, MiB'))
    for (const isFaulty of [false, true]) {
      const found = await run(Number(count), isFaulty, Number(windows), Number(windowMs))
      const cell = (of: (window: Window) => number, digits = 1): string => printSpread(spreadOf(found.map(of)), digits)
      say(
        row(
          isFaulty ? `${count} and ${faulty.length} that misbehave` : count,
          cell(({ p50 }) => p50),
          cell(({ p99 }) => p99),
          cell(({ most }) => most),
          cell(({ came }) => came, 2),
          cell(({ cpu }) => cpu, 2),
          cell(({ rss }) => rss, 0),
        ),
      )
      if (isFaulty && spreadOf(found.map(({ p99 }) => p99)).median > mostLateMs) {
        say(`\np99 is over ${mostLateMs} ms`)
        process.exitCode = 1
      }
    }
  },
}
