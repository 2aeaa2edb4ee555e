import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { FeedQuery } from '../client/face.ts'
import { alertLines, type AlertLine } from './alert-list.ts'
import { FeedElement } from './feed-element.ts'
import { feedQuery } from './feed-query.ts'
import { alertMark } from './mark.ts'

const mostAlerts = 100

/** `<millrace-alerts>`: the alerts of a feed of that kind, firing first. */
export class MillraceAlerts extends FeedElement {
  protected override query(): FeedQuery {
    return feedQuery(this.feed, this, mostAlerts)
  }

  protected override get emptyText(): string {
    return 'No alerts.'
  }

  #line(line: AlertLine): TemplateResult {
    const { state, tone, severity, text, since } = line
    const { board, format } = this.context ?? {}
    const age = since === undefined || board === undefined ? '' : (format?.span(board.now() - since) ?? '')
    return html`<li part="alert" class="alert-${state}">
      ${alertMark(line)}<span class="word tone-${tone}">${state}</span>
      ${severity === '' ? nothing : html`<span class="severity">${severity}</span>`}
      <span class="text">${text}</span>${age === '' ? nothing : html`<span class="age">for ${age}</span>`}
    </li>`
  }

  protected override body(): TemplateResult {
    const { shown } = this
    if (shown?.table.kind !== 'alerts')
      return html`<p class="empty" part="error">“${this.feed}” holds no alerts: it is a feed of kind ${shown?.table.kind ?? 'table'}.</p>`
    // In a tile it scrolls, and the keyboard must reach what is below.
    const scrolls = this.classList.contains('tile')
    return html`<ul class="alerts" part="list" aria-label="Alerts of ${this.feed}" tabindex=${scrolls ? 0 : nothing}>
      ${repeat(
        alertLines(shown.rows ?? []),
        line => line.key,
        line => this.#line(line),
      )}
    </ul>`
  }
}
