import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import { knownFreshness, toneOf } from '../elements/freshness-view.ts'
import { mark } from '../elements/mark.ts'
import { durationText } from '../elements/poll-facts.ts'
import { Reader } from '../elements/reader.ts'
import { PageElement } from './page-element.ts'
import { feedHash, sourceHash } from './route.ts'
import { stepFacts, wayTo, type StepFacts } from './step-facts.ts'

/** The way of the rows from the sources to a feed: each step with rows in and out, what it takes, and what went wrong last. */
export class FeedSteps extends PageElement {
  static override properties = { ...PageElement.properties, name: { attribute: false }, steps: { state: true }, error: { state: true } }
  declare name: string
  /** Of all feeds on the way; undefined before they are there. */
  declare steps: readonly StepFacts[] | undefined
  declare error: string
  #reader: Reader | undefined
  /** Shown until the rows of the next one are there. */
  #former: Reader | undefined
  /** The feeds whose steps are read. */
  #asked: readonly string[] = []

  constructor() {
    super()
    this.error = ''
  }

  protected override listen(): readonly Cancel[] {
    if (this.hasUpdated) this.#open([this.name])
    return [this.context.board.onChange(() => this.requestUpdate()), () => this.#former?.leave(), () => this.#reader?.leave()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('name')) return
    this.steps = undefined
    this.#open([this.name])
  }

  #open(feeds: readonly string[]): void {
    const { millrace, clock } = this.context
    this.#asked = feeds
    this.#former?.leave()
    this.#former = this.#reader
    const where = feeds.map(feed => `feed == ${JSON.stringify(feed)}`).join(' || ')
    const reader: Reader = new Reader(millrace.feed('$steps', { where }), clock, {
      lingerMs: 0,
      onFreshness: () => this.requestUpdate(),
      onError: ({ message }) => (this.error = message),
      onRows: rows => {
        this.#former?.leave()
        this.#former = undefined
        this.error = ''
        this.steps = rows.map(stepFacts)
        this.#follow()
      },
    })
    this.#reader = reader
    reader.want()
  }

  /** What the feed is computed from may be computed, too. */
  #follow(): void {
    const way = wayTo(this.name, this.steps ?? []).filter(feed => !this.context.board.sources.has(feed))
    if (way.some(feed => !this.#asked.includes(feed))) this.#open([...new Set([...this.#asked, ...way])])
  }

  #step({ kind, rowsIn, rowsOut, durationMs, error, errorAt }: StepFacts): TemplateResult {
    const { format, board } = this.context
    const rows = (count: number | undefined) => (count === undefined ? '–' : format.number(count))
    const when = errorAt === undefined ? '' : `, ${format.time(errorAt, board.now())}`
    return html`<li>
      <code>${kind}</code>
      <span class="flow">${rows(rowsIn)} <span aria-hidden="true">→</span><span class="hidden">rows in, out</span> ${rows(rowsOut)}</span>
      <span class="quiet">${durationMs === undefined ? '' : durationText(durationMs, format)}</span>
      ${error === '' ? nothing : html`<span class="fault">${error}${when}</span>`}
    </li>`
  }

  #feed(name: string): TemplateResult {
    const { board, format } = this.context
    const facts = board.feeds?.get(name)
    const known = knownFreshness(facts?.freshness, undefined, board)
    const own = (this.steps ?? []).filter(({ feed, step }) => feed === name && step > 0).toSorted((a, b) => a.step - b.step)
    const isSource = board.sources.has(name)
    const count = facts === undefined ? '' : `${format.number(facts.rows)} ${facts.rows === 1 ? 'row' : 'rows'}`
    return html`<li class="stage">
      ${
        own.length === 0
          ? nothing
          : html`<ol class="steps">
              ${own.map(step => this.#step(step))}
            </ol>`
      }
      <p class="${name === this.name ? 'here' : ''}">
        ${facts === undefined ? nothing : mark(toneOf(known))}
        ${name === this.name ? html`<b>${name}</b>` : html`<a href=${feedHash(name)}>${name}</a>`} <span class="quiet">${count}</span>
        ${isSource ? html`<a href=${sourceHash(name)}>polls</a>` : nothing}
        ${(facts?.warning ?? '') === '' ? nothing : html`<span class="fault">${facts?.warning}</span>`}
      </p>
    </li>`
  }

  protected override render(): TemplateResult {
    if (this.error !== '') return html`<p class="empty">${this.error}</p>`
    if (this.steps === undefined) return html`<p class="empty">Waiting for the steps.</p>`
    return html`<ol class="way">
      ${wayTo(this.name, this.steps).map(name => this.#feed(name))}
    </ol>`
  }
}
