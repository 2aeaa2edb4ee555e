import type { Position } from '../model/position.ts'
import type { RequestId } from '../protocol/messages.ts'
import type { Outbox } from './outbox.ts'
import type { View } from './view.ts'

const nowhere: Position = { epoch: '', version: 0 }

/** One reader of a view: where it stands is all that is kept of it, so that slowness costs nothing (L5). */
export class Subscription {
  readonly view: View
  readonly outbox: Outbox
  /** The position last written. */
  position: Position = nowhere
  /** Not answered yet: its `subscribed` waits for first data, or for the version it asked to go on from. */
  pending = true
  /** A status could not be written while the outbox was held. */
  owesStatus = false
  /** When its last resync was answered, ms (monotonic). */
  resyncedAt = Number.NEGATIVE_INFINITY
  resyncOwed = false
  /** Ids of further `subscribe`s that came while it was pending. */
  readonly alsoAsked: RequestId[] = []
  /** Ends the waiting of a pending one. */
  stopWaiting: (() => void) | undefined

  constructor(view: View, outbox: Outbox) {
    this.view = view
    this.outbox = outbox
  }

  /** Whether it is owed data: its position is not the view's. */
  get isDue(): boolean {
    if (this.pending) return false
    const { epoch, version } = this.view.position
    return version > 0 && (this.position.version !== version || this.position.epoch !== epoch)
  }
}
