import { backoffDelay } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { DeliveryError } from './post.ts'

const backoff = { baseMs: 1000, capMs: 300_000 } as const

/** How the tries to tell a receiver went; its log has one line for each change of that. */
export class Attempts {
  delivered = 0
  failed = 0
  refused = 0
  #inARow = 0
  #error: string | undefined
  readonly #name: string
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Logger
  #stopWaiting: () => void = () => undefined

  constructor(name: string, deps: { readonly clock: Clock; readonly random: Random; readonly log: Logger }) {
    this.#name = name
    this.#clock = deps.clock
    this.#random = deps.random
    this.#log = deps.log
  }

  /** Why the last one failed. */
  get error(): string | undefined {
    return this.#error
  }

  succeeded(): void {
    this.delivered++
    if (this.#error !== undefined) this.#log.info({ sink: this.#name }, `${this.#name} can be told again`)
    this.#error = undefined
    this.#inARow = 0
  }

  /** @returns how long to wait before the next try, in ms; undefined: there is no use in one. */
  fail(cause: unknown): number | undefined {
    this.failed++
    const {
      message,
      canRetry,
      retryAfterMs = 0,
    } = cause instanceof DeliveryError ? cause : new DeliveryError(`a fault of the sink: ${String(cause)}`, false)
    if (!canRetry) {
      this.refused++
      this.#inARow = 0
      this.#error = message
      this.#log.error({ sink: this.#name }, `a message to ${this.#name} is given up: ${message}`)
      return undefined
    }
    if (this.#error !== message) this.#log.warn({ sink: this.#name }, `${this.#name} is told later: ${message}`)
    this.#error = message
    this.#inARow++
    return Math.max(backoffDelay(this.#inARow, backoff, this.#random), retryAfterMs)
  }

  /** Until then, or `interrupt`. */
  wait(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#clock.after(delayMs, resolve)
      this.#stopWaiting = () => {
        cancel()
        resolve()
      }
    })
  }

  interrupt(): void {
    this.#stopWaiting()
  }
}
