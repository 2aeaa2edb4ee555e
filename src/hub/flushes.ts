import type { Cancel, Clock } from '../lib/clock.ts'
import { Flush } from './flush.ts'
import type { Outbox } from './outbox.ts'
import { nextInstant, throttleGrid, type Throttle } from './throttle.ts'

interface ThrottleClass {
  readonly throttle: Throttle
  readonly flush: Flush
  instant: Cancel | undefined
}

/** The flushes of all throttle classes: class 0 runs with each tick, the others at their instants on the shared grid. */
export class Flushes {
  readonly #clock: Clock
  readonly #spent: (ms: number) => void
  readonly #unthrottled: ThrottleClass
  readonly #throttled: ReadonlyMap<Throttle, ThrottleClass>
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
    const classOf = (throttle: Throttle, mark: number): ThrottleClass => {
      return { throttle, flush: new Flush(clock, 1 << mark, outbox => write(outbox, throttle), spent), instant: undefined }
    }
    const [, ...throttled] = throttleGrid
    this.#unthrottled = classOf(0, 0)
    this.#throttled = new Map(throttled.map((throttle, i) => [throttle, classOf(throttle, i + 1)]))
  }

  /** A connection is owed something in a class. */
  add(outbox: Outbox, throttle: Throttle): void {
    if (throttle === 0) return this.#unthrottled.flush.add(outbox)
    const found = this.#throttled.get(throttle)
    if (found === undefined) return
    found.flush.add(outbox)
    this.#await(found)
  }

  /** Writes what is owed in class 0, now. */
  run(): void {
    const { flush } = this.#unthrottled
    if (this.#least() === 0) flush.run()
    else if (flush.isDue) this.#await(this.#unthrottled)
  }

  close(): void {
    for (const { instant } of [this.#unthrottled, ...this.#throttled.values()]) instant?.()
  }

  #await(found: ThrottleClass): void {
    if (found.instant !== undefined) return
    const mono = this.#clock.monotonic()
    const least = this.#least()
    const throttle = found.throttle > least ? found.throttle : least
    this.#wait(found, nextInstant(throttle, mono))
  }

  #wait(found: ThrottleClass, instant: number): void {
    found.instant = this.#clock.after(instant - this.#clock.monotonic(), () => {
      // A timer may be a millisecond early: the class would then have the same instant twice.
      if (this.#clock.monotonic() < instant) return this.#wait(found, instant)
      found.instant = undefined
      const began = this.#clock.monotonic()
      found.flush.run()
      this.#spent(this.#clock.monotonic() - began)
    })
  }
}
