import { MillraceError } from '../model/errors.ts'
import type { Query } from '../protocol/messages.ts'
import type { Outbox } from './outbox.ts'
import type { Overload } from './overload.ts'
import type { Asker, Grants } from './principal.ts'
import { isQuery, readQuery, type QueryLimits } from './query.ts'
import type { Subscription } from './subscription.ts'
import type { View } from './view.ts'
import type { ViewTime } from './view-time.ts'
import type { PlannedView, Views } from './views.ts'

export interface LookupOptions {
  readonly views: Views
  readonly time: ViewTime
  readonly limits: QueryLimits
  /** Undefined: no load is shed. */
  readonly overload: Overload | undefined
  /** A view that was behind its feed was brought up to it for who asks; others may follow it. */
  readonly broughtUp: (view: View) => void
}

/** Finds the view that somebody asks for, or builds it, which is counted against them. */
export class Lookup {
  readonly #options: LookupOptions

  constructor(options: LookupOptions) {
    this.#options = options
  }

  /** @throws MillraceError `not_found`, `bad_query`. */
  plan(feed: string, query: Query, grants: Grants): PlannedView {
    const { time, views, limits } = this.#options
    const plan = (): PlannedView => views.plan(readQuery(feed, query, limits), grants)
    return isQuery(feed, query) ? time.plan(plan) : plan()
  }

  /** To be released. @throws MillraceError `too_many`, `rate_limited`. */
  acquire(planned: PlannedView, asker: Asker): View {
    const { views, time, overload, broughtUp } = this.#options
    const { feed, plan } = planned
    const known = views.get(plan.address)
    if (plan.address === feed.name || known?.isBehind === false) return views.acquire(planned)
    if (known === undefined && overload?.sheds('no new views') === true) throw overload.refusal()
    const view = time.charge(asker, () => views.acquire(planned))
    if (known === view) broughtUp(view)
    return view
  }

  /** What is held of a planned view, by any of the names that it was told under. */
  held(outbox: Outbox, spelling: string, planned: PlannedView): Subscription | undefined {
    // The name that was told before the key was known stays a name of what is held.
    const told = spelling.includes('?') ? outbox.get(spelling) : undefined
    return told ?? outbox.get(planned.plan.address) ?? outbox.subscriptions().find(({ view }) => this.#options.views.isThat(view, planned))
  }

  /**
   * A subscription by any spelling of its address; the one that `subscribed` told is found without reading it.
   * @throws MillraceError `not_found`, `bad_query`.
   */
  find(outbox: Outbox, feed: string): Subscription {
    const exact = outbox.get(feed)
    if (exact !== undefined) return exact
    const planned = this.plan(feed, {}, outbox.grants)
    const subscription = this.held(outbox, feed, planned)
    if (subscription === undefined) throw new MillraceError('not_found', `not subscribed to '${planned.plan.address}'`)
    return subscription
  }
}
