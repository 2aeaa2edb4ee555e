import type { Clock } from '../lib/clock.ts'
import type { Outbox } from './outbox.ts'

/** Connections written to in one go; between two slices the loop is free for everything else. */
const sliceSize = 500

/**
 * Walks the connections that are due, in slices, pass by pass: who becomes due again meanwhile is written to in the next one.
 * What changes meanwhile is simply newer when its slice comes.
 */
export class Flush {
  readonly #clock: Clock
  /** Of this flush among the marks of an outbox. */
  readonly #mark: number
  readonly #write: (outbox: Outbox) => void
  readonly #spent: (ms: number) => void
  /** In the order in which they became due. */
  #due: Outbox[] = []
  /** Those that are written to now; what is before `#next` is done. */
  #pass: readonly Outbox[] = []
  #next = 0
  #scheduled = false

  /** `spent` is told what each further slice took, in ms. */
  constructor(clock: Clock, mark: number, write: (outbox: Outbox) => void, spent: (ms: number) => void) {
    this.#clock = clock
    this.#mark = mark
    this.#write = write
    this.#spent = spent
  }

  get isDue(): boolean {
    return this.#due.length > 0 || this.#pass.length > 0
  }

  add(outbox: Outbox): void {
    if ((outbox.queued & this.#mark) !== 0) return
    outbox.queued |= this.#mark
    this.#due.push(outbox)
  }

  /** Writes the first slice now and the others in turns of the loop. */
  run(): void {
    if (this.#scheduled || !this.isDue) return
    if (this.#pass.length === 0) {
      this.#pass = this.#due
      this.#due = []
    }
    this.#writeSlice()
    if (this.#next === this.#pass.length) {
      this.#pass = []
      this.#next = 0
    }
    if (!this.isDue) return
    this.#scheduled = true
    this.#clock.after(0, () => {
      this.#scheduled = false
      const began = this.#clock.monotonic()
      this.run()
      this.#spent(this.#clock.monotonic() - began)
    })
  }

  #writeSlice(): void {
    const end = Math.min(this.#next + sliceSize, this.#pass.length)
    while (this.#next < end) {
      const outbox = this.#pass[this.#next++]
      if (outbox === undefined || (outbox.queued & this.#mark) === 0) continue
      outbox.queued &= ~this.#mark
      this.#write(outbox)
    }
  }
}
