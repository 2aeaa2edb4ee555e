import type { Clock } from '../../lib/clock.ts'
import type { CronTimes } from '../../lib/cron.ts'
import type { Random } from '../../lib/random.ts'
import { waitAfterFailure } from './back-off.ts'
import { explain } from './explain.ts'
import type { PollFailed } from '../ask.ts'
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
/** How far a clock is set right between two instants without a step. */
const slackMs = 5000

/** `every: "*\/5 * * * *"`: at the instants of a cron pattern, which are those of the wall clock. */
export class CronPolicy implements Policy {
  readonly intervalMs: number
  readonly minMs = 0
  readonly learned = undefined
  readonly #options: CronPolicyOptions
  #answeredAt = Number.NEGATIVE_INFINITY
  #skipped = 0
  /** The instant of the pattern that was decided on, on both clocks. */
  #planned: { readonly dueAt: number; readonly wall: number } | undefined

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
    const named = this.#next(this.#from(began, ended))
    const decision = poll.kind === 'failed' ? this.#retry(poll, ended, failures, named) : named
    this.#planned = decision === named ? { dueAt: named.dueAt, wall: named.dueAt + this.#offsetMs } : undefined
    return decision
  }

  /** An instant of the pattern is worth a try of its own, unless the upstream asked to wait. */
  #retry({ retryAfterMs }: PollFailed, ended: number, failures: number, named: Decision): Decision {
    const { maxBackoffMs, random } = this.#options
    const trouble = { failures, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    const wait = waitAfterFailure(trouble, { intervalMs: Math.min(retryMs, this.intervalMs), maxBackoffMs }, random)
    const dueAt = ended + wait.delayMs
    return wait.why === 'back-off' && named.dueAt < dueAt ? named : { dueAt, why: explain(wait) }
  }

  resume(answeredAt: number): void {
    this.#answeredAt = answeredAt
  }

  again(now: number): Decision | undefined {
    if (this.#answeredAt === Number.NEGATIVE_INFINITY) return undefined
    const next = this.#next(this.#answeredAt + this.#offsetMs)
    return next.dueAt > now ? next : undefined
  }

  close(): void {
    // Nothing is under way between two polls.
  }

  /** From the monotonic clock to ms since 1970, as it is now. */
  get #offsetMs(): number {
    const { clock } = this.#options
    return clock.now() - clock.monotonic()
  }

  /** Where to look for instants after a poll that began then: a clock that is being set right may say less than the one that was met. */
  #from(began: number, instant: number): number {
    const wall = instant + this.#offsetMs
    const met = this.#planned !== undefined && began >= this.#planned.dueAt ? this.#planned.wall : wall
    return met - wall < slackMs ? Math.max(met, wall) : wall
  }

  /** The first instant of the pattern after one, ms since 1970. */
  #next(wall: number): Decision {
    const { pattern, after } = this.#options.times
    const at = after(wall)
    if (at === undefined) return { dueAt: Infinity, why: `cron: ${pattern}, which names no further instant` }
    return { dueAt: at - this.#offsetMs, why: `cron: ${pattern}` }
  }

  /** Instants that passed while a poll was under way. */
  #missed(began: number, ended: number): number {
    const end = ended + this.#offsetMs
    let missed = 0
    for (let at = this.#options.times.after(this.#from(began, began)); at !== undefined && at < end; at = this.#options.times.after(at))
      missed++
    return missed
  }
}
