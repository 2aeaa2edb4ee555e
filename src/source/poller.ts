import type { Cancel, Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Ask, Poll } from './ask.ts'
import type { Budget } from './budget.ts'
import { nextDue, nextPoll, phaseOf } from './schedule.ts'

export interface PollerOptions {
  readonly name: string
  readonly ask: Ask
  readonly intervalMs: number
  readonly maxBackoffMs: number
  readonly budget: Budget
  readonly clock: Clock
  readonly random: Random
  readonly onPoll: (poll: Poll) => void
}

/** The status by which an origin says that it is asked too often, by whomever: its budget pauses. */
const tooManyRequests = 429

/** Asks one source while it is wanted: on its grid, never twice at a time (L7), later where the upstream or failures say so. */
export class Poller {
  /** Dues that passed while a poll was still under way. */
  skipped = 0
  readonly #options: PollerOptions
  readonly #phaseMs: number
  #wanted = false
  #underWay = false
  #closed = false
  #timer: Cancel | undefined
  #nextMono: number | undefined
  #sentence = ''
  #failures = 0
  #retryAfterMs: number | undefined
  #lastMono: number | undefined

  constructor(options: PollerOptions) {
    this.#options = options
    this.#phaseMs = phaseOf(options.name, options.intervalMs)
  }

  /** Whether a poll is under way. */
  get polling(): boolean {
    return this.#underWay
  }

  /** ms since 1970; undefined while nobody wants it, or while it is being asked. */
  get nextAt(): number | undefined {
    const { clock } = this.#options
    return this.#nextMono === undefined ? undefined : Math.round(clock.now() + this.#nextMono - clock.monotonic())
  }

  get why(): string {
    return this.#wanted ? this.#sentence : ''
  }

  /** Wanted from now on: asks at once where the last answer is older than the interval, else at the next due. */
  start(): void {
    if (this.#wanted || this.#closed) return
    this.#wanted = true
    if (this.#underWay) return
    const { clock, intervalMs } = this.#options
    const mono = clock.monotonic()
    const isRecent = this.#lastMono !== undefined && mono - this.#lastMono < intervalMs
    if (isRecent || this.#failures > 1 || this.#retryAfterMs !== undefined) return this.#schedule()
    this.#plan(0, 'first-reader: asking at once')
  }

  /** No longer wanted: a poll under way is still delivered. */
  stop(): void {
    this.#wanted = false
    this.#timer?.()
    this.#timer = undefined
    this.#nextMono = undefined
  }

  async close(): Promise<void> {
    this.stop()
    this.#closed = true
    await this.#options.ask.close()
  }

  #schedule(): void {
    const { clock, intervalMs, maxBackoffMs, random } = this.#options
    const retryAfterMs = this.#retryAfterMs
    const state = { atMs: clock.now(), intervalMs, phaseMs: this.#phaseMs, failures: this.#failures, maxBackoffMs }
    const next = nextPoll(retryAfterMs === undefined ? state : { ...state, retryAfterMs }, random)
    this.#plan(next.delayMs, next.sentence)
  }

  #plan(delayMs: number, sentence: string): void {
    const { clock, budget } = this.#options
    const waitMs = Math.max(delayMs, budget.pauseMs)
    this.#sentence = waitMs > delayMs ? 'budget: the origin answered 429, all of its sources wait' : sentence
    this.#nextMono = clock.monotonic() + waitMs
    this.#timer = clock.after(waitMs, () => this.#due())
  }

  #due(): void {
    const { budget } = this.#options
    if (budget.pauseMs > 0) return this.#plan(budget.pauseMs, this.#sentence)
    this.#timer = undefined
    this.#underWay = true
    budget.enter(done => this.#ask(done))
  }

  #ask(done: () => void): void {
    if (!this.#wanted || this.#closed) {
      this.#underWay = false
      return done()
    }
    const { ask, clock } = this.#options
    const beganWall = clock.now()
    this.#nextMono = undefined
    ask
      .poll()
      .finally(done)
      .then(
        poll => this.#take(poll, beganWall),
        (error: unknown) => this.#take(unexpected(error, clock), beganWall),
      )
      .catch((error: unknown) => this.#options.onPoll(unexpected(error, clock)))
  }

  #take(poll: Poll, beganWall: number): void {
    const { clock, intervalMs, onPoll, budget } = this.#options
    this.#underWay = false
    if (this.#closed) return
    this.#failures = poll.kind === 'failed' ? this.#failures + 1 : 0
    this.#retryAfterMs = poll.kind === 'failed' ? poll.retryAfterMs : undefined
    if (poll.kind !== 'failed') this.#lastMono = clock.monotonic()
    if (poll.status === tooManyRequests) budget.pause(this.#retryAfterMs ?? intervalMs)
    this.skipped += Math.max(0, Math.floor((clock.now() - nextDue(beganWall, intervalMs, this.#phaseMs)) / intervalMs))
    if (this.#wanted) this.#schedule()
    onPoll(poll)
  }
}

/** An Ask never rejects: this is a fault of the program, told like any other failure. */
function unexpected(error: unknown, clock: Clock): Poll {
  const reason = `a fault of the server: ${error instanceof Error ? error.message : String(error)}`.slice(0, 200)
  return { kind: 'failed', cause: 'internal', reason, at: clock.now(), durationMs: 0, bytes: 0 }
}
