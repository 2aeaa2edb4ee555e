import { html, nothing, type TemplateResult } from 'lit'
import type { FeedFreshness } from '../client/face.ts'
import type { Cancel } from '../lib/clock.ts'
import { viewFreshness } from './freshness-view.ts'
import { mark } from './mark.ts'
import { LiveElement } from './live-element.ts'

/** Freshness by shape, colour and word, with the age ticking. */
export class FreshnessLine extends LiveElement {
  static override properties = { ...LiveElement.properties, freshness: { attribute: false }, explain: { attribute: false } }
  declare freshness: FeedFreshness
  /** Whether the reason is shown too. */
  declare explain: boolean | undefined

  protected override listen(): readonly Cancel[] {
    return [this.context.pulse.on(() => this.requestUpdate())]
  }

  protected override render(): TemplateResult {
    const { tone, word, detail, reason } = viewFreshness(this.freshness, this.context.board.now(), this.context.format)
    return html`${mark(tone)}<span class="word tone-${tone}">${word}</span><span class="age" title=${detail}>${detail}</span>${
        this.explain === true && reason !== '' ? html`<span class="reason">${reason}</span>` : nothing
      }`
  }
}
