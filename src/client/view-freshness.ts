import type { Clock } from '../lib/clock.ts'
import type { Freshness } from '../model/freshness.ts'
import type { StatusMessage } from '../protocol/messages.ts'
import type { FeedFreshness } from './face.ts'

/** How far the rows of one address can be believed: the server's word, put right by what the client knows itself. */
export class ViewFreshness {
  readonly #clock: Clock
  readonly #changed: (freshness: FeedFreshness) => void
  #told: Freshness
  #shown: FeedFreshness
  /** Why there is no word of the server's. */
  #lost: { readonly reason: string; readonly since: number } | undefined
  /** Why the rows are not those of the server, while a snapshot is waited for. */
  #outOfStep: { readonly reason: string; readonly since: number } | undefined
  #hasRows = false

  constructor(clock: Clock, changed: (freshness: FeedFreshness) => void) {
    this.#clock = clock
    this.#changed = changed
    this.#told = { state: 'waiting', since: clock.now() }
    this.#shown = this.#told
  }

  get current(): FeedFreshness {
    return this.#shown
  }

  lost(reason: string): void {
    if (this.#lost?.reason === reason) return
    this.#lost = { reason, since: this.#lost?.since ?? this.#clock.now() }
    this.#show()
  }

  /** The server holds the subscription; until its status comes, which it does with every answer, nothing new is known. */
  subscribed(): void {
    this.#outOfStep = undefined
  }

  status({ type: _type, feed: _feed, ...told }: StatusMessage): void {
    this.#lost = undefined
    this.#told = told
    this.#show()
  }

  outOfStep(reason: string): void {
    this.#outOfStep = { reason, since: this.#clock.now() }
    this.#show()
  }

  /** The rows are the server's again. */
  inStep(): void {
    this.#hasRows = true
    if (this.#outOfStep === undefined) return
    this.#outOfStep = undefined
    this.#show()
  }

  #show(): void {
    this.#shown = this.#judge()
    this.#changed(this.#shown)
  }

  #judge(): FeedFreshness {
    const { cause: _cause, reason: _reason, next: _next, ...known } = this.#told
    if (this.#lost !== undefined) return { ...known, ...this.#lost, state: 'disconnected' }
    if (this.#outOfStep !== undefined) return { ...known, ...this.#outOfStep, state: 'stale', cause: 'internal' }
    // A server that was started anew has no data yet, but its reader does.
    return this.#told.state === 'waiting' && this.#hasRows ? { ...this.#told, state: 'stale' } : this.#told
  }
}
