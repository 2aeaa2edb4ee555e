import { systemRandom } from '../../src/lib/random.ts'
import { emptyTable } from '../../src/model/table.ts'
import type { PollAnswered } from '../../src/source/ask.ts'
import type * as Adaptive from '../../src/source/schedule/adaptive-policy.ts'
import type * as Grid from '../../src/source/schedule/grid-policy.ts'
import type { Policy } from '../../src/source/schedule/policy.ts'
import type * as Shared from '../../src/source/schedule/shared-pool.ts'
import { cpuTime } from '../harness/worker.ts'
import { Draws } from './draws.ts'
import { QueueClock } from './queue-clock.ts'
import { mixSources } from './sets.ts'
import { hourMs, startAt, type Source } from './source.ts'
import { CollectorPauses, Stopwatch, type Spread } from './stopwatch.ts'
import { Upstream } from './upstream.ts'

// What is built, not its source through a loader: that is what people run.
const built = new URL('../../dist/source/schedule/', import.meta.url)
const { AdaptivePolicy } = (await import(new URL('adaptive-policy.js', built).href)) as typeof Adaptive
const { GridPolicy } = (await import(new URL('grid-policy.js', built).href)) as typeof Grid
const { SharedPool } = (await import(new URL('shared-pool.js', built).href)) as typeof Shared

/** What it took to decide for many sources. */
export interface Cost {
  /** Of one decision. */
  readonly decisions: Spread
  /** Of one slice of a search for a period. */
  readonly slices: Spread
  /** CPU time of all that ran, the simulated sources with it, as a share of the time that was simulated. */
  readonly share: number
  /** The largest state that is kept of a source, bytes of JSON. */
  readonly stateBytes: number
}

const averageMs = 10_000
const maxBackoffMs = 300_000
const table = emptyTable('id')

/** Asks a simulated source when its policy says so, as the poller does, and times the policy. */
class Asked {
  readonly #source: Source
  readonly #policy: Policy
  readonly #clock: QueueClock
  readonly #decisions: Stopwatch
  readonly #upstream: Upstream
  readonly #draws: Draws
  #changes = -1

  constructor(source: Source, policy: Policy, clock: QueueClock, decisions: Stopwatch) {
    this.#source = source
    this.#policy = policy
    this.#clock = clock
    this.#decisions = decisions
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
      const ended = began + durationMs
      let dueAt = ended
      this.#decisions.time(() => {
        dueAt = this.#policy.after({ poll, began, ended, failures: 0 }).dueAt
      })
      this.#clock.at(Math.max(dueAt, ended), () => this.#ask())
    })
  }
}

/** `count` sources as they are on a dashboard, for so long, by one request per 10 s: on a grid, or by what is learned. */
export async function costOf(kind: 'adaptive' | 'grid', count: number, hours: number): Promise<Cost> {
  const sources = mixSources('dashboard', count, hours * hourMs, 'cost')
  const [decisions, slices, collector] = [new Stopwatch(), new Stopwatch(), new CollectorPauses()]
  const clock = new QueueClock(startAt, run => slices.time(run))
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
    if (policy !== undefined) new Asked(source, policy, clock, decisions).start()
  }
  const before = cpuTime()
  clock.run(hours * hourMs)
  const share = (cpuTime() - before) / 1000 / (hours * hourMs)
  const states = policies.map(policy => (policy instanceof AdaptivePolicy ? JSON.stringify(policy.resumable ?? {}).length : 0))
  const pauses = await collector.end()
  return { decisions: decisions.spread(pauses), slices: slices.spread(pauses), share, stateBytes: Math.max(...states) }
}
