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
  /** Slots that passed. */
  #turns = 0
  /** When the next slot's turn is, ms (monotonic): late timers must not add up, or silence outlasts what was promised. */
  #dueAt = 0
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
    if (this.#timer === undefined) {
      this.#dueAt = this.#clock.monotonic()
      this.#await()
    }
    return this.#at
  }

  /** Ends the beats of a member; `place` is what `add` returned. Again does nothing. */
  remove(member: Beating, place: number): void {
    if (this.#slots[place]?.delete(member) === true) this.#size--
  }

  /** The time, in turns of the wheel; cheap to ask for. */
  get turns(): number {
    return this.#turns
  }

  /** Whether a moment of the past, in `turns`, lies half an interval back or more. */
  isLongAgo(turns: number): boolean {
    return 2 * (this.#turns - turns) >= this.#slots.length
  }

  close(): void {
    this.#timer?.()
    for (const slot of this.#slots) slot.clear()
    this.#size = 0
  }

  #await(): void {
    this.#dueAt += this.#slotMs
    this.#timer = this.#clock.after(this.#dueAt - this.#clock.monotonic(), () => this.#turn())
  }

  #turn(): void {
    this.#turns++
    this.#at = (this.#at + 1) % this.#slots.length
    for (const member of this.#slots[this.#at] ?? []) member.beat()
    if (this.#size === 0) this.#timer = undefined
    else this.#await()
  }
}
