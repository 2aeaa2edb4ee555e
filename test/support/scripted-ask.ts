import type { Clock } from '../../src/lib/clock.ts'
import type { Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'
import type { Ask, Poll, PollFacts, PollFailed } from '../../src/source/ask.ts'
import { unifyRows } from '../../src/source/unify.ts'

/** What one poll is to come to: rows, a failure, or a bug of ours. */
export type Outcome = readonly Row[] | Partial<PollFailed> | Error

/** A remote whose answers the test gives, and that counts. A poll takes `tookMs` by the clock; 0: it is answered at once. */
export class ScriptedAsk implements Ask {
  /** When each poll began, ms (monotonic). */
  readonly asked: number[] = []
  underWay = 0
  /** Most polls under way at once. */
  most = 0
  closed = false
  /** How often it was told that nobody wants it. */
  rested = 0
  tookMs = 0
  isFollowing = false
  /** It has news. */
  wake: () => void = () => undefined
  outcome: () => Outcome = () => []
  /** What every poll tells beside its outcome. */
  told: Partial<PollFacts> = {}
  readonly #clock: Clock
  #table: Table | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async poll(): Promise<Poll> {
    this.asked.push(this.#clock.monotonic())
    this.underWay++
    this.most = Math.max(this.most, this.underWay)
    try {
      if (this.tookMs > 0) await new Promise<void>(resolve => void this.#clock.after(this.tookMs, resolve))
      return this.#poll(this.outcome())
    } finally {
      this.underWay--
    }
  }

  wakes(wake: () => void): void {
    this.wake = wake
  }

  rest(): void {
    this.rested++
  }

  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }

  #poll(outcome: Outcome): Poll {
    const facts = { at: this.#clock.now(), durationMs: this.tookMs, bytes: 0, ...this.told }
    if (outcome instanceof Error) throw outcome
    if (!Array.isArray(outcome))
      return { kind: 'failed', cause: 'refused', reason: 'refused', ...facts, ...(outcome as Partial<PollFailed>) }
    const unified = unifyRows(this.#table, 'id', outcome as readonly Row[])
    const kind = unified.table === this.#table ? 'unchanged' : 'changed'
    this.#table = unified.table
    return { kind, ...unified, ...facts }
  }
}
