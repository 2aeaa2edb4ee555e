/** What an operator allows one host: a token bucket with a burst of 2, and the least time between two requests. */
export class HostGate {
  readonly #perMinute: number
  readonly #spacingMs: number
  #tokens = 2
  #at = 0
  #last = Number.NEGATIVE_INFINITY

  constructor(perMinute: number, spacingMs: number) {
    this.#perMinute = perMinute
    this.#spacingMs = spacingMs
  }

  /** How long a request at an instant has to wait, ms; 0: it goes out. */
  wait(at: number): number {
    this.#tokens = Math.min(2, this.#tokens + ((at - this.#at) * this.#perMinute) / 60_000)
    this.#at = at
    const spacedMs = Math.max(0, this.#last + this.#spacingMs - at)
    const tokenMs = this.#tokens < 1 - 1e-6 ? ((1 - this.#tokens) * 60_000) / this.#perMinute : 0
    const waitMs = Math.max(spacedMs, tokenMs)
    if (waitMs > 1e-3) return Math.max(waitMs, 1)
    this.#tokens--
    this.#last = at
    return 0
  }
}

/** A server that answers 429 beyond so many requests in a minute of its clock. */
export class ServerLimit {
  readonly #perMinute: number
  #minute = -1
  #count = 0

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  /** Undefined: it answers; else its Retry-After, ms. */
  refuse(at: number): number | undefined {
    const minute = Math.floor(at / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#count = 0
    }
    return ++this.#count > this.#perMinute ? (minute + 1) * 60_000 - at : undefined
  }
}
