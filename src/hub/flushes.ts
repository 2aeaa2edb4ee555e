import type { Cancel, Clock } from '../lib/clock.ts'
import { Flush } from './flush.ts'
import type { Outbox } from './outbox.ts'
import { nextInstant, throttleGrid, type Throttle } from './throttle.ts'

interface ThrottleClass {
  readonly flush: Flush
  instant: Cancel | undefined
}

/** The flushes of all throttle classes: class 0 runs with each tick, the others at their instants on the shared grid. */
export class Flushes {
  readonly #clock: Clock
  readonly #spent: (ms: number) => void
  readonly #classes: ReadonlyMap<Throttle, ThrottleClass>
  readonly #least: () => Throttle

  /**
   * `write` writes what a connection is owed in a class; `spent` is told what each slice outside of a tick took, in ms;
   * `least`: nobody is written to more often at the moment, whatever their class.
   */
  constructor(
    clock: Clock,
    write: (outbox: Outbox, throttle: Throttle) => void,
    spent: (ms: number) => void,
    least: () => Throttle = () => 0,
  ) {
    this.#clock = clock
    this.#least = least
    this.#spent = spent
    const flushOf = (throttle: Throttle, i: number): Flush => new Flush(clock, 1 << i, outbox => write(outbox, throttle), spent)
    this.#classes = new Map(throttleGrid.map((throttle, i) => [throttle, { flush: flushOf(throttle, i), instant: undefined }]))
  }

  /** A connection is owed something in a class. */
  add(outbox: Outbox, throttle: Throttle): void {
    const found = this.#classes.get(throttle)
    if (found === undefined) return
    found.flush.add(outbox)
    if (throttle > 0) this.#await(found, throttle)
  }

  /** Writes what is owed in class 0, now. */
  run(): void {
    const found = this.#classes.get(0)
    if (found === undefined) return
    if (this.#least() === 0) found.flush.run()
    else if (found.flush.isDue) this.#await(found, 0)
  }

  #await(found: ThrottleClass, throttle: Throttle): void {
    if (found.instant !== undefined) return
    const mono = this.#clock.monotonic()
    const least = this.#least()
    found.instant = this.#clock.after(nextInstant(throttle > least ? throttle : least, mono) - mono, () => {
      found.instant = undefined
      const began = this.#clock.monotonic()
      found.flush.run()
      this.#spent(this.#clock.monotonic() - began)
    })
  }

  close(): void {
    for (const { instant } of this.#classes.values()) instant?.()
  }
}
