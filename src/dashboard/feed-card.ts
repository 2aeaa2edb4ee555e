import { html, nothing, svg, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { UpdateInfo } from '../client/face.ts'
import type { Cancel } from '../lib/clock.ts'
import type { Hints } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import { isOfNow, knownFreshness } from '../elements/freshness-view.ts'
import { Activity, figures, measureColumns, type Measure } from '../elements/measures.ts'
import { profileColumn, profileColumns, showValue, type ColumnProfile } from '../elements/column-profile.ts'
import type { Format } from '../elements/format.ts'
import { alertsBody, eventsBody, seriesBody } from './card-body.ts'
import { cardQuery } from './card-query.ts'
import type { FeedFacts } from './own-feeds.ts'
import { seriesColumns, seriesLines } from '../elements/series-lines.ts'
import { PageElement } from './page-element.ts'
import { Reader } from '../elements/reader.ts'
import { feedHash } from './route.ts'
import { sparkPieces } from '../elements/sparkline.ts'
import type { Trail } from '../elements/trail.ts'

const mostFigures = 4
const mostLines = 3
const lingerMs = 4000
/** Who scrolls past subscribes to nothing. */
const settleMs = 120
const sparkMs = 60_000
const shortestSparkMs = 15_000
const spark = { width: 72, height: 18 }

/** One feed at a glance. While in view it is a reader of its feed: what somebody looks at is alive. */
export class FeedCard extends PageElement {
  static override properties = { ...PageElement.properties, facts: { attribute: false }, inView: { attribute: false } }
  declare facts: FeedFacts
  /** Set by the overview, which watches all cards at once. */
  declare inView: boolean | undefined
  readonly #activity = new Activity()
  #reader: Reader | undefined
  #kind = ''
  /** Why the server gives no rows; empty: it does. */
  #refusal = ''
  /** Ends the wait for the eye to rest. */
  #settling: Cancel | undefined
  /** The column whose values are shown; once chosen it stays, or the card would change its subject. */
  #column: string | undefined
  #updates = 0
  #profiles: readonly ColumnProfile[] = []

  protected override listen(): readonly Cancel[] {
    return [
      this.context.pulse.on(() => this.#follow()),
      this.context.board.onChange(() => this.requestUpdate()),
      () => this.#settling?.(),
      () => this.#reader?.leave(),
    ]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const isOther = this.facts.kind !== this.#kind
    if (isOther) this.#reader?.leave()
    if (isOther) this.#reader = undefined
    this.#kind = this.facts.kind
    if (!isOther && !changed.has('inView')) return
    this.#settling?.()
    this.#settling = undefined
    if (this.inView === true) this.#settling = this.context.clock.after(settleMs, () => this.#wantReader().want())
    else this.#reader?.release()
  }

  #wantReader(): Reader {
    this.#reader ??= new Reader(this.context.millrace.feed(this.facts.feed, cardQuery(this.#kind)), this.context.clock, {
      lingerMs,
      onRows: (rows, info) => this.#update(rows, info),
      onFreshness: () => this.requestUpdate(),
      onError: ({ message }) => {
        this.#refusal = message
        this.requestUpdate()
      },
    })
    return this.#reader
  }

  get #trail(): Trail {
    return this.context.trails.of(this.facts.feed)
  }

  #update(rows: readonly Row[], { changes, table, type }: UpdateInfo): void {
    this.#refusal = ''
    for (const [key, before] of changes) {
      const after = table.rows.get(key)
      if (before !== undefined && after !== undefined) this.#activity.note(before, after)
    }
    this.#profiles = profileColumns(table.columns, rows, this.#profiles, this.#hints)
    if (type === 'delta') this.#updates++
    if (this.#updates > 1) this.#column ??= measureColumns(table, this.#profiles, this.#activity)[0]
    this.#follow()
    this.requestUpdate()
  }

  get #figures(): readonly Measure[] {
    const feed = this.#reader?.feed
    if (feed?.rows === undefined || this.#kind !== 'table') return []
    const { board, format } = this.context
    const options = {
      most: mostFigures,
      profiles: this.#profiles,
      activity: this.#activity,
      column: this.#column,
      nowMs: board.now(),
      format,
    }
    return figures(feed.rows, feed.table, options)
  }

  /** Writes the figures into the trail, so that a value that stands still is seen to. */
  #follow(): void {
    const now = this.context.clock.now()
    if (this.#reader?.reading !== true || !this.context.board.connected || !isOfNow(this.#reader.feed.freshness)) {
      this.#trail.gap(now)
      return
    }
    this.#trail.record(now, new Map(this.#figures.flatMap(({ id, value }) => (value === null ? [] : [[id, value] as const]))))
    this.requestUpdate()
  }

  #spark(id: string): TemplateResult {
    const toMs = this.context.clock.now()
    const knownMs = toMs - (this.#trail.times[0] ?? toMs)
    const fromMs = toMs - Math.min(Math.max(knownMs, shortestSparkMs), sparkMs)
    const pieces = sparkPieces(this.#trail.times, this.#trail.line(id), { ...spark, fromMs, toMs })
    return html`<svg class="spark" viewBox="-1 -2 ${spark.width + 2} ${spark.height + 4}" preserveAspectRatio="none" aria-hidden="true">
      ${pieces.map(points => svg`<polyline points=${points} />`)}
    </svg>`
  }

  #figure({ id, label, text, value }: Measure): TemplateResult {
    return html`<div class="figure">
      <dt title=${label}>${label}</dt>
      <dd>${value === null ? '' : this.#spark(id)}<span class="value ${value === null ? 'quiet' : ''}" title=${text}>${text}</span></dd>
    </div>`
  }

  #body(): TemplateResult {
    const feed = this.#reader?.feed
    const at = { nowMs: this.context.board.now(), format: this.context.format }
    if (feed?.rows !== undefined) {
      if (this.#kind === 'alerts') return alertsBody(feed.rows, at)
      if (this.#kind === 'events') return eventsBody(feed.rows, at)
      if (this.#kind === 'series') return this.#series(feed.rows, at)
    }
    const shown = this.#figures
    if (shown.length > 0)
      return html`<dl class="figures">
        ${repeat(
          shown,
          figure => figure.id,
          figure => this.#figure(figure),
        )}
      </dl>`
    return html`<p class="figures none">${this.#emptiness()}</p>`
  }

  #series(rows: readonly Row[], at: { readonly nowMs: number; readonly format: Format }): TemplateResult {
    const column = this.#seriesColumn
    const hint = this.#hints.get(column)
    const profile = profileColumn(column, rows, undefined, hint)
    // Where nothing is said of it, it is short: there is little room.
    const isShort = profile.kind === 'number' && hint === undefined
    const show = (value: number | null): string =>
      value !== null && isShort ? at.format.compact(Math.round(value * 100) / 100) : showValue(value, profile, at.nowMs, at.format)
    return seriesBody(seriesLines(rows, column, mostLines, profile.label), show)
  }

  get #hints(): Hints {
    return this.context.hints.of(this.facts.feed)
  }

  #emptiness(): string {
    if (this.#reader?.feed.rows !== undefined) return 'No rows just now.'
    if (this.#refusal !== '') return this.#refusal
    const { rows, freshness } = this.facts
    return rows > 0 ? '' : (this.context.board.connected && freshness.reason) || 'No data yet.'
  }

  get #seriesColumn(): string {
    const feed = this.#reader?.feed
    return feed?.rows === undefined ? '' : (seriesColumns(feed.rows, feed.table.columns, this.#hints)[0] ?? '')
  }

  /** The column the figures are of; nothing where each figure is a column of its own. */
  #subject(): string {
    const [column = '', ...others] = this.#kind === 'series' ? [this.#seriesColumn] : new Set(this.#figures.map(({ column }) => column))
    if (others.length > 0 || (this.#kind !== 'series' && this.#figures.length < 2)) return ''
    return this.#hints.get(column)?.label ?? column
  }

  #footer(): TemplateResult | typeof nothing {
    const { rows, readers, changesPerSecond, bytesSaved, hasFigures } = this.facts
    const { format } = this.context
    if (!hasFigures) return nothing
    return html`<footer>
      <span><b>${format.compact(rows)}</b> ${rows === 1 ? 'row' : 'rows'}</span>
      <span><b>${format.compact(readers)}</b> ${readers === 1 ? 'reader' : 'readers'}</span>
      <span title="changes a second"><b>${format.number(changesPerSecond, changesPerSecond >= 100 ? 0 : 1)}</b>/s</span>
      ${
        bytesSaved <= 0
          ? nothing
          : html`<span class="saved" title="against each reader polling by itself">saved <b>${format.bytes(bytesSaved)}</b></span>`
      }
    </footer>`
  }

  protected override render(): TemplateResult {
    const { board } = this.context
    const { feed, freshness, description, firing } = this.facts
    const known = knownFreshness(freshness, this.#reader?.feed.freshness, board)
    return html`<article class="card state-${known.state} ${firing > 0 ? 'firing' : ''}">
      <header>
        <h3><a href=${feedHash(feed)} title=${description}>${feed}</a></h3>
        ${
          firing === 0
            ? html`<span class="subject">${this.#subject()}</span>`
            : html`<span class="badge">${this.context.format.compact(firing)} firing</span>`
        }
      </header>
      <freshness-line .context=${this.context} .freshness=${known}></freshness-line>
      ${this.#body()} ${this.#footer()}
    </article>`
  }
}
