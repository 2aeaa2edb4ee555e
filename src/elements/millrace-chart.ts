import { html, unsafeCSS, type TemplateResult } from 'lit'
import plotStyles from 'uplot/dist/uPlot.min.css?inline'
import type { FeedQuery, UpdateInfo } from '../client/face.ts'
import type { Row } from '../model/row.ts'
import { ChartSubject } from './chart-subject.ts'
import type { MillraceChart as Face } from './face.ts'
import { FeedElement, text } from './feed-element.ts'
import { feedQuery } from './feed-query.ts'
import { isOfNow } from './freshness-view.ts'
import { Activity } from './measures.ts'
import { SeriesSubject } from './series-subject.ts'
import { mostLines, type Subject } from './subject.ts'

const mostPoints = 5000

/** `<millrace-chart>`: the numbers of a feed over the last minutes, from when it was opened; of a series, its points. */
export class MillraceChart extends FeedElement implements Face {
  static override properties = { ...FeedElement.properties, column: text }
  static override styles = [unsafeCSS(plotStyles), ...FeedElement.styles]
  declare column: string
  #activity = new Activity()
  #subject: Subject | undefined
  /** Its rows are the points. */
  #isSeries = false
  /** What the subject is of. */
  #name = ''

  constructor() {
    super()
    this.column = ''
  }

  protected override query(): FeedQuery {
    if (!this.#isSeries) return feedQuery(this.feed, this, mostLines)
    const { where, order, limit, throttle } = this
    // A series begins with its oldest points.
    return feedQuery(this.feed, { where, order: order === '' ? '-time' : order, limit, throttle }, mostPoints)
  }

  protected override took(_rows: readonly Row[], { changes, table }: UpdateInfo): void {
    for (const [key, before] of changes) {
      const after = table.rows.get(key)
      if (before !== undefined && after !== undefined) this.#activity.note(before, after)
    }
    const isSeries = table.kind === 'series'
    if (isSeries !== this.#isSeries) {
      this.#isSeries = isSeries
      this.reopen()
    }
    this.#follow()
  }

  protected override beat(): void {
    this.#follow()
    super.beat()
  }

  /** Takes the numbers of the moment into the chart; where nothing is known for sure the line has a gap. */
  #follow(): void {
    const { context, shown } = this
    if (context === undefined || shown?.rows === undefined) return
    const { board, clock, trails, format } = context
    const name = JSON.stringify([shown.table.feed, this.column, this.#isSeries])
    if (name !== this.#name) {
      this.#name = name
      this.#activity = new Activity()
      this.#subject = this.#isSeries ? new SeriesSubject(this.column) : new ChartSubject(trails.of(name), this.#activity, this.column)
    }
    const known = board.connected && isOfNow(this.freshness)
    const at = { known, timeMs: clock.now(), nowMs: board.now(), format, hints: this.hints }
    this.#subject?.follow(shown.rows, shown.table, at)
  }

  /** The same function each time: nothing is drawn anew for it. */
  readonly #axisText = (value: number): string => {
    const format = this.context?.format
    return format === undefined ? '' : (this.#subject?.text(value, format) ?? '')
  }

  protected override body(): TemplateResult {
    const { context } = this
    const subject = this.#subject
    if (context === undefined || subject === undefined || subject.lines.length === 0)
      return html`<p class="empty" part="empty"><slot name="empty">Nothing to draw: no column holds numbers.</slot></p>`
    return html`<millrace-plot
      .context=${context}
      .trail=${subject.trail}
      .lines=${subject.lines}
      .name=${this.feed}
      .whole=${subject.whole}
      .axisText=${this.#axisText}
    ></millrace-plot>`
  }
}
