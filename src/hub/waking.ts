import type { Clock } from '../lib/clock.ts'
import type { View } from './view.ts'

/** Waiters that are answered in one turn of the loop. */
const sliceSize = 500

/** Wakes who waits for a view, in slices: after a restart thousands may wait for one first table. */
export class Waking {
  readonly #clock: Clock
  /** Views whose waiters are being woken, and whether there was reason to do so once more. */
  readonly #under = new Map<View, boolean>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(view: View): void {
    if (view.waiting.size === 0) return
    if (this.#under.has(view)) {
      this.#under.set(view, true)
      return
    }
    this.#under.set(view, false)
    this.#slice(view, [...view.waiting])
  }

  #slice(view: View, waiting: readonly (() => void)[]): void {
    for (const wake of waiting.slice(0, sliceSize)) if (view.waiting.has(wake)) wake()
    const left = waiting.slice(sliceSize)
    if (left.length > 0) return void this.#clock.after(0, () => this.#slice(view, left))
    const again = this.#under.get(view) === true
    this.#under.delete(view)
    if (again) this.#clock.after(0, () => this.wake(view))
  }
}
