import { html, nothing, svg, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { cellOf, type Row } from '../model/row.ts'
import { rowName } from '../elements/column-profile.ts'
import type { Format } from '../elements/format.ts'
import { sparkPieces } from '../elements/sparkline.ts'
import type { SeriesLine } from '../elements/series-lines.ts'

/** At the moment, by the server's clock. */
interface At {
  readonly nowMs: number
  readonly format: Format
}

const plot = { width: 260, height: 84 }

function textOf(row: Row, column: string): string {
  const cell = cellOf(row, column)
  return typeof cell === 'string' ? cell : typeof cell === 'number' ? String(cell) : ''
}

function ageOf(row: Row, column: string, { nowMs, format }: At): string {
  const at = cellOf(row, column)
  return typeof at === 'number' ? format.span(nowMs - at) : ''
}

const alertMarks: Readonly<Record<string, TemplateResult>> = {
  firing: svg`<path d="M8 1.500 15 14H1Z" fill="currentColor" />`,
  pending: svg`<path d="M8 2.500 14 13H2Z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />`,
  resolved: svg`<path d="M3 8.500 6.500 12 13 4.500" fill="none" stroke="currentColor" stroke-width="2.200" stroke-linecap="round" />`,
}

/** Alerts, those that fire first: shape, word, what it says, since when. */
export function alertsBody(rows: readonly Row[], key: string, at: At): TemplateResult {
  if (rows.length === 0) return html`<p class="figures none">All is calm.</p>`
  return html`<ul class="figures alerts">
    ${rows.map(row => {
      const state = textOf(row, 'state')
      const text = textOf(row, 'text') || rowName(textOf(row, key) || textOf(row, 'key'))
      return html`<li class="alert-${state}" title=${text}>
        <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">${alertMarks[state] ?? nothing}</svg>
        <span class="word">${state}</span><span class="what">${text}</span><span class="age">${ageOf(row, 'since', at)}</span>
      </li>`
    })}
  </ul>`
}

/** What happened, the newest first. */
export function eventsBody(rows: readonly Row[], at: At): TemplateResult {
  if (rows.length === 0) return html`<p class="figures none">Nothing happened yet.</p>`
  return html`<ul class="figures events">
    ${rows.map(row => {
      const name = textOf(row, 'name') || rowName(textOf(row, 'key'))
      return html`<li>
        <span class="what" title=${name}>${name}</span><span class="quiet">${textOf(row, 'change')}</span
        ><span class="age">${ageOf(row, 'time', at)} ago</span>
      </li>`
    })}
  </ul>`
}

function extentOf(lines: readonly SeriesLine[]): { readonly fromMs: number; readonly toMs: number } {
  const times = lines.flatMap(({ times }) => [times[0] ?? 0, times.at(-1) ?? 0])
  return { fromMs: Math.min(...times), toMs: Math.max(...times) }
}

/** The lines of a series, each with its last value, on one scale. */
export function seriesBody(lines: readonly SeriesLine[], { format }: At): TemplateResult {
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
            <span class="value">${lastOf(values, format)}</span>
          </li>`,
      )}
    </ul>
  </div>`
}

function lastOf(values: readonly (number | null)[], format: Format): string {
  const last = values.at(-1) ?? null
  return last === null ? '–' : format.compact(Math.round(last * 100) / 100)
}
