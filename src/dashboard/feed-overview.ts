import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Cancel } from '../lib/clock.ts'
import { FeedCard } from './feed-card.ts'
import { toneOf, type Tone } from '../elements/freshness-view.ts'
import { mark } from '../elements/mark.ts'
import type { FeedFacts } from './own-feeds.ts'
import { PageElement } from './page-element.ts'

/** From what needs a look to what does not. */
const tones: readonly Tone[] = ['down', 'degraded', 'stale', 'waiting', 'fresh', 'paused']

/** All feeds as cards: derived feeds first, as they are what somebody asked for, then the sources. */
export class FeedOverview extends PageElement {
  static override properties = { ...PageElement.properties, search: { state: true } }
  declare search: string
  #observer: IntersectionObserver | undefined
  readonly #observed = new Set<Element>()

  constructor() {
    super()
    this.search = ''
  }

  protected override listen(): readonly Cancel[] {
    this.#observer = new IntersectionObserver(
      entries => {
        for (const { target, isIntersecting } of entries) if (target instanceof FeedCard) target.inView = isIntersecting
      },
      { rootMargin: '80px' },
    )
    return [this.context.board.onChange(() => this.requestUpdate()), () => this.#observer?.disconnect(), () => this.#observed.clear()]
  }

  protected override updated(): void {
    const cards = new Set<Element>(this.querySelectorAll('feed-card'))
    for (const card of this.#observed) {
      if (cards.has(card)) continue
      this.#observer?.unobserve(card)
      this.#observed.delete(card)
    }
    for (const card of cards) {
      if (this.#observed.has(card)) continue
      this.#observer?.observe(card)
      this.#observed.add(card)
    }
  }

  #section(title: string, feeds: readonly FeedFacts[]): TemplateResult | typeof nothing {
    if (feeds.length === 0) return nothing
    return html`<section aria-label=${title}>
      <h2>${title} <span class="count">${this.context.format.number(feeds.length)}</span></h2>
      <div class="cards">
        ${repeat(
          feeds,
          ({ feed }) => feed,
          facts => html`<feed-card .context=${this.context} .facts=${facts}></feed-card>`,
        )}
      </div>
    </section>`
  }

  /** How many feeds are in each state: the one line to read when there is time for one. */
  #summary(feeds: readonly FeedFacts[]): TemplateResult {
    const { format, board } = this.context
    if (!board.connected)
      return html`<p class="summary"><span>${mark('disconnected')} ${format.number(feeds.length)} feeds, as last seen</span></p>`
    const counts = new Map<Tone, number>()
    for (const { freshness } of feeds) counts.set(toneOf(freshness), (counts.get(toneOf(freshness)) ?? 0) + 1)
    return html`<p class="summary">
      ${tones.filter(tone => counts.has(tone)).map(tone => html`<span>${mark(tone)} ${format.number(counts.get(tone) ?? 0)} ${tone}</span>`)}
    </p>`
  }

  #cards(feeds: readonly FeedFacts[]): TemplateResult {
    const { sources } = this.context.board
    const wanted = this.search.trim().toLowerCase()
    const found = feeds
      .filter(({ feed, description }) => `${feed} ${description}`.toLowerCase().includes(wanted))
      .toSorted((a, b) => (a.feed < b.feed ? -1 : 1))
    if (found.length === 0) return html`<p class="empty">No feed is called like “${this.search}”.</p>`
    return html`${this.#section(
      'Feeds',
      found.filter(({ feed }) => !sources.has(feed)),
    )}
    ${this.#section(
      'Sources',
      found.filter(({ feed }) => sources.has(feed)),
    )}`
  }

  protected override render(): TemplateResult {
    const known = this.context.board.feeds
    if (known === undefined)
      return html`<div class="cards" aria-hidden="true">${[1, 2, 3, 4, 5, 6].map(() => html`<div class="card ghost"></div>`)}</div>`
    const feeds = [...known.values()]
    if (feeds.length === 0) return html`<p class="empty">This server has no feeds yet. Add a source to its config and they appear here.</p>`
    return html`<h1 class="hidden">Feeds</h1>
      <div class="bar">
        ${this.#summary(feeds)}
        <input
          type="search"
          aria-label="Find a feed"
          placeholder="Find a feed"
          .value=${this.search}
          @input=${(event: Event) => (this.search = (event.target as HTMLInputElement).value)}
        />
      </div>
      ${this.#cards(feeds)}`
  }
}
