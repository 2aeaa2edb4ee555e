import { LitElement } from 'lit'
import type { Millrace } from '../client/face.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { FeedHints } from './feed-hints.ts'
import type { Format } from './format.ts'
import type { Pulse } from './pulse.ts'
import type { ServerTime } from './server-clock.ts'
import type { Trails } from './trail.ts'

/** What all that shows live rows of one server shares. */
export interface LiveContext {
  readonly millrace: Millrace
  readonly board: ServerTime
  readonly hints: FeedHints
  readonly clock: Clock
  readonly pulse: Pulse
  readonly format: Format
  readonly trails: Trails
}

/** What changes while the page is hidden is drawn when it is shown again. */
export async function untilShown(): Promise<void> {
  while (document.hidden)
    await new Promise(shown => {
      document.addEventListener('visibilitychange', shown, { once: true })
    })
}

/** Drawn into the page or shadow root it stands in, whose one style sheet serves all, and never while the page is hidden. */
export abstract class LiveElement extends LitElement {
  static override properties = { context: { attribute: false } }
  declare context: LiveContext
  #leave: readonly Cancel[] = []

  /** What is listened to while the element is in the page. */
  protected listen(): readonly Cancel[] {
    return []
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override async scheduleUpdate(): Promise<void> {
    await untilShown()
    await super.scheduleUpdate()
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#leave = this.listen()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    for (const leave of this.#leave) leave()
    this.#leave = []
  }
}
