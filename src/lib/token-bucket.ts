import type { Clock } from './clock.ts'

/** So many a second on average, and a burst of so many at once. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  readonly #clock: Clock
  #tokens: number
  #at: number

  /** `tokens`: there at the beginning; default as many as there may be. */
  constructor(perSecond: number, burst: number, clock: Clock, tokens = burst) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#clock = clock
    this.#tokens = tokens
    this.#at = clock.monotonic()
  }

  /** Takes one token; false: there is none. */
  take(): boolean {
    this.#fill()
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** How long until there is a token, in ms; 0: there is one. */
  get waitMs(): number {
    this.#fill()
    return Math.max(0, ((1 - this.#tokens) / this.#perSecond) * 1000)
  }

  /** Takes what was used, of which nobody knows beforehand how much it will be: the bucket may be left owing, a burst at most. */
  use(tokens: number): void {
    this.#fill()
    this.#tokens = Math.max(this.#tokens - tokens, -this.#burst)
  }

  /** Takes a token that may not be there yet: the bucket is left owing, and fills from there. */
  owe(): void {
    this.#fill()
    this.#tokens--
  }

  #fill(): void {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}
