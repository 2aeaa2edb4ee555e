import { html, svg, type TemplateResult } from 'lit'
import type { Tone } from './freshness-view.ts'

// A shape for each tone, so that none is told by its colour alone.
const shapes: Readonly<Record<Tone, TemplateResult>> = {
  fresh: svg`<circle cx="8" cy="8" r="5" fill="currentColor" />`,
  degraded: svg`<path d="M8 2.200 13.800 8 8 13.800 2.200 8Z" fill="currentColor" />`,
  stale: svg`<path d="M8 2.500 14 13H2Z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />`,
  waiting: svg`<circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3.100 2.100" />`,
  down: svg`<path d="M3.500 3.500 12.500 12.500M12.500 3.500 3.500 12.500" stroke="currentColor" stroke-width="3" stroke-linecap="round" />`,
  paused: svg`<path d="M5.500 3.500v9M10.500 3.500v9" stroke="currentColor" stroke-width="2.600" stroke-linecap="round" />`,
  disconnected: svg`<circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="2" /><path d="M3 13 13 3" stroke="currentColor" stroke-width="2" stroke-linecap="round" />`,
}

/** The shape of a state, in its colour. The word beside it says the same: hidden from screen readers. */
export function mark(tone: Tone): TemplateResult {
  return html`<svg class="mark tone-${tone}" viewBox="0 0 16 16" aria-hidden="true">${shapes[tone]}</svg>`
}

const alertShapes: Readonly<Record<string, TemplateResult>> = {
  firing: svg`<path d="M8 1.500 15 14H1Z" fill="currentColor" />`,
  pending: svg`<path d="M8 2.500 14 13H2Z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />`,
  resolved: svg`<path d="M3 8.500 6.500 12 13 4.500" fill="none" stroke="currentColor" stroke-width="2.200" stroke-linecap="round" />`,
}

/** The shape of an alert: one that fires is no feed that is down. */
export function alertMark({ state, tone }: { readonly state: string; readonly tone: Tone }): TemplateResult {
  return html`<svg class="mark tone-${tone}" viewBox="0 0 16 16" aria-hidden="true">${alertShapes[state] ?? shapes[tone]}</svg>`
}
