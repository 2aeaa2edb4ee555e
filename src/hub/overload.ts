import type { Logger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import { MillraceError } from '../model/errors.ts'

/** What the server does less of while its event loop runs late; each level does what the ones before it do. */
export const sheddingLevels = ['none', 'longer throttles', 'no new views', 'no new connections'] as const

export type Shedding = (typeof sheddingLevels)[number]

/** Decides by the delay of the event loop how much load is shed: one level more each time it is too late, one less at half. */
export class Overload {
  readonly #maxLoopDelayMs: number
  readonly #log: Logger
  #level = 0

  constructor(maxLoopDelayMs: number, log: Logger) {
    this.#maxLoopDelayMs = maxLoopDelayMs
    this.#log = log
  }

  /** Whether this is shed at the moment. */
  sheds(what: Exclude<Shedding, 'none'>): boolean {
    return this.#level >= sheddingLevels.indexOf(what)
  }

  /** What somebody is told who is refused. */
  refusal(): MillraceError {
    const value = this.#maxLoopDelayMs
    return new MillraceError('too_many', `the server is overloaded: ${this.shedding}`, [{ limit: 'maxLoopDelay', value }])
  }

  get shedding(): Shedding {
    return sheddingLevels[this.#level] ?? 'none'
  }

  /** Takes a reading, ms; undefined: nothing was measured, so the loop was idle. */
  judge(loopDelayMs = 0): Shedding {
    const before = this.#level
    if (loopDelayMs > this.#maxLoopDelayMs) this.#level = Math.min(before + 1, sheddingLevels.length - 1)
    else if (loopDelayMs <= this.#maxLoopDelayMs / 2) this.#level = Math.max(before - 1, 0)
    if (this.#level !== before) this.#tell(loopDelayMs)
    return this.shedding
  }

  #tell(loopDelayMs: number): void {
    const { shedding } = this
    const facts = { loopDelayMs: Math.round(loopDelayMs), shedding }
    const late = `the event loop runs ${formatDuration(Math.round(loopDelayMs))} late`
    if (this.#level === 0) this.#log.info(facts, `${late}: nothing is shed any more`)
    else this.#log.warn(facts, `maxLoopDelay: ${formatDuration(this.#maxLoopDelayMs)}; ${late}: ${shedding}`)
  }
}
