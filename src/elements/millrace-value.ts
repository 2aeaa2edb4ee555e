import { html, nothing, svg, type TemplateResult } from 'lit'
import type { FeedQuery, UpdateInfo } from '../client/face.ts'
import type { Row } from '../model/row.ts'
import { profileColumns, rowName, type ColumnProfile } from './column-profile.ts'
import type { MillraceValue as Face } from './face.ts'
import { FeedElement, text } from './feed-element.ts'
import { feedQuery, isAddress, whereKey } from './feed-query.ts'
import { isOfNow, toneOf } from './freshness-view.ts'
import { mark } from './mark.ts'
import { Activity, figures, type Measure } from './measures.ts'
import { keyOfRow } from './row-lines.ts'
import { sparkPieces } from './sparkline.ts'
import type { Trail } from './trail.ts'

const sparkMs = 60_000
const spark = { width: 120, height: 28 }

/** `<millrace-value>`: one cell, large, with its age. */
export class MillraceValue extends FeedElement implements Face {
  static override properties = { ...FeedElement.properties, column: text, key: text, label: text, spark: { type: Boolean } }
  declare column: string
  declare key: string
  declare label: string
  declare spark: boolean
  readonly #activity = new Activity()
  #profiles: readonly ColumnProfile[] = []

  constructor() {
    super()
    this.column = ''
    this.key = ''
    this.label = ''
    this.spark = false
  }

  protected override query(): FeedQuery {
    const { order, limit, throttle } = this
    const written = { where: this.key === '' ? this.where : whereKey(this.key, this.where), order, limit, throttle }
    return feedQuery(this.feed, written, 1, this.column === '' ? [] : [this.column])
  }

  protected override took(rows: readonly Row[], { table }: UpdateInfo): void {
    this.#profiles = profileColumns(table.columns, rows, this.#profiles, this.hints)
    this.#follow()
  }

  protected override beat(): void {
    this.#follow()
    super.beat()
  }

  get #trail(): Trail | undefined {
    return this.context?.trails.of(`value ${this.shown?.table.feed} ${this.column} ${this.key}`)
  }

  #follow(): void {
    const { context } = this
    if (context === undefined || !this.spark) return
    const now = context.clock.now()
    const { id, value } = this.#measure ?? {}
    if (id === undefined || value === undefined || value === null || !isOfNow(this.freshness)) this.#trail?.gap(now)
    else this.#trail?.record(now, new Map([[id, value]]))
  }

  get #measure(): Measure | undefined {
    const { context, shown } = this
    if (context === undefined || shown?.rows === undefined) return undefined
    const { table } = shown
    const row = isAddress(this.feed) && this.key !== '' ? shown.rows.find(row => keyOfRow(row, table.key) === this.key) : shown.rows[0]
    if (row === undefined) return undefined
    const named = this.column === '' ? this.#profiles : this.#profiles.filter(({ name }) => name === this.column)
    const { board, format } = context
    const options = { most: 1, profiles: named, activity: this.#activity, column: this.column || undefined, nowMs: board.now(), format }
    return figures([row], table, options)[0]
  }

  #line(id: string): TemplateResult | typeof nothing {
    const trail = this.#trail
    if (!this.spark || trail === undefined || this.context === undefined) return nothing
    const toMs = this.context.clock.now()
    const fromMs = Math.max(trail.times[0] ?? toMs, toMs - sparkMs)
    const pieces = sparkPieces(trail.times, trail.line(id), { ...spark, fromMs: Math.min(fromMs, toMs - 15_000), toMs })
    return html`<svg
      class="spark"
      part="spark"
      viewBox="-1 -2 ${spark.width + 2} ${spark.height + 4}"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      ${pieces.map(points => svg`<polyline points=${points} />`)}
    </svg>`
  }

  protected override body(): TemplateResult {
    const measure = this.#measure
    if (measure === undefined) return html`<p class="empty" part="empty"><slot name="empty">No such row or column.</slot></p>`
    const tone = toneOf(this.freshness)
    // Without its footer a value that is not current must be told from one that is.
    const state = this.bare && tone !== 'fresh' ? html`<span title=${tone}>${mark(tone)}</span>` : nothing
    return html`<p class="value" part="value">${state}${measure.text}</p>
      ${this.#line(measure.id)}`
  }

  #title(): string {
    const name = this.#measure?.column ?? this.column
    const column = this.hints.get(name)?.label ?? name
    const of = this.key === '' ? this.feed : rowName(this.key)
    return this.label || [of, column].filter(Boolean).join(' · ')
  }

  protected override header(): TemplateResult {
    return html`<header part="header">
      <slot name="title"><span class="label" part="label">${this.#title()}</span></slot>
    </header>`
  }

  protected override footer(): TemplateResult {
    return html`<footer>${this.freshnessLine()}</footer>`
  }
}
