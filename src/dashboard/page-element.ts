import { LitElement } from 'lit'
import type { Millrace } from '../client/face.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Board } from './board.ts'
import type { Format } from './format.ts'
import type { Pulse } from './pulse.ts'
import type { Trails } from './trail.ts'

/** What every part of the page shares; made once in main.ts. */
export interface PageContext {
  readonly millrace: Millrace
  readonly board: Board
  readonly clock: Clock
  readonly pulse: Pulse
  readonly format: Format
  readonly trails: Trails
}

/** A part of the page: drawn into the document itself, whose one style sheet serves all, and never while the page is hidden. */
export abstract class PageElement extends LitElement {
  static override properties = { context: { attribute: false } }
  declare context: PageContext
  #leave: readonly Cancel[] = []

  /** What is listened to while the element is in the page. */
  protected listen(): readonly Cancel[] {
    return []
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override shouldUpdate(): boolean {
    return !document.hidden
  }

  override connectedCallback(): void {
    super.connectedCallback()
    const shown = () => {
      if (!document.hidden) this.requestUpdate()
    }
    document.addEventListener('visibilitychange', shown)
    this.#leave = [...this.listen(), () => document.removeEventListener('visibilitychange', shown)]
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    for (const leave of this.#leave) leave()
    this.#leave = []
  }
}
