import type { Position } from '../model/position.ts'
import type { RequestId } from '../protocol/messages.ts'
import type { FanOutFigures } from './figures.ts'
import type { Throttle } from './throttle.ts'
import type { View, ViewReader } from './view.ts'

/** The connection that a subscription is part of. */
export interface Line {
  /** Data is held back: the reader is behind. */
  readonly isHeld: boolean
  send(frame: Buffer): void
  /** Data for a subscription that is due: now, or once the reader has room. */
  bring(subscription: Subscription): void
  /** A subscription of it is due: it is to be written at the next flush of its class. */
  due(throttle: Throttle): void
}

const nowhere: Position = { epoch: '', version: 0 }

/** One reader of a view: where it stands is all that is kept of it, so that slowness costs nothing (L5). */
export class Subscription implements ViewReader {
  readonly view: View
  readonly line: Line
  /** Its class. */
  throttle: Throttle
  /** The position last written. */
  position: Position = nowhere
  /** Not answered yet: its `subscribed` waits for first data, or for the version it asked to go on from. */
  pending = true
  /** When its last resync was answered, ms (monotonic). */
  resyncedAt = Number.NEGATIVE_INFINITY
  resyncOwed = false
  /** Ids of further `subscribe`s that came while it was pending. */
  readonly alsoAsked: RequestId[] = []
  /** Ends the waiting of a pending one. */
  stopWaiting: (() => void) | undefined
  readonly #figures: FanOutFigures
  /** A status could not be written while the line was held. */
  #owesStatus = false

  constructor(view: View, line: Line, throttle: Throttle, figures: FanOutFigures) {
    this.view = view
    this.line = line
    this.throttle = throttle
    this.#figures = figures
  }

  /** Whether it is owed data: its position is not the view's. */
  get isDue(): boolean {
    if (this.pending) return false
    const { epoch, version } = this.view.position
    return version > 0 && (this.position.version !== version || this.position.epoch !== epoch)
  }

  changed(): void {
    this.line.due(this.throttle)
  }

  /** A message of the view's address; counted. */
  write(frame: Buffer): void {
    this.line.send(frame)
    this.#figures.bytesSent += frame.byteLength
    this.#figures.messagesSent++
  }

  /** A status: while data is held only the last one is kept. */
  writeStatus(frame: Buffer): void {
    if (this.line.isHeld) this.#owesStatus = true
    else this.write(frame)
  }

  /** The status that was held back, once. */
  writeOwedStatus(frame: () => Buffer): void {
    if (!this.#owesStatus) return
    this.#owesStatus = false
    this.write(frame())
  }

  /** Goes to the view's version by one message. */
  bring(): void {
    this.write(this.view.frames.next(this.position))
    this.position = this.view.position
  }
}
