import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Cause } from '../model/freshness.ts'

const oncePerMs = 60_000

/**
 * What the log is told of how a source answers: that it fails, at once and once for as long as it lasts, and that it answers again.
 * One that fails by the same cause within a minute of the last such line is told of when it still does after that minute, so one
 * that comes and goes is two lines a minute.
 */
export class OutcomeLog {
  readonly #source: string
  readonly #clock: Clock
  readonly #log: Logger
  /** What it was said to fail by, last; undefined: it was said to answer. */
  #said: Cause | undefined
  /** When each cause was told, ms (monotonic). */
  readonly #toldMono = new Map<Cause, number>()

  constructor(source: string, clock: Clock, log: Logger) {
    this.#source = source
    this.#clock = clock
    this.#log = log
  }

  failed(cause: Cause, reason: string): void {
    const mono = this.#clock.monotonic()
    if (this.#said === cause || mono - (this.#toldMono.get(cause) ?? Number.NEGATIVE_INFINITY) < oncePerMs) return
    this.#said = cause
    this.#toldMono.set(cause, mono)
    this.#log.warn({ source: this.#source, cause }, `source '${this.#source}' failed: ${reason}`)
  }

  answered(): void {
    if (this.#said === undefined) return
    this.#said = undefined
    this.#log.info({ source: this.#source }, `source '${this.#source}' answers again`)
  }
}
