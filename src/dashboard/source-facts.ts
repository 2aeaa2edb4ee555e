import { html, nothing, type TemplateResult } from 'lit'
import type { Format } from '../elements/format.ts'
import { durationText, quantileOf, type PollFacts } from '../elements/poll-facts.ts'
import { fact } from './fact.ts'
import type { BudgetFacts, LearnedFacts, SourceFacts } from './own-feeds.ts'

/** At the moment; `nowMs` is the server's clock. */
interface At {
  readonly nowMs: number
  readonly connected: boolean
}

function lastAnswer({ lastStatus, lastDurationMs, lastBytes }: SourceFacts, format: Format): string {
  const parts = [
    lastStatus === undefined ? undefined : String(lastStatus),
    lastDurationMs === undefined ? undefined : durationText(lastDurationMs, format),
    lastBytes === undefined || lastBytes === 0 ? undefined : format.bytes(lastBytes),
  ]
  return parts.filter(part => part !== undefined).join(' · ')
}

function nextText(nextAt: number | undefined, { nowMs, connected }: At, format: Format): string | undefined {
  if (nextAt === undefined || !connected) return undefined
  return nextAt - nowMs < 500 ? 'now' : `in ${format.span(nextAt - nowMs)}`
}

function percentage(part: number, whole: number, format: Format): string {
  return `${format.number((part / whole) * 100, 0)} %`
}

/** What is known of the polls behind a feed that is a source, in a line. Without a connection, no next poll. */
export function sourceFactsLine(facts: SourceFacts | undefined, at: At, format: Format): TemplateResult | typeof nothing {
  if (facts === undefined) return nothing
  const { polls, changed, unchanged, failed, nextAt, why = '' } = facts
  const [last, next] = [lastAnswer(facts, format), nextText(nextAt, at, format)]
  return html`
    ${fact('Polls', format.number(polls), `${changed} changed, ${unchanged} unchanged, ${failed} failed`)}
    ${polls === 0 ? nothing : fact('Unchanged', percentage(unchanged, polls, format))}
    ${failed === 0 ? nothing : fact('Failed', format.number(failed))} ${last === '' ? nothing : fact('Last answer', last)}
    ${next === undefined ? nothing : fact('Next poll', next, why)}
  `
}

/** What its polls came to since the start, and how long the last ones took. */
export function sourceFigures(facts: SourceFacts, recent: readonly PollFacts[], format: Format): TemplateResult {
  const { polls, changed, unchanged, failed } = facts
  const took = recent.filter(({ outcome }) => outcome !== 'failed').map(({ durationMs }) => durationMs)
  const [median, most] = [quantileOf(took, 0.5), quantileOf(took, 0.95)]
  const last = recent.at(-1)
  return html`<dl class="facts">
    ${fact('Polls', format.number(polls))} ${polls === 0 ? nothing : fact('Changed', percentage(changed, polls, format), String(changed))}
    ${polls === 0 ? nothing : fact('Unchanged', percentage(unchanged, polls, format), String(unchanged))}
    ${fact('Failed', format.number(failed))} ${median === undefined ? nothing : fact('Takes', durationText(median, format), 'the median')}
    ${most === undefined ? nothing : fact('95 % within', durationText(most, format))}
    ${last?.rows === undefined ? nothing : fact('Rows', format.number(last.rows))}
  </dl>`
}

function budgetText({ perMinute, waitMs, underWay }: BudgetFacts, format: Format): string {
  const rate = perMinute === undefined ? 'no rate is set' : `${format.number(perMinute)} a minute`
  const left = waitMs > 0 ? `the next may ask in ${format.span(waitMs)}` : 'the next may ask now'
  return [rate, left, underWay === 0 ? undefined : `${format.number(underWay)} under way`].filter(part => part !== undefined).join(', ')
}

function learnedLines({ periodMs, expectedAt, deviationMs, price }: LearnedFacts, at: At, format: Format): TemplateResult {
  const off = deviationMs === undefined ? '' : ` ± ${format.precise(deviationMs)}`
  const expected = expectedAt === undefined ? undefined : format.time(expectedAt, at.nowMs)
  const dear = price > 1.05 ? 'more than its budget asks for was spent, so it asks less' : 'within its budget'
  return html`${periodMs === undefined ? line('Changes', 'no period found yet') : line('Changes', `every ${format.precise(periodMs)}${off}`)}
  ${expected === undefined ? nothing : line('Next change', `expected ${expected}`)}
  ${line('Price of a poll', `${format.number(price, 2)}, ${dear}`)}`
}

function line(name: string, text: string | TemplateResult): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${text}</dd>
  </div>`
}

/** When the next poll is due and why, what was learned of when it changes, and what it may still ask. */
export function scheduleFacts(facts: SourceFacts, at: At, format: Format): TemplateResult {
  const { everyMs, learned, budget, wanted, why, nextAt, spurious, suggestion } = facts
  const next = nextText(nextAt, at, format)
  const asleep = wanted === '' ? 'it sleeps: nobody reads it' : 'not known'
  return html`<section class="panel" aria-label="Schedule">
    <header><h2>Schedule</h2></header>
    <dl class="lines">
      ${line('Next poll', at.connected ? (next ?? (why === undefined ? asleep : 'under way')) : 'not known without a connection')}
      ${why === undefined || !at.connected ? nothing : line('Why then', why)}
      ${line('Polled for', wanted === '' ? 'nobody just now' : wanted)}
      ${everyMs === undefined ? nothing : line(learned === undefined ? 'Every' : 'On average every', format.interval(everyMs))}
      ${learned === undefined ? nothing : learnedLines(learned, at, format)}
      ${spurious === 0 ? nothing : line('Changes that say nothing', [format.number(spurious), suggestion].filter(Boolean).join(': '))}
      ${budget === undefined ? nothing : line('Budget', html`<code>${budget.name}</code>: ${budgetText(budget, format)}`)}
    </dl>
  </section>`
}
