import type { Cancel, Clock } from '../lib/clock.ts'

const slotMs = 100

/** Whatever lives by a heartbeat. */
export interface Beating {
  beat(): void
}

/**
 * A wheel: each member's turn comes once per interval, a few of them at a time. Pinging 10 000 clients at once
 * would block the loop for over 200 ms (protocol.md section 6).
 */
export class Heartbeat {
  readonly intervalMs: number
  readonly #clock: Clock
  readonly #slots: Set<Beating>[]
  readonly #slotMs: number
  #at = 0
  #size = 0
  #timer: Cancel | undefined

  constructor(intervalMs: number, clock: Clock) {
    this.intervalMs = intervalMs
    this.#clock = clock
    const slots = Math.max(1, Math.round(intervalMs / slotMs))
    this.#slots = Array.from({ length: slots }, () => new Set())
    this.#slotMs = intervalMs / slots
  }

  /** The first beat comes after one interval. Returns the member's place: a number, as there are many of them. */
  add(member: Beating): number {
    this.#slots[this.#at]?.add(member)
    this.#size++
    this.#timer ??= this.#clock.after(this.#slotMs, () => this.#turn())
    return this.#at
  }

  /** Ends the beats of a member; `place` is what `add` returned. Again does nothing. */
  remove(member: Beating, place: number): void {
    if (this.#slots[place]?.delete(member) === true) this.#size--
  }

  close(): void {
    this.#timer?.()
    for (const slot of this.#slots) slot.clear()
    this.#size = 0
  }

  #turn(): void {
    this.#at = (this.#at + 1) % this.#slots.length
    for (const member of this.#slots[this.#at] ?? []) member.beat()
    this.#timer = this.#size === 0 ? undefined : this.#clock.after(this.#slotMs, () => this.#turn())
  }
}
