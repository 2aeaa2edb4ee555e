import type { Cancel, Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { formatDuration } from '../lib/unit.ts'
import type { SavedTable } from '../model/saved.ts'
import type { Ask, Poll, PollFailed } from './ask.ts'
import type { Budget, Release } from './budget.ts'
import type { Decision, Learned, Policy } from './schedule/policy.ts'

export interface PollerOptions {
  readonly ask: Ask
  /** When it is worth asking. */
  readonly policy: Policy
  readonly budget: Budget
  readonly clock: Clock
  readonly random: Random
  /** Every outcome, failures too; `nextAt` and `why` already tell of the next poll. */
  readonly onPoll: (poll: Poll) => void
}

/** The status by which an origin says that it is asked too often, by whomever: its budget pauses. */
const tooManyRequests = 429
/** The longest pause of a budget, in ms, when its origin does not say how long. */
const unsaidPauseMs = 60_000
/** After a pause of the budget its sources come back spread over so long, in ms, or over their interval where that is shorter. */
const spreadMs = 5000
/** A nudge asks no sooner than this after the last answer, in ms. */
const nudgeGapMs = 1000
/** A timer that is later than this, in ms, was held up with all others: the process stood still, or the machine slept. */
const stoodStillMs = 1000
/** News that come by themselves sooner than this after the last poll began wait for so long, and are taken together, in ms. */
const newsGapMs = 20

/**
 * Asks one source when its policy says while it is wanted, and never twice at a time (L7). What no policy can break is
 * seen to here: the least gap, Retry-After, the budget, demand.
 */
export class Poller {
  readonly #options: PollerOptions
  #wanted = false
  #polling = false
  #closed = false
  #next: Decision | undefined
  /** Of `#next`, by the wall clock when it was decided: readers are told a new one only where it was decided anew. */
  #nextAt = 0
  #cancel: Cancel | undefined
  /** When the timer is to run, ms (monotonic). */
  #timerAt = 0
  /** After a failure nothing is asked before, though readers come and go. */
  #notBefore: Decision | undefined
  #answeredAt = Number.NEGATIVE_INFINITY
  #failures = 0
  /** Somebody began to read it, and it has not asked since. */
  #isFirst = false
  /** It was told of news: they are taken now, whatever it costs to ask. */
  #hasNews = false
  #beganAt = Number.NEGATIVE_INFINITY

  constructor(options: PollerOptions) {
    this.#options = options
    options.ask.wakes?.(() => this.#wake())
  }

  /** When it asks next, ms since 1970 UTC; undefined while it is not wanted, or is asking. */
  get nextAt(): number | undefined {
    return this.#next === undefined ? undefined : this.#nextAt
  }

  /** Why it asks then: one sentence. Empty while it is not wanted. */
  get why(): string {
    return this.#next?.why ?? (this.#polling ? 'asking now' : '')
  }

  get polling(): boolean {
    return this.#polling
  }

  /** Dues that passed while a poll was still under way, since the start. */
  get skipped(): number {
    return this.#options.policy.skipped
  }

  /** What the policy has learned; undefined where it learns nothing. */
  get learned(): Learned | undefined {
    return this.#options.policy.learned
  }

  /** It answered so long ago, in a run before: where that is less than an interval it is not asked at once. */
  resume({ table }: SavedTable, ageMs: number): void {
    this.#answeredAt = this.#options.clock.monotonic() - ageMs
    this.#options.policy.resume(this.#answeredAt)
    this.#options.ask.resume?.(table)
  }

  /** It is wanted from now on: asks at once where the last answer is an interval old or older, else at the next due. */
  start(): void {
    if (this.#wanted || this.#closed) return
    this.#wanted = true
    if (!this.#polling) this.#schedule(this.#first())
  }

  /** Asks before it is due, where it is wanted: neither while it asks, nor against a back-off or Retry-After; the budget holds. */
  nudge(): void {
    if (!this.#wanted || this.#next === undefined || this.#closed) return
    const now = this.#options.clock.monotonic()
    if (this.#notBefore !== undefined && this.#notBefore.dueAt > now) return
    const dueAt = Math.max(now, this.#answeredAt + nudgeGapMs)
    if (dueAt < this.#next.dueAt) this.#schedule({ dueAt, why: 'nudge: somebody asked for it' })
  }

  /** Nobody wants it: no further poll; one under way is still delivered, and what it waits for is let go of after it. */
  stop(): void {
    this.#wanted = false
    this.#isFirst = false
    this.#unschedule()
    if (!this.#polling) this.#options.ask.rest?.()
  }

  /** Ends for good; a poll under way is broken off and not delivered. */
  async close(): Promise<void> {
    this.#closed = true
    this.stop()
    this.#options.policy.close()
    await this.#options.ask.close()
  }

  /** There is news already: neither the grid nor a back-off is waited for. */
  #wake(): void {
    if (!this.#wanted || this.#closed || this.#isFirst) return
    this.#hasNews = true
    if (this.#polling) return
    const dueAt = Math.max(this.#options.clock.monotonic(), this.#beganAt + newsGapMs)
    if (this.#next === undefined || dueAt < this.#next.dueAt) this.#schedule({ dueAt, why: 'news: it told of them by itself' })
  }

  #first(): Decision {
    const now = this.#options.clock.monotonic()
    if (this.#notBefore !== undefined && this.#notBefore.dueAt > now) return this.#notBefore
    const again = this.#options.policy.again(now)
    if (again !== undefined) return again
    this.#isFirst = true
    return { dueAt: now, why: 'first-reader: asking at once' }
  }

  #schedule(decision: Decision): void {
    const { clock } = this.#options
    this.#unschedule()
    this.#next = decision
    this.#nextAt = Math.round(clock.now() + decision.dueAt - clock.monotonic())
    this.#wait()
  }

  /** A timer also where the due is now: what polls lead to never runs within `start`. */
  #wait(): void {
    const { clock } = this.#options
    const now = clock.monotonic()
    this.#timerAt = Math.max(now, this.#next?.dueAt ?? 0)
    this.#cancel = clock.after(this.#timerAt - now, () => this.#due())
  }

  #unschedule(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#next = undefined
  }

  #due(): void {
    const { clock, budget } = this.#options
    // A timer holds 24.8 days at most, and may be up to a millisecond early.
    if ((this.#next?.dueAt ?? 0) - clock.monotonic() > 1) return this.#wait()
    if (this.#hasNews || this.#options.ask.isFollowing === true) return this.#ask(() => undefined)
    if (budget.pausedMs > 0) return this.#schedule(this.#afterPause())
    this.#cancel = undefined
    const isLate = clock.monotonic() - this.#timerAt > stoodStillMs
    const cancel = this.#admit(this.#isFirst || isLate, (release = () => undefined) => this.#ask(release))
    if (this.#polling) return
    this.#cancel = cancel
    const why = this.#isFirst ? 'first-reader: waiting for its turn' : 'budget: waiting for its turn'
    if (this.#next !== undefined) this.#next = { ...this.#next, why }
  }

  /** With many others it passes the gate of first polls; an ask that takes its places itself does so all the same. */
  #admit(isCrowd: boolean, ask: (release?: Release) => void): Cancel {
    const { budget } = this.#options
    if (this.#options.ask.takesOwnPlaces !== true) return isCrowd ? budget.admitFirst(ask) : budget.admit(ask)
    if (isCrowd) return budget.passFirst(ask)
    ask()
    return () => undefined
  }

  #afterPause(): Decision {
    const { clock, budget, random, policy } = this.#options
    const { pausedMs } = budget
    const dueAt = clock.monotonic() + pausedMs + random() * Math.min(policy.intervalMs, spreadMs)
    return { dueAt, why: `budget: ${budget.pausedBecause}, all of its sources wait ${formatDuration(Math.round(pausedMs))}` }
  }

  #ask(release: Release): void {
    // A timer may be early: what is asked now is asked for its due, or the same due would be met twice.
    const began = Math.max(this.#options.clock.monotonic(), this.#next?.dueAt ?? 0)
    this.#cancel = undefined
    this.#next = undefined
    this.#isFirst = this.#hasNews = false
    this.#beganAt = began
    this.#polling = true
    void this.#exchange(release, began)
  }

  async #exchange(release: Release, began: number): Promise<void> {
    const { ask, clock, onPoll } = this.#options
    let poll: Poll
    try {
      poll = await ask.poll()
    } catch (error) {
      poll = broken(error, clock, began)
    }
    this.#polling = false
    release()
    if (this.#closed) return
    if (!this.#wanted) ask.rest?.()
    this.#settle(poll, began)
    onPoll(poll)
    if (this.#hasNews) this.#wake()
  }

  #settle(poll: Poll, began: number): void {
    const { ask, clock, policy, budget } = this.#options
    const ended = Math.max(clock.monotonic(), began)
    const failed = poll.kind === 'failed'
    this.#failures = failed ? this.#failures + 1 : 0
    if (!failed) this.#answeredAt = ended
    const retryAfterMs = failed ? poll.retryAfterMs : undefined
    const wished = policy.after({ poll, began, ended, failures: this.#failures })
    const decision = { ...wished, dueAt: Math.max(wished.dueAt, began + policy.minMs, ended + (retryAfterMs ?? 0)) }
    this.#notBefore = failed ? decision : undefined
    if (poll.status === tooManyRequests)
      budget.pause(retryAfterMs ?? Math.min(decision.dueAt - ended, unsaidPauseMs), 'the origin answered 429')
    if (poll.limitedMs !== undefined) budget.pause(poll.limitedMs, 'nothing is left of the rate limit of the origin')
    // A due within the pause would only be put off once it came: why it waits is said now.
    const isPutOff = budget.pausedMs > decision.dueAt - ended && ask.isFollowing !== true
    if (this.#wanted) this.#schedule(isPutOff ? this.#afterPause() : decision)
  }
}

/** An `Ask` never rejects; should one do so, that is a fault of ours, and the source goes on. */
function broken(error: unknown, clock: Clock, began: number): PollFailed {
  const what = error instanceof Error ? error.name : typeof error
  const durationMs = Math.max(0, clock.monotonic() - began)
  return { kind: 'failed', cause: 'internal', reason: `a fault within the poll (${what})`, at: clock.now(), durationMs, bytes: 0 }
}
