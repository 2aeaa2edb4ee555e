import { existsSync, openSync, readSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { cpuTime } from '../harness/worker.ts'
import { mean, quantile } from './result.ts'

/**
 * What pieces of work took, ms: of real time, but no more than the CPU time that went by, so that other work of the machine
 * does not show in it.
 */
export interface Spread {
  readonly count: number
  readonly mean: number
  readonly median: number
  readonly p99: number
  readonly longest: number
  /** Less the pauses of the garbage collector that fell into it. */
  readonly longestUnpaused: number
}

/** Of the garbage collector; ms on the clock of `performance`. */
interface Pause {
  readonly from: number
  readonly to: number
}

interface Piece {
  readonly began: number
  /** Of real time. */
  readonly passedMs: number
  readonly tookMs: number
}

/** Shorter pieces are not compared with CPU time, ms: it takes some µs to read. */
const longMs = 0.05
/** The collector's entries come by way of the event loop. */
const entriesMs = 50

/** Of the main thread alone: its time on a CPU in ns, and more. Only Linux tells. */
const threadTimes = `/proc/self/task/${process.pid}/schedstat`
const threadFile = existsSync(threadTimes) ? openSync(threadTimes, 'r') : undefined
const line = Buffer.alloc(100)

/** CPU time so far, ms: of the main thread, or where nothing tells it of the process, with the threads that help it. */
function cpuMs(): number {
  // Asking for it also brings up to date what the thread's file says.
  const ofProcess = cpuTime() / 1000
  if (threadFile === undefined) return ofProcess
  return Number.parseInt(line.toString('latin1', 0, readSync(threadFile, line, 0, line.length, 0)), 10) / 1e6
}

/** Tells when the garbage collector held this process. */
export class CollectorPauses {
  readonly #pauses: Pause[] = []
  readonly #observer = new PerformanceObserver(list => {
    for (const { startTime, duration } of list.getEntries()) this.#pauses.push({ from: startTime, to: startTime + duration })
  })

  constructor() {
    // Steps of marking between two pauses would be told of nowhere.
    setFlagsFromString('--no-incremental-marking')
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** All so far, in order of time; none is noted any more. */
  async end(): Promise<readonly Pause[]> {
    await setTimeout(entriesMs)
    this.#observer.disconnect()
    return this.#pauses.toSorted((a, b) => a.from - b.from)
  }
}

/** Times pieces of work that run one after another. */
export class Stopwatch {
  readonly #took: number[] = []
  readonly #long: Piece[] = []

  time(work: () => void): void {
    const cpu = cpuMs()
    const began = performance.now()
    work()
    const passedMs = performance.now() - began
    const tookMs = passedMs > longMs ? Math.min(passedMs, cpuMs() - cpu) : passedMs
    this.#took.push(tookMs)
    if (passedMs > longMs) this.#long.push({ began, passedMs, tookMs })
  }

  spread(pauses: readonly Pause[]): Spread {
    const took = this.#took
    const unpaused = this.#long.map(piece => Math.min(piece.tookMs, piece.passedMs - pausedMs(piece, pauses)))
    const [count, longest] = [took.length, quantile(took, 1)]
    const longestUnpaused = unpaused.length === 0 ? longest : Math.max(...unpaused)
    return { count, mean: mean(took), median: quantile(took, 0.5), p99: quantile(took, 0.99), longest, longestUnpaused }
  }
}

/** How much of a piece was pauses, ms. */
function pausedMs({ began, passedMs }: Piece, pauses: readonly Pause[]): number {
  const ended = began + passedMs
  const within = pauses.filter(pause => pause.from < ended && pause.to > began)
  return within.reduce((sum, { from, to }) => sum + Math.min(to, ended) - Math.max(from, began), 0)
}
