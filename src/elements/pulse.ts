import type { Cancel, Clock } from '../lib/clock.ts'

/** One beat for everything on the page that ticks; none while nobody listens or the page is hidden. */
export class Pulse {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #hidden: () => boolean
  readonly #listeners = new Set<() => void>()
  #cancel: Cancel | undefined

  constructor(clock: Clock, everyMs: number, hidden: () => boolean) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#hidden = hidden
  }

  on(listener: () => void): Cancel {
    this.#listeners.add(listener)
    this.#schedule()
    return () => this.#listeners.delete(listener)
  }

  /** To be called when the page is shown again: what ticks is put right at once. */
  wake(): void {
    if (!this.#hidden()) this.#beat()
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(this.#everyMs, () => this.#beat())
  }

  #beat(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#hidden()) return
    for (const listener of this.#listeners) listener()
    if (this.#listeners.size > 0) this.#schedule()
  }
}
