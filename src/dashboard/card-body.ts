import { html, svg, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { keyOf } from '../model/key.ts'
import { cellOf, type Row } from '../model/row.ts'
import { alertLines } from '../elements/alert-list.ts'
import { rowName } from '../elements/column-profile.ts'
import type { Format } from '../elements/format.ts'
import { alertMark } from '../elements/mark.ts'
import { numberOf, textOf } from '../elements/row-facts.ts'
import { sparkPieces } from '../elements/sparkline.ts'
import type { SeriesLine } from '../elements/series-lines.ts'

/** At the moment, by the server's clock. */
interface At {
  readonly nowMs: number
  readonly format: Format
}

const plot = { width: 260, height: 84 }

function ageOf(at: number | undefined, { nowMs, format }: At): string {
  return at === undefined ? '' : format.span(nowMs - at)
}

/** Tenths of a second below one only flicker. */
function agoText(at: number | undefined, { nowMs, format }: At): string {
  if (at === undefined) return ''
  return nowMs - at < 1000 ? 'just now' : `${format.span(nowMs - at)} ago`
}

/** Alerts, those that fire first: shape, word, what it says, since when. */
export function alertsBody(rows: readonly Row[], at: At): TemplateResult {
  if (rows.length === 0) return html`<p class="figures none">All is calm.</p>`
  return html`<ul class="figures alerts">
    ${alertLines(rows).map(
      alert =>
        html`<li class="alert-${alert.state}" title=${alert.text}>
          ${alertMark(alert)}<span class="word tone-${alert.tone}">${alert.state}</span><span class="what">${alert.text}</span
          ><span class="age">${ageOf(alert.since, at)}</span>
        </li>`,
    )}
  </ul>`
}

/** What happened, the newest first. */
export function eventsBody(rows: readonly Row[], at: At): TemplateResult {
  if (rows.length === 0) return html`<p class="figures none">Nothing happened yet.</p>`
  return html`<ul class="figures events">
    ${rows.map(row => {
      const name = textOf(row, 'name') || rowName(keyOf(cellOf(row, 'key')) ?? '')
      return html`<li>
        <span class="what" title=${name}>${name}</span><span class="quiet">${textOf(row, 'change')}</span
        ><span class="age">${agoText(numberOf(row, 'time'), at)}</span>
      </li>`
    })}
  </ul>`
}

function extentOf(lines: readonly SeriesLine[]): { readonly fromMs: number; readonly toMs: number } {
  const times = lines.flatMap(({ times }) => [times[0] ?? 0, times.at(-1) ?? 0])
  return { fromMs: Math.min(...times), toMs: Math.max(...times) }
}

/** The lines of a series, each with its last value as `show` writes it, on one scale. */
export function seriesBody(lines: readonly SeriesLine[], show: (value: number | null) => string): TemplateResult {
  if (lines.length === 0) return html`<p class="figures none">No points yet.</p>`
  const { fromMs, toMs } = extentOf(lines)
  const values = lines.flatMap(line => line.values.filter(value => value !== null))
  const range = { least: Math.min(...values), most: Math.max(...values) }
  const box = { ...plot, fromMs, toMs: Math.max(toMs, fromMs + 1), range }
  return html`<div class="figures series">
    <svg viewBox="-2 -2 ${plot.width + 4} ${plot.height + 4}" preserveAspectRatio="none" aria-hidden="true">
      ${lines.map(
        ({ times, values }, i) =>
          svg`${sparkPieces(times, values, box).map(points => svg`<polyline class="probe-line-${i + 1}" points=${points} />`)}`,
      )}
    </svg>
    <ul>
      ${repeat(
        lines,
        ({ id }) => id,
        ({ label, values }, i) =>
          html`<li>
            <i class="probe-line-${i + 1}"></i><span class="what">${label}</span>
            <span class="value">${show(values.at(-1) ?? null)}</span>
          </li>`,
      )}
    </ul>
  </div>`
}
