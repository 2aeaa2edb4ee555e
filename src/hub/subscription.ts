import { MillraceError } from '../model/errors.ts'
import type { Position } from '../model/position.ts'
import { encodeMessage } from '../protocol/codec.ts'
import type { RequestId } from '../protocol/messages.ts'
import type { FanOutFigures } from './figures.ts'
import type { Asker } from './principal.ts'
import type { Snapshot, SnapshotWaiter } from './snapshots.ts'
import type { Throttle } from './throttle.ts'
import type { View, ViewReader } from './view.ts'

/** The connection that a subscription is part of. */
export interface Line extends Asker {
  /** Data is held back: the reader is behind. */
  readonly isHeld: boolean
  send(frame: Buffer): void
  /** Nothing is owed for an address any more. */
  remove(address: string): void
  /** An answer that a subscription is due: now, or as soon as the reader has room. */
  bring(subscription: Subscription): void
  /** Whether it may wait for a large snapshot: one at a time. Otherwise its turn comes after that one. */
  mayWait(subscription: Subscription): boolean
  /** What it waited for has come, or is not wanted any more. */
  waited(subscription: Subscription): void
  /** A subscription of it is due: it is to be written at the next flush of its class. */
  due(throttle: Throttle): void
}

const nowhere: Position = { epoch: '', version: 0 }

/** One reader of a view: where it stands is all that is kept of it, so that slowness costs nothing (L5). */
export class Subscription implements ViewReader, SnapshotWaiter {
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
  /** The id of the `subscribe` that is still to be answered, where it has one. */
  asked: RequestId | undefined
  /** Ids of further `subscribe`s that came while it was pending. */
  alsoAsked: RequestId[] | undefined
  /** Ends the waiting of a pending one. */
  stopWaiting: (() => void) | undefined
  readonly #figures: FanOutFigures
  /** What it is due answers a message: it is written as soon as there is room, whatever its class. */
  owesAnswer = false
  /** It waits for a large snapshot, and is due nothing until that is made. */
  #waits = false
  #owesStatus = false
  /** The view's round whose checksum it was told. */
  #checkRound: number

  constructor(view: View, line: Line, throttle: Throttle, figures: FanOutFigures) {
    this.view = view
    this.line = line
    this.throttle = throttle
    this.#figures = figures
    this.#checkRound = view.checkRound
  }

  /** Whether it is owed data: its position is not the view's. */
  get isDue(): boolean {
    if (this.pending || this.#waits) return false
    const { epoch, version } = this.view.position
    return version > 0 && (this.position.version !== version || this.position.epoch !== epoch)
  }

  changed(): void {
    this.line.due(this.throttle)
  }

  /** A message of the view's address; counted. */
  write(frame: Buffer): void {
    this.line.send(frame)
    this.#count(frame)
  }

  /** The status is owed with the next flush, throttle or not: whatever comes until then, only the last one is told. */
  freshened(): void {
    this.#owesStatus = true
    this.line.due(0)
  }

  /** An answer's status; while data is held, it comes with it. */
  writeStatus(): void {
    if (this.line.isHeld) this.freshened()
    else this.write(this.view.status)
  }

  /** It is owed more than data. */
  get owesMore(): boolean {
    return this.#owesStatus || this.#checkRound !== this.view.checkRound
  }

  /** The status that is owed, counted as written; undefined: none is. */
  takeStatus(): Buffer | undefined {
    if (!this.#owesStatus) return undefined
    this.#owesStatus = false
    const { status } = this.view
    this.#count(status)
    return status
  }

  /** The checksum of the version it was just brought to; undefined: it was told one not long ago. */
  takeCheck(): Buffer | undefined {
    if (this.#checkRound === this.view.checkRound) return undefined
    this.#checkRound = this.view.checkRound
    return this.view.check
  }

  /** The message that takes it to the view's version, counted as written; undefined: it waits for a large snapshot. */
  take(): Buffer | undefined {
    const { frames, position } = this.view
    const frame = frames.delta(this.position) ?? frames.snapshots.ready?.frame
    if (frame === undefined) this.#wait()
    else {
      this.position = position
      this.#count(frame)
    }
    return frame
  }

  /** Goes to the view's version by one message. */
  bring(): void {
    const frame = this.take()
    if (frame !== undefined) this.line.send(frame)
  }

  /**
   * Part of the flush that asked for it, which had room: were it held now, feeds that change all the time could fill a
   * slow line each time, and it would never be sent anything. One at a time, so that what passes the window is bounded.
   */
  made(snapshot: Snapshot): void {
    this.#waits = false
    if (this.isDue) this.#takeMade(snapshot)
    this.line.waited(this)
  }

  #takeMade({ frame, position }: Snapshot): void {
    const { frames } = this.view
    if (frames.delta(this.position) !== undefined || frames.snapshots.current !== undefined) return this.bring()
    // The table went on meanwhile: what is new follows.
    this.write(frame)
    this.position = position
    if (this.throttle === 0) this.line.bring(this)
    else this.changed()
  }

  /** A `subscribe` that is still to be answered is refused, which says more than that what it led to has ended. */
  dismiss(): void {
    const { address, feed } = this.view
    const { code, message, retry } = new MillraceError('not_found', `there is no feed '${feed.name}' any more`)
    const ids = [this.asked, ...(this.alsoAsked ?? [])]
    this.end()
    this.line.remove(address)
    if (!this.pending) return this.line.send(encodeMessage({ type: 'unsubscribed', feed: address, code }))
    for (const id of ids)
      this.line.send(encodeMessage({ type: 'error', ...(id === undefined ? {} : { id }), feed: address, code, message, retry }))
  }

  /** It is no more: nothing that it waited for comes. */
  end(): void {
    this.stopWaiting?.()
    this.view.frames.snapshots.forget(this)
    this.line.waited(this)
  }

  #count(frame: Buffer): void {
    this.#figures.bytesSent += frame.byteLength
    this.#figures.messagesSent++
  }

  #wait(): void {
    if (this.#waits || !this.line.mayWait(this)) return
    this.#waits = true
    this.view.frames.snapshots.wait(this)
  }
}
