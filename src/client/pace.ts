import type { Cancel, Clock } from '../lib/clock.ts'

/**
 * Sends no faster than a server takes messages: as many as it takes in a second at once, the others at its rate.
 * What a server refuses for its rate it does not even answer each time, so it is better never to come there.
 */
export class Pace {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #send: (text: string) => void
  readonly #waiting: string[] = []
  #tokens: number
  #countedAt: number
  #timer: Cancel | undefined

  constructor(clock: Clock, perSecond: number, send: (text: string) => void) {
    this.#clock = clock
    // Also where a server says nothing of it, or nonsense.
    this.#perSecond = perSecond >= 1 ? perSecond : 1
    this.#send = send
    this.#tokens = this.#perSecond
    this.#countedAt = clock.monotonic()
  }

  send(text: string): void {
    this.#waiting.push(text)
    if (this.#timer === undefined) this.#drain()
  }

  /** Forgets what waits. */
  stop(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#waiting.length = 0
  }

  #drain(): void {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#countedAt) * this.#perSecond) / 1000)
    this.#countedAt = now
    while (this.#tokens >= 1 && this.#waiting.length > 0) {
      this.#tokens--
      this.#send(this.#waiting.shift() ?? '')
    }
    if (this.#waiting.length === 0) return
    this.#timer = this.#clock.after(Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond), () => {
      this.#timer = undefined
      this.#drain()
    })
  }
}
