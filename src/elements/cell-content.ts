import { html, type TemplateResult } from 'lit'
import type { Cell } from '../model/row.ts'
import { alarmOfCell, type ColumnProfile } from './column-profile.ts'
import type { Tone } from './freshness-view.ts'
import { alertMark, mark } from './mark.ts'
import { toneOfWord } from './status-words.ts'

const alarmTones: Readonly<Record<'warning' | 'critical', Tone>> = { warning: 'degraded', critical: 'down' }

/** What stands in a cell: its text, with a shape where it is a state or over a threshold, as a link where it is one. */
export function cellContent(cell: Cell, text: string, profile: ColumnProfile): TemplateResult | string {
  const alarm = alarmOfCell(cell, profile)
  if (alarm !== undefined) {
    const tone = alarmTones[alarm]
    return html`<span class="alarm tone-${tone}" title="${text}: ${alarm}">${mark(tone)}<span class="word">${text}</span></span>`
  }
  if (typeof cell !== 'string') return text
  // Nothing but the two schemes that are safe to follow is ever a link.
  if (profile.kind === 'link' && /^https?:\/\//.test(cell))
    return html`<a href=${cell} rel="noopener noreferrer" target="_blank">${text}</a>`
  const tone = profile.kind === 'status' ? toneOfWord(cell) : undefined
  if (tone === undefined) return text
  const shape = cell === 'firing' ? alertMark({ state: cell, tone }) : mark(tone)
  return html`<span class="alarm">${shape}<span>${text}</span></span>`
}
