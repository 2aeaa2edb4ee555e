import type { Clock } from '../../lib/clock.ts'
import type { CronTimes } from '../../lib/cron.ts'
import type { Random } from '../../lib/random.ts'
import { waitAfterFailure } from './back-off.ts'
import { explain } from './explain.ts'
import type { Decision, Ended, Policy } from './policy.ts'

export interface CronPolicyOptions {
  readonly times: CronTimes
  /** The longest gap of the pattern, ms. */
  readonly intervalMs: number
  readonly maxBackoffMs: number
  readonly clock: Clock
  readonly random: Random
}

/** What fails is asked again after so long, though the pattern may name an instant only once a day. */
const retryMs = 60_000

/** `every: "*\/5 * * * *"`: at the instants of a cron pattern, which are those of the wall clock. */
export class CronPolicy implements Policy {
  readonly intervalMs: number
  readonly minMs = 0
  readonly learned = undefined
  readonly #options: CronPolicyOptions
  #answeredAt = Number.NEGATIVE_INFINITY
  #skipped = 0

  constructor(options: CronPolicyOptions) {
    this.intervalMs = options.intervalMs
    this.#options = options
  }

  get skipped(): number {
    return this.#skipped
  }

  after({ poll, began, ended, failures }: Ended): Decision {
    if (poll.kind !== 'failed') this.#answeredAt = ended
    this.#skipped += this.#missed(began, ended)
    const named = this.#next(ended)
    if (poll.kind !== 'failed') return named
    const retry = poll.retryAfterMs === undefined ? {} : { retryAfterMs: poll.retryAfterMs }
    const rules = { intervalMs: Math.min(retryMs, this.intervalMs), maxBackoffMs: this.#options.maxBackoffMs }
    const wait = waitAfterFailure({ failures, ...retry }, rules, this.#options.random)
    const waited = { dueAt: ended + wait.delayMs, why: explain(reasonOf(wait.why, failures, wait.delayMs)) }
    // An instant of the pattern is worth a try of its own, unless the upstream asked to wait.
    return wait.why === 'back-off' && named.dueAt < waited.dueAt ? named : waited
  }

  resume(answeredAt: number): void {
    this.#answeredAt = answeredAt
  }

  again(now: number): Decision | undefined {
    if (this.#answeredAt === Number.NEGATIVE_INFINITY) return undefined
    const next = this.#next(this.#answeredAt)
    return next.dueAt > now ? next : undefined
  }

  close(): void {
    // Nothing is under way between two polls.
  }

  /** The first instant after one of the monotonic clock. */
  #next(instant: number): Decision {
    const { times, clock } = this.#options
    const offsetMs = clock.now() - clock.monotonic()
    const at = times.after(instant + offsetMs)
    const why = `cron: ${times.pattern}`
    return at === undefined ? { dueAt: Infinity, why: `${why}, which names no further instant` } : { dueAt: at - offsetMs, why }
  }

  /** Instants that passed while a poll was under way. */
  #missed(began: number, ended: number): number {
    let missed = 0
    for (let { dueAt } = this.#next(began); dueAt < ended; dueAt = this.#next(dueAt).dueAt) missed++
    return missed
  }
}

function reasonOf(why: 'retry-after' | 'back-off', failures: number, delayMs: number) {
  return why === 'back-off' ? { why, failures, delayMs } : { why, delayMs }
}
