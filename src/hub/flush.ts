import type { Clock } from '../lib/clock.ts'
import type { Outbox } from './outbox.ts'

/** Connections written to in one go; between two slices the loop is free for everything else. */
const sliceSize = 500

/** Walks the connections that are due, in slices. What changes meanwhile is simply newer when its slice comes. */
export class Flush {
  readonly #clock: Clock
  readonly #write: (outbox: Outbox) => void
  readonly #spent: (ms: number) => void
  readonly #due = new Set<Outbox>()
  #scheduled = false

  /** `spent` is told what each further slice took, in ms. */
  constructor(clock: Clock, write: (outbox: Outbox) => void, spent: (ms: number) => void) {
    this.#clock = clock
    this.#write = write
    this.#spent = spent
  }

  add(outbox: Outbox): void {
    this.#due.add(outbox)
  }

  remove(outbox: Outbox): void {
    this.#due.delete(outbox)
  }

  /** Writes the first slice now and the others in turns of the loop. */
  run(): void {
    if (this.#scheduled || this.#due.size === 0) return
    let written = 0
    for (const outbox of this.#due) {
      this.#due.delete(outbox)
      this.#write(outbox)
      if (++written === sliceSize) break
    }
    if (this.#due.size === 0) return
    this.#scheduled = true
    this.#clock.after(0, () => {
      this.#scheduled = false
      const began = this.#clock.monotonic()
      this.run()
      this.#spent(this.#clock.monotonic() - began)
    })
  }
}
