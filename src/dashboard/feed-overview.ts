import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Cancel } from '../lib/clock.ts'
import { toneOf, type Tone } from '../elements/freshness-view.ts'
import { mark } from '../elements/mark.ts'
import { cardsAbreast, cardSpan } from './card-span.ts'
import { FeedCard } from './feed-card.ts'
import { groupFeeds, type FeedGroup } from './feed-groups.ts'
import type { FeedFacts } from './own-feeds.ts'
import { PageElement } from './page-element.ts'

/** From what needs a look to what does not. */
const tones: readonly Tone[] = ['down', 'degraded', 'stale', 'fresh', 'waiting', 'paused']

/** All feeds as cards: alerts that fire, then derived feeds, as they are what somebody asked for, then the sources. */
export class FeedOverview extends PageElement {
  static override properties = { ...PageElement.properties, search: { state: true }, only: { state: true } }
  declare search: string
  /** Only feeds of this tone are shown; undefined: all. */
  declare only: Tone | undefined
  #observer: IntersectionObserver | undefined
  readonly #observed = new Set<Element>()
  /** Feeds whose alerts fire, as they were when the pointer came: nothing moves under it. */
  #firing: ReadonlySet<string> = new Set()
  #pointed = false

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
    const redraw = (): void => this.requestUpdate()
    addEventListener('scroll', redraw, { passive: true })
    addEventListener('resize', redraw)
    return [
      this.context.board.onChange(redraw),
      () => removeEventListener('scroll', redraw),
      () => removeEventListener('resize', redraw),
      () => this.#observer?.disconnect(),
      () => this.#observed.clear(),
    ]
  }

  protected override firstUpdated(): void {
    // What of many is in view is known only once there is something to see.
    requestAnimationFrame(() => this.requestUpdate())
  }

  protected override updated(): void {
    for (const space of this.querySelectorAll<HTMLElement>('.cards > .space')) space.style.height = `${space.dataset['height'] ?? 0}px`
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

  #section({ title, feeds }: FeedGroup): TemplateResult | typeof nothing {
    if (feeds.length === 0) return nothing
    const box = this.querySelector(`section[aria-label="${title}"] > .cards`)
    const abreast = cardsAbreast(box?.clientWidth ?? this.clientWidth)
    const { from, to, above, below } = cardSpan(feeds.length, abreast, box?.getBoundingClientRect().top, innerHeight)
    const space = (height: number) =>
      height === 0 ? nothing : html`<div class="space" data-height=${height - 14} aria-hidden="true"></div>`
    return html`<section aria-label=${title}>
      <h2>${title} <span class="count">${this.context.format.number(feeds.length)}</span></h2>
      <div class="cards" @pointerenter=${() => (this.#pointed = true)} @pointerleave=${() => this.#leave()}>
        ${space(above)}
        ${repeat(
          feeds.slice(from, to),
          ({ feed }) => feed,
          facts => html`<feed-card .context=${this.context} .facts=${facts}></feed-card>`,
        )}
        ${space(below)}
      </div>
    </section>`
  }

  #leave(): void {
    this.#pointed = false
    this.requestUpdate()
  }

  /** How many feeds are in each state, to choose from: the one line to read when there is time for one. */
  #summary(feeds: readonly FeedFacts[]): TemplateResult {
    const { format, board } = this.context
    if (!board.connected)
      return html`<p class="summary"><span>${mark('disconnected')} ${format.number(feeds.length)} feeds, as last seen</span></p>`
    const counts = new Map<Tone, number>()
    for (const { freshness } of feeds) counts.set(toneOf(freshness), (counts.get(toneOf(freshness)) ?? 0) + 1)
    const shown = tones.filter(tone => counts.has(tone) || tone === this.only)
    return html`<div class="summary" role="group" aria-label="Show only feeds that are">
      ${shown.map(
        tone =>
          html`<button
            type="button"
            aria-pressed=${tone === this.only ? 'true' : 'false'}
            @click=${() => (this.only = tone === this.only ? undefined : tone)}
          >
            ${mark(tone)} <span>${format.number(counts.get(tone) ?? 0)} ${tone}</span>
          </button>`,
      )}
    </div>`
  }

  /** What all feeds come to. */
  #totals(feeds: readonly FeedFacts[]): TemplateResult | typeof nothing {
    if (!feeds.some(({ hasFigures }) => hasFigures)) return nothing
    const { format } = this.context
    const sum = (of: (facts: FeedFacts) => number) => feeds.reduce((total, facts) => total + of(facts), 0)
    const readers = sum(facts => facts.readers)
    const saved = sum(facts => facts.bytesSaved)
    return html`<p class="totals">
      <span><b>${format.compact(readers)}</b> ${readers === 1 ? 'reader' : 'readers'}</span>
      <span
        ><b
          >${format.number(
            sum(facts => facts.changesPerSecond),
            1,
          )}</b
        >
        changes/s</span
      >
      <span><b>${format.bytes(sum(facts => facts.bytesSent))}</b> sent</span>
      ${saved <= 0 ? nothing : html`<span><b>${format.bytes(saved)}</b> saved against polling</span>`}
    </p>`
  }

  #cards(feeds: readonly FeedFacts[]): TemplateResult {
    if (!this.#pointed) this.#firing = new Set(feeds.filter(({ firing }) => firing > 0).map(({ feed }) => feed))
    const wanted = this.search.trim().toLowerCase()
    const found = feeds
      .filter(({ freshness }) => this.only === undefined || toneOf(freshness) === this.only)
      .filter(({ feed, description }) => `${feed} ${description}`.toLowerCase().includes(wanted))
    if (found.length === 0) return this.#none()
    return html`${groupFeeds(found, this.context.board.sources, this.#firing).map(group => this.#section(group))}`
  }

  #none(): TemplateResult {
    const what = this.search.trim() === '' ? `No feed is ${this.only ?? 'here'} just now.` : `No feed is called like “${this.search}”.`
    const all = () => {
      this.search = ''
      this.only = undefined
    }
    return html`<p class="empty">${what} <button type="button" class="plain" @click=${all}>Show all</button></p>`
  }

  protected override render(): TemplateResult {
    const known = this.context.board.feeds
    if (known === undefined)
      return html`<h1 class="hidden">Feeds</h1>
        <p class="hidden" role="status">Loading</p>
        <div class="cards" aria-hidden="true">${[1, 2, 3, 4, 5, 6].map(() => html`<div class="card ghost"></div>`)}</div>`
    const feeds = [...known.values()]
    if (feeds.length === 0)
      return html`<h1 class="hidden">Feeds</h1>
        <p class="empty">This server has no feeds yet. Add a source to its config and they appear here.</p>`
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
      ${this.#totals(feeds)} ${this.#cards(feeds)}`
  }
}
