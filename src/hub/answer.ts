import type { Clock } from '../lib/clock.ts'
import { MillraceError } from '../model/errors.ts'
import type { Position, Since } from '../model/position.ts'
import { encodeMessage } from '../protocol/codec.ts'
import type { Query, RequestId } from '../protocol/messages.ts'
import { standingOf, toldPosition, type Standing } from './resume.ts'
import type { Subscription } from './subscription.ts'
import type { Throttle } from './throttle.ts'
import type { View } from './view.ts'

/** How long `get` waits for first data, and a `since` from ahead for its version. */
const patienceMs = 5000
/** Answers that one connection may be owed at a time. */
const mostOwed = 16
/** At most one resync a second and address is answered; a further one later, not never. */
const resyncEveryMs = 1000

/** What a subscriber asked: where it stands, and how the answer is told apart. */
export interface Asked {
  readonly id?: RequestId
  readonly since?: Since
}

export interface SubscribeRequest extends Query, Asked {
  readonly feed: string
  /** Least ms between two deltas; default 0. */
  readonly throttle?: number
}

/** Answers `subscribe`, `resync` and `get`: at once, or once there is what they wait for. */
export class Answers {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The answer to a first `subscribe`: `subscribed`, what follows from the position, `status`. */
  subscribe(subscription: Subscription, asked: Asked): void {
    const { view } = subscription
    const { since } = asked
    if (since === undefined) return settle(subscription, asked, 'elsewhere')
    const standing = standingOf(view, since)
    if (standing !== 'waiting' && standing !== 'ahead') return settle(subscription, asked, standing)
    subscription.write(view.status)
    this.#waitFor(subscription, { ...asked, since }, standing === 'ahead' ? patienceMs : undefined)
  }

  /**
   * The answer to a further `subscribe` to an address that is held: it changes the throttle alone, and what is pending
   * goes out with the new class.
   * @throws MillraceError `rate_limited`.
   */
  again(held: Subscription, id: RequestId | undefined, throttle: Throttle): void {
    held.throttle = throttle
    if (!held.pending) {
      tell(held, id, true, held.position)
      if (held.isDue) held.changed()
      return
    }
    const { alsoAsked = [] } = held
    if (alsoAsked.length >= mostOwed)
      throw new MillraceError('rate_limited', `'${held.view.address}' has no data yet, and was asked for ${mostOwed} times`)
    if (id !== undefined) held.alsoAsked = [...alsoAsked, id]
  }

  /** A snapshot again. `isHeld` tells whether the subscription is still there when its turn comes. */
  resync(subscription: Subscription, isHeld: () => boolean): void {
    if (subscription.pending || subscription.resyncOwed || subscription.view.position.version === 0) return
    const waitMs = subscription.resyncedAt + resyncEveryMs - this.#clock.monotonic()
    if (waitMs <= 0) return this.#resync(subscription)
    subscription.resyncOwed = true
    this.#clock.after(waitMs, () => {
      subscription.resyncOwed = false
      if (isHeld()) this.#resync(subscription)
    })
  }

  /** @throws MillraceError `unavailable` after 5 s without data. */
  firstData(view: View): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        view.waiting.delete(wake)
        cancel()
        resolve()
      }
      const cancel = this.#clock.after(patienceMs, () => {
        view.waiting.delete(wake)
        const { state, reason } = view.feed.freshness
        const why = reason === undefined ? state : `${state}: ${reason}`
        reject(new MillraceError('unavailable', `feed '${view.feed.name}' has no data yet (${why})`))
      })
      view.waiting.add(wake)
    })
  }

  #resync(subscription: Subscription): void {
    subscription.resyncedAt = this.#clock.monotonic()
    subscription.position = { epoch: subscription.view.position.epoch, version: 0 }
    subscription.line.bring(subscription)
  }

  /** Answers once the view changes: for the first time, or up to the version asked for. */
  #waitFor(subscription: Subscription, asked: Asked & { readonly since: Since }, patience: number | undefined): void {
    const { view } = subscription
    const tryNow = (giveUp: boolean): void => {
      const standing = standingOf(view, asked.since)
      if (!giveUp && (standing === 'waiting' || standing === 'ahead')) return
      subscription.stopWaiting?.()
      settle(subscription, asked, standing === 'ahead' ? 'elsewhere' : standing)
    }
    const wake = (): void => tryNow(false)
    subscription.asked = asked.id
    const cancel = patience === undefined ? undefined : this.#clock.after(patience, () => tryNow(true))
    view.waiting.add(wake)
    subscription.stopWaiting = () => {
      view.waiting.delete(wake)
      cancel?.()
      subscription.stopWaiting = undefined
    }
  }
}

function settle(subscription: Subscription, { id, since }: Asked, standing: Standing): void {
  const { view } = subscription
  const told = toldPosition(view, standing, since)
  const resumed = standing === 'same' || standing === 'behind'
  subscription.pending = false
  subscription.position = resumed ? told : { epoch: view.position.epoch, version: 0 }
  tell(subscription, id, resumed, told)
  for (const other of subscription.alsoAsked ?? []) tell(subscription, other, resumed, told)
  subscription.alsoAsked = undefined
  // A reader that holds no rows learns how far to believe them before they come, one that does after what is new.
  if (!resumed) subscription.write(view.status)
  if (subscription.isDue) subscription.line.bring(subscription)
  if (!resumed) return
  // A checksum is of what the reader holds: what is held back comes without one.
  if (!subscription.isDue) subscription.line.send(view.check)
  subscription.writeStatus()
}

function tell(subscription: Subscription, id: RequestId | undefined, resumed: boolean, { epoch, version }: Position): void {
  const feed = subscription.view.address
  subscription.line.send(
    encodeMessage({
      type: 'subscribed',
      ...(id === undefined ? {} : { id }),
      feed,
      epoch,
      version,
      resumed,
      throttle: subscription.throttle,
    }),
  )
}
