import { html, type TemplateResult } from 'lit'
import type { FeedQuery } from '../client/face.ts'
import { FeedElement } from './feed-element.ts'
import { feedQuery } from './feed-query.ts'

/** `<millrace-freshness>`: how old the data of a feed are, in a line. */
export class MillraceFreshness extends FeedElement {
  protected override query(): FeedQuery {
    return feedQuery(this.feed, this, 1)
  }

  protected override render(): TemplateResult {
    return html`${this.freshnessLine({ explain: true })}`
  }
}
