import type { Cancel, Clock } from '../lib/clock.ts'
import { longestDelayMs } from '../lib/clock.ts'
import type { SavedPart } from '../model/saved.ts'

/** Of what nothing is told until a time. */
export class Mutes implements SavedPart {
  readonly section = 'mutes'
  readonly #clock: Clock
  readonly #ended: (name: string) => void
  readonly #mutes = new Map<string, { readonly until: number; cancel: Cancel }>()

  /** `ended` is called when one has ended. */
  constructor(clock: Clock, ended: (name: string) => void) {
    this.#clock = clock
    this.#ended = ended
  }

  /** `until`: ms since 1970; what has passed ends it. */
  set(name: string, until: number): void {
    const was = this.#mutes.get(name)
    was?.cancel()
    this.#mutes.delete(name)
    if (until > this.#clock.now()) this.#watch(name, until)
    else if (was !== undefined) this.#ended(name)
  }

  /** Until when, ms since 1970; undefined: it is not muted. */
  until(name: string): number | undefined {
    return this.#mutes.get(name)?.until
  }

  /** Until when each is, ms since 1970. */
  save(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#mutes].map(([name, { until }]) => [name, until]))
  }

  /** What `save` gave in a run before; of anything else nothing is taken up. */
  restore(saved: unknown): void {
    if (typeof saved !== 'object' || saved === null) return
    for (const [name, until] of Object.entries(saved)) if (typeof until === 'number' && Number.isFinite(until)) this.set(name, until)
  }

  close(): void {
    for (const { cancel } of this.#mutes.values()) cancel()
  }

  #watch(name: string, until: number): void {
    const cancel = this.#clock.after(Math.min(until - this.#clock.now(), longestDelayMs), () => this.set(name, until))
    this.#mutes.set(name, { until, cancel })
  }
}
