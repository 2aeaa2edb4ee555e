import type { Poll } from '../ask.ts'

/** When to ask next, and why: one sentence that begins with a word of its own. */
export interface Decision {
  /** Ms of the monotonic clock. */
  readonly dueAt: number
  readonly why: string
}

/** A poll that has ended. Instants in ms of the monotonic clock. */
export interface Ended {
  readonly poll: Poll
  readonly began: number
  readonly ended: number
  /** In a row; 0 after an answer. */
  readonly failures: number
}

/** What a schedule knows of its source; instants ms since 1970, durations ms. */
export interface Learned {
  /** Changes seen. */
  readonly changes: number
  /** What a request costs: 1 on budget, more where too many were made. */
  readonly price: number
  /** Of a source that changes on a schedule. */
  readonly period?: { readonly periodMs: number; readonly expectedAt: number; readonly deviationMs: number }
}

/**
 * When one source is worth asking. The poller stands over it: whatever a policy says, polls do not overlap, and none
 * comes before `minMs` since the last one, before Retry-After is over, while the budget is paused or while nobody wants
 * the source.
 */
export interface Policy {
  /** One poll per so long on average, ms. */
  readonly intervalMs: number
  /** The least from sending to sending, ms. */
  readonly minMs: number
  /** Dues that passed while a poll was still under way, since the start. */
  readonly skipped: number
  /** What it has learned; undefined where it learns nothing. */
  readonly learned: Learned | undefined
  /** After each poll. */
  after(ended: Ended): Decision
  /** It last answered then, in a run before. */
  resume(answeredAt: number): void
  /** Somebody wants the source again, which did not fail last. Undefined: its last answer is too old, ask at once. */
  again(now: number): Decision | undefined
  close(): void
}
