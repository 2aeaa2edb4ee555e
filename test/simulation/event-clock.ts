import { clampDelay, type Cancel, type Clock } from '../../src/lib/clock.ts'

interface Event {
  readonly dueMs: number
  /** Events of one instant happen in the order in which they were set up. */
  readonly order: number
  run: (() => void) | undefined
}

function isBefore(a: Event, b: Event): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

/** Virtual time that moves from event to event, by whole ms as timers do; a heap, as a run has millions of them. */
export class EventClock implements Clock {
  /** Events that happened. */
  steps = 0
  readonly #heap: Event[] = []
  #nowMs = 0
  #order = 0

  now(): number {
    return 1_769_090_000_000 + this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Cancel {
    const event: Event = { dueMs: this.#nowMs + Math.ceil(clampDelay(delayMs)), order: this.#order++, run }
    this.#push(event)
    return () => {
      event.run = undefined
    }
  }

  /** Lets the next event happen; false: there is none until then. */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const [first] = this.#heap
      if (first === undefined || first.dueMs > untilMs) return false
      this.#pop()
      if (first.run === undefined) continue
      this.#nowMs = first.dueMs
      this.steps++
      first.run()
      return true
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const [a, b] = [heap[left], heap[left + 1]]
      const child = a === undefined ? undefined : b !== undefined && isBefore(b, a) ? left + 1 : left
      const below = child === undefined ? undefined : heap[child]
      if (child === undefined || below === undefined || !isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}
