import { html, nothing, type TemplateResult } from 'lit'
import { guard } from 'lit/directives/guard.js'
import { FeedElement } from '../elements/feed-element.ts'
import { pollFacts } from '../elements/poll-facts.ts'

/** The rows of a feed as dots where they are, on a board. */
export class BoardMap extends FeedElement {
  static override properties = { ...FeedElement.properties, column: {} }
  /** The column that the size of a dot stands for; empty: all are of one size. */
  declare column: string

  protected override body(): TemplateResult {
    const { context, shown } = this
    return html`<row-map
      .context=${context}
      .rows=${shown?.rows ?? []}
      .columns=${shown?.table.columns ?? []}
      .keyColumn=${shown?.table.key ?? ''}
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
    const { context, rows = [], source } = this
    const draw = (): TemplateResult => {
      const polls = rows.map(pollFacts).toSorted((a, b) => a.seq - b.seq)
      return html`<heartbeat-bar .context=${context} .polls=${polls} .name=${source}></heartbeat-bar>`
    }
    return html`${guard([context, rows, source], draw)}`
  }
}
