import { html, nothing, type TemplateResult } from 'lit'
import { FeedElement } from '../elements/feed-element.ts'
import { placeColumns } from '../elements/place-columns.ts'
import { pollFacts } from '../elements/poll-facts.ts'

/** The rows of a feed as dots where they are, on a board. */
export class BoardMap extends FeedElement {
  static override properties = { ...FeedElement.properties, column: {} }
  /** The column that the size of a dot stands for; empty: all are of one size. */
  declare column: string

  protected override body(): TemplateResult {
    const { context, shown } = this
    const places = shown?.rows === undefined ? undefined : placeColumns(shown.rows, shown.table.columns)
    if (context === undefined || shown?.rows === undefined || places === undefined)
      return html`<p class="empty">These rows have no latitude and longitude.</p>`
    return html`<row-map
      .context=${context}
      .rows=${shown.rows}
      .columns=${shown.table.columns}
      .places=${places}
      .keyColumn=${shown.table.key}
      .measure=${this.column === '' ? undefined : this.column}
      .name=${this.feed}
    ></row-map>`
  }
}

/** The last polls of a source, on a board; reads `$polls`. */
export class BoardHeartbeat extends FeedElement {
  static override properties = { ...FeedElement.properties, source: {} }
  declare source: string

  protected override get emptyText(): string {
    return 'Not polled yet.'
  }

  /** Polls that are told of as they happen may all have failed: that they are fresh says nothing of the source. */
  protected override freshnessLine(): TemplateResult | typeof nothing {
    return this.freshness.state === 'fresh' ? nothing : super.freshnessLine()
  }

  protected override body(): TemplateResult {
    const polls = (this.rows ?? []).map(pollFacts).toSorted((a, b) => a.seq - b.seq)
    return html`<heartbeat-bar .context=${this.context} .polls=${polls} .name=${this.source}></heartbeat-bar>`
  }
}
