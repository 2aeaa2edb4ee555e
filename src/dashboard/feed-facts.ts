import { html, nothing, type TemplateResult } from 'lit'
import type { Format } from '../elements/format.ts'
import type { SourceFacts } from './own-feeds.ts'

function fact(name: string, text: string, title = ''): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd title=${title}>${text}</dd>
  </div>`
}

function lastAnswer({ lastStatus, lastDurationMs, lastBytes }: SourceFacts, format: Format): string {
  const parts = [
    lastStatus === undefined ? undefined : String(lastStatus),
    lastDurationMs === undefined ? undefined : `${format.number(lastDurationMs, lastDurationMs < 10 ? 1 : 0)} ms`,
    lastBytes === undefined ? undefined : format.bytes(lastBytes),
  ]
  return parts.filter(part => part !== undefined).join(' · ')
}

/** What is known of the polls behind a feed that is a source. `nowMs` is the server's clock; without it, no next poll. */
export function sourceFactsLine(
  facts: SourceFacts | undefined,
  at: { readonly nowMs: number; readonly connected: boolean },
  format: Format,
): TemplateResult | typeof nothing {
  if (facts === undefined) return nothing
  const { nowMs, connected } = at
  const { polls, changed, unchanged, failed, nextAt, why = '' } = facts
  const last = lastAnswer(facts, format)
  return html`
    ${fact('Polls', format.number(polls), `${changed} changed, ${unchanged} unchanged, ${failed} failed`)}
    ${polls === 0 ? nothing : fact('Unchanged', `${format.number((unchanged / polls) * 100, 0)} %`)}
    ${failed === 0 ? nothing : fact('Failed', format.number(failed))} ${last === '' ? nothing : fact('Last answer', last)}
    ${nextAt === undefined || !connected ? nothing : fact('Next poll', nextAt - nowMs < 500 ? 'now' : `in ${format.span(nextAt - nowMs)}`, why)}
  `
}
