import { systemRandom } from '../../src/lib/random.ts'
import { emptyTable } from '../../src/model/table.ts'
import type { PollAnswered } from '../../src/source/ask.ts'
import { AdaptivePolicy } from '../../src/source/schedule/adaptive-policy.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import type { Policy } from '../../src/source/schedule/policy.ts'
import { SharedPool } from '../../src/source/schedule/shared-pool.ts'
import { cpuTime } from '../harness/worker.ts'
import { Draws } from './draws.ts'
import { QueueClock } from './queue-clock.ts'
import { quantile } from './result.ts'
import { mixSources } from './sets.ts'
import { hourMs, startAt, type Source } from './source.ts'
import { Upstream } from './upstream.ts'

/** Of real time, so that other work of the machine shows in the longest ones. */
export interface Spread {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly longest: number
}

/** What it took to decide for many sources. */
export interface Cost {
  /** Of one decision, ms of real time. */
  readonly decisions: Spread
  /** Of one slice of a search for a period, ms of real time. */
  readonly slices: Spread
  /** CPU time of all that ran, the simulated sources with it, as a share of the time that was simulated. */
  readonly share: number
  /** The largest state that is kept of a source, bytes of JSON. */
  readonly stateBytes: number
}

const averageMs = 10_000
const maxBackoffMs = 300_000
const table = emptyTable('id')

function spreadOf(values: readonly number[]): Spread {
  return { count: values.length, median: quantile(values, 0.5), p99: quantile(values, 0.99), longest: quantile(values, 1) }
}

/** Asks a simulated source when its policy says so, as the poller does, and times the policy. */
class Asked {
  readonly #source: Source
  readonly #policy: Policy
  readonly #clock: QueueClock
  readonly #decided: (tookMs: number) => void
  readonly #upstream: Upstream
  readonly #draws: Draws
  #changes = -1

  constructor(source: Source, policy: Policy, clock: QueueClock, decided: (tookMs: number) => void) {
    this.#source = source
    this.#policy = policy
    this.#clock = clock
    this.#decided = decided
    this.#draws = new Draws(`cost/${source.id}`)
    this.#upstream = new Upstream(source, this.#draws)
  }

  start(): void {
    this.#clock.at(this.#draws.uniform() * averageMs, () => this.#ask())
  }

  #ask(): void {
    const began = this.#clock.monotonic()
    const durationMs = this.#source.roundTripMs * Math.exp(0.25 * this.#draws.normal())
    const { changes, hints } = this.#upstream.answer(began + durationMs / 2)
    const isChange = this.#source.isGauge || changes !== this.#changes
    const isFirst = this.#changes < 0
    this.#changes = changes
    const poll: PollAnswered = {
      kind: isChange ? 'changed' : 'unchanged',
      table,
      changes: isFirst ? 'all' : new Map(),
      at: this.#clock.now() + durationMs,
      durationMs,
      bytes: 0,
      hints,
    }
    this.#clock.at(began + durationMs, () => {
      const before = performance.now()
      const { dueAt } = this.#policy.after({ poll, began, ended: began + durationMs, failures: 0 })
      this.#decided(performance.now() - before)
      this.#clock.at(Math.max(dueAt, began + durationMs), () => this.#ask())
    })
  }
}

/** `count` sources as they are on a dashboard, for so long, by one request per 10 s: on a grid, or by what is learned. */
export function costOf(kind: 'adaptive' | 'grid', count: number, hours: number): Cost {
  const sources = mixSources('dashboard', count, hours * hourMs, 'cost')
  const [decided, sliced]: [number[], number[]] = [[], []]
  const clock = new QueueClock(startAt, tookMs => void sliced.push(tookMs))
  const random = systemRandom
  const pool = new SharedPool()
  const config = { averageMs, minMs: averageMs / 10, maxMs: 8 * averageMs, maxBackoffMs, weight: 1 }
  const policies = sources.map(({ id }) =>
    kind === 'adaptive'
      ? new AdaptivePolicy({ config, pool, clock, random })
      : new GridPolicy({ identity: id, intervalMs: averageMs, maxBackoffMs, clock, random }),
  )
  for (const [i, source] of sources.entries()) {
    const policy = policies[i]
    if (policy !== undefined) new Asked(source, policy, clock, tookMs => void decided.push(tookMs)).start()
  }
  const before = cpuTime()
  clock.run(hours * hourMs)
  const share = (cpuTime() - before) / 1000 / (hours * hourMs)
  const states = policies.map(policy => (policy instanceof AdaptivePolicy ? JSON.stringify(policy.resumable ?? {}).length : 0))
  return { decisions: spreadOf(decided), slices: spreadOf(sliced), share, stateBytes: Math.max(...states) }
}
