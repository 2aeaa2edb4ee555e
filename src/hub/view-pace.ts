import type { Cancel, Clock } from '../lib/clock.ts'
import { MillraceError } from '../model/errors.ts'

/** Of the loop's time, what views may take of it when there is much to do for them. */
const share = 0.3
/** ms of it that may be taken at once after a rest. */
const burstMs = 5
/** What took longer than this counts as so much, in ms: what one large table takes does not stop views for longer than 10 s. */
const mostCountedMs = 3000

/** How long a request waits for its turn, in ms, and how many do, in all and of one account. */
const patienceMs = 5000
const mostPatient = 1000
const mostPatientOfOne = 64

/**
 * Lets what is done for views have its share of the loop's time and no more, so that whoever asks for many, or for slow ones,
 * waits, and nobody else. Those who wait take turns by account, then in the order in which they came. A leaky bucket
 * as in ITU-T I.371 (GCRA), in ms of work.
 */
export class ViewPace {
  readonly #clock: Clock
  /** When all that was taken is paid for, ms (monotonic). */
  #paidAt = Number.NEGATIVE_INFINITY
  readonly #waiting = new Map<string, Set<() => void>>()
  #turn: Cancel | undefined
  #spentMs = 0
  /** Ends each `turn` that is waited for. */
  readonly #patient = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** All that was ever taken, in ms: rises with what was done for views. */
  get spentMs(): number {
    return this.#spentMs
  }

  /** The share is used up at the moment: more is to wait. */
  get isOut(): boolean {
    return this.#waitMs > 0
  }

  /** So much was done, in ms. */
  spent(ms: number): void {
    this.#spentMs += ms
    this.#paidAt = Math.max(this.#paidAt, this.#clock.monotonic()) + Math.min(ms, mostCountedMs) / share
  }

  /** Does `job` in a turn of the loop of its own, once there is time for it; never within this call. */
  wait(account: string, job: () => void): Cancel {
    const jobs = this.#waiting.get(account)
    if (jobs === undefined) this.#waiting.set(account, new Set([job]))
    else jobs.add(job)
    this.#arm()
    return () => this.#forget(account, job)
  }

  /** Resolves once there is time. @throws MillraceError `rate_limited` where too many wait, or there is none within 5 s. */
  turn(account: string): Promise<void> {
    const refusal = new MillraceError('rate_limited', 'too many views are asked for at the moment; try again in 5 s')
    if (this.#patient.size >= mostPatient || (this.#waiting.get(account)?.size ?? 0) >= mostPatientOfOne) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#patient.delete(refuse)
        forget()
        cancel()
        settle()
      }
      const refuse = (): void => end(() => reject(refusal))
      const forget = this.wait(account, () => end(resolve))
      const cancel = this.#clock.after(patienceMs, refuse)
      this.#patient.add(refuse)
    })
  }

  close(): void {
    for (const refuse of this.#patient) refuse()
    this.#turn?.()
    this.#waiting.clear()
  }

  get #waitMs(): number {
    return Math.max(0, this.#paidAt - this.#clock.monotonic() - burstMs / share)
  }

  #arm(): void {
    if (this.#turn !== undefined || this.#waiting.size === 0) return
    // In whole ms, as timers have them: what is left of one would be waited for over and over.
    this.#turn = this.#clock.after(Math.ceil(this.#waitMs), () => {
      this.#turn = undefined
      try {
        if (!this.isOut) this.#next()
      } finally {
        this.#arm()
      }
    })
  }

  #next(): void {
    for (const [account, jobs] of this.#waiting)
      for (const job of jobs) {
        // Behind all others.
        this.#waiting.delete(account)
        jobs.delete(job)
        if (jobs.size > 0) this.#waiting.set(account, jobs)
        return job()
      }
  }

  #forget(account: string, job: () => void): void {
    const jobs = this.#waiting.get(account)
    jobs?.delete(job)
    if (jobs?.size === 0) this.#waiting.delete(account)
  }
}
