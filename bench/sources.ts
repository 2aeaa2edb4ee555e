import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'
import { phaseOf } from '../src/source/schedule/grid.ts'

const everyMs = 1000
const faulty = ['hang', 'drip', 'reset', 'large'] as const
/** The most that 99 % may be late by, in ms, whatever one of their origin does. */
const mostLateMs = 50
/** Windows in which the server waited longer for a core, as a part of the time, tell of the machine and not of it. */
const mostWaited = 0.1
const settlingMs = 4000

/** How late each request of a source was, in ms: its place on the grid does not move. `times`: ms since 1970. */
function latenesses(identity: string, times: readonly number[]): number[] {
  const phaseMs = phaseOf(identity, everyMs)
  return times.map(time => {
    const late = (((time - phaseMs) % everyMs) + everyMs) % everyMs
    // The two clocks of a machine differ by parts of a ms.
    return late > everyMs - 5 ? 0 : late
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
  /** Polls of the others that failed. */
  readonly failed: number
  /** CPU of the server, as a part of a core. */
  readonly cpu: number
  /** How long it waited for a core, as a part of the time. */
  readonly waited: number
  readonly rss: number
}

class Scene {
  readonly #server: Worker
  readonly #url: string
  readonly #count: number

  constructor(server: Worker, url: string, count: number) {
    this.#server = server
    this.#url = url
    this.#count = count
  }

  async window(ms: number): Promise<Window> {
    const failed = await this.#failed()
    const [cpu, waited] = [await this.#server.ask<number>('cpu'), await this.#server.ask<number>('waited')]
    await this.#server.ask('asked')
    const began = performance.now()
    await pause(ms)
    const asked = await this.#server.ask<readonly (readonly [string, readonly number[]])[]>('asked')
    const elapsed = performance.now() - began
    const late = asked.flatMap(([path, times]) =>
      path.startsWith('/s/') ? latenesses(`s${path.slice(3)} ${this.#url}${path}`, times) : [],
    )
    return {
      p50: percentile(late, 0.5),
      p99: percentile(late, 0.99),
      most: percentile(late, 1),
      came: late.length / ((this.#count * elapsed) / everyMs),
      failed: (await this.#failed()) - failed,
      cpu: ((await this.#server.ask<number>('cpu')) - cpu) / 1000 / elapsed,
      waited: ((await this.#server.ask<number>('waited')) - waited) / 1000 / elapsed,
      rss: (await this.#server.ask<number>('rss')) / 1024 ** 2,
    }
  }

  async #failed(): Promise<number> {
    const counts = await this.#server.ask<readonly (readonly [string, number])[]>('failed')
    return counts.reduce((sum, [name, count]) => sum + (/^s\d+$/.test(name) ? count : 0), 0)
  }
}

async function run(count: number, isFaulty: boolean, windows: number, windowMs: number): Promise<Window[]> {
  const [server, upstream] = [new Worker('millrace-server.ts'), new Worker('many-upstream.ts')]
  try {
    const url = await upstream.ask<string>('listen')
    const source = { every: `${everyMs}ms`, demand: 'always', linger: '1h' }
    const good = Array.from({ length: count }, (_, i) => [`s${i}`, { ...source, url: `${url}/s/${i}`, key: 'id' }] as const)
    const bad = isFaulty ? faulty.map(name => [name, { ...source, url: `${url}/${name}`, timeout: '10s', maxBackoff: '1s' }] as const) : []
    await server.ask('noteRequests')
    await server.ask('listen', {
      log: { level: 'error' },
      limits: { firstPollsPerSecond: 1000 },
      sources: Object.fromEntries([...good, ...bad]),
    })
    // All have begun, and what that held up is made good.
    while ((await server.ask<number>('unasked')) > faulty.length) await pause(500)
    await pause(settlingMs)
    const scene = new Scene(server, url, count)
    const found: Window[] = []
    for (let i = 0; i < windows; i++) found.push(await scene.window(windowMs))
    return found
  } finally {
    server.end()
    upstream.end()
  }
}

/** By the windows in which there was a core for the server. */
function judge(windows: readonly Window[], say: (line: string) => void): void {
  const quiet = windows.filter(({ waited }) => !(waited > mostWaited))
  if (quiet.length === 0)
    return say(`\nThe machine is too busy to tell: the server waited for a core for over ${mostWaited * 100} % of each window.`)
  if (spreadOf(quiet.map(({ p99 }) => p99)).median <= mostLateMs) return
  say(`\np99 is over ${mostLateMs} ms`)
  process.exitCode = 1
}

/** Arguments: `[sources] [windows] [windowMs]`. */
export const sources: Bench = {
  title: '2 000 sources of one origin, of which four misbehave',
  about: `each asked once a second; how late its requests are sent. Beside them one source that hangs, one that drips a byte at a time, one that resets and one that sends 50 MiB, on the same origin. More than ${mostLateMs} ms at p99, and the exit code is 1; windows in which the server waited for a core for over ${mostWaited * 100} % of the time are not judged.`,
  async run([count = '2000', windows = '3', windowMs = '10000'], say) {
    say(
      head(
        'sources',
        'late p50, ms',
        'p99, ms',
        'most, ms',
        'requests that came',
        'polls that failed',
        'CPU, cores',
        'waited for a core',
        'RSS, MiB',
      ),
    )
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
          cell(({ failed }) => failed, 0),
          cell(({ cpu }) => cpu, 2),
          cell(({ waited }) => waited, 2),
          cell(({ rss }) => rss, 0),
        ),
      )
      if (isFaulty) judge(found, say)
    }
  },
}
