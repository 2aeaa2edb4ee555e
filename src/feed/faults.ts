import type { Logger } from '../lib/log.ts'
import { randomText, type Random } from '../lib/random.ts'

/** Why a feed has no true table now, and what its readers are told. */
interface Fault {
  readonly error: string
  readonly reason: string
}

/** The feeds whose steps, or taking over what they brought, fail: a bug of one is its own, the others and the process go on. */
export class Faults {
  readonly #random: Random
  readonly #log: Logger
  readonly #faults = new Map<string, Fault>()

  constructor(random: Random, log: Logger) {
    this.#random = random
    this.#log = log
  }

  /**
   * The same fault again is told once.
   * @returns what readers are told, also those of what is computed from the feed, for whom it may not be there: not its name
   */
  add(feed: string, cause: unknown): string {
    const error = String(cause)
    const known = this.#faults.get(feed)
    if (known?.error === error) return known.reason
    const id = randomText(this.#random, 8)
    const reason = `a step failed; the server's log has it under ${id}`
    this.#faults.set(feed, { error, reason })
    this.#log.error({ feed, id, err: cause }, `feed '${feed}' failed (${id})`)
    return reason
  }

  clear(feed: string): void {
    this.#faults.delete(feed)
  }

  /** What readers are told; undefined: it does not fail. */
  reason(feed: string): string | undefined {
    return this.#faults.get(feed)?.reason
  }
}
