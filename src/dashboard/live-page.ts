import { html, nothing, svg, type TemplateResult } from 'lit'
import type { ConnectionState } from '../client/face.ts'
import type { Cancel } from '../lib/clock.ts'
import { Announcer } from './announcer.ts'
import { viewConnection, wantsToken } from './connection-view.ts'
import { mark } from '../elements/mark.ts'
import { askedTheme, isEmbedded } from './embedding.ts'
import { isLoaded, loadView } from './load-view.ts'
import { PageElement } from './page-element.ts'
import { overviewHash, parseRoute, type Route } from './route.ts'
import { boardHash } from './tile-text.ts'
import { storedToken, storeToken } from './token-store.ts'
import { chooseTheme, nextTheme, storedTheme, type Theme } from './theme.ts'

const themeIcons: Readonly<Record<Theme, TemplateResult>> = {
  auto: svg`<circle cx="8" cy="8" r="5.500" /><path d="M8 2.500a5.500 5.500 0 0 1 0 11Z" fill="currentColor" />`,
  light: svg`<circle cx="8" cy="8" r="3" /><path d="M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1" />`,
  dark: svg`<path d="M13.500 9.600A5.800 5.800 0 0 1 6.400 2.500a5.800 5.800 0 1 0 7.100 7.100Z" />`,
}

/** What the token opened is in many places of the page: it begins anew. */
function signOut(): void {
  storeToken(undefined)
  location.reload()
}

/** The frame of the page: its name, the connection, the theme, and what the address asks for. */
export class LivePage extends PageElement {
  static override properties = {
    ...PageElement.properties,
    route: { state: true },
    theme: { state: true },
    news: { state: true },
    asksForToken: { state: true },
    fault: { state: true },
  }
  declare route: Route
  declare theme: Theme
  declare news: string
  /** From when a token was wanted until one was good. */
  declare asksForToken: boolean
  /** The script of the view could not be fetched. */
  declare fault: boolean
  readonly #announcer = new Announcer()
  /** Scrolled to where one left, when one comes back. */
  #overviewTop = 0

  constructor() {
    super()
    this.route = parseRoute(location.hash)
    this.theme = askedTheme() ?? storedTheme()
    this.news = ''
    this.asksForToken = false
    this.fault = false
    void this.#load()
  }

  protected override listen(): readonly Cancel[] {
    const { board, boards, millrace, pulse } = this.context
    const follow = () => this.#go(parseRoute(location.hash))
    addEventListener('hashchange', follow)
    return [
      () => removeEventListener('hashchange', follow),
      board.onChange(() => (this.news = (board.feeds && this.#announcer.note(board.feeds)) || this.news)),
      boards.onChange(() => this.requestUpdate()),
      millrace.onState(state => this.#hear(state)),
      pulse.on(() => {
        if (!board.connected) this.requestUpdate()
      }),
    ]
  }

  #hear(state: ConnectionState): void {
    const { phase } = state
    if (phase === 'open') this.asksForToken = false
    else if (wantsToken(state)) this.asksForToken = true
    if (phase === 'open') this.news = 'connected'
    else if (phase !== 'connecting') this.news = wantsToken(state) ? 'a token is needed' : 'connection lost'
    this.requestUpdate()
  }

  #go(route: Route): void {
    if (this.route.view === 'overview') this.#overviewTop = scrollY
    this.route = route
    void this.#load()
    void this.#arrive()
  }

  /** What the view is made of is fetched when it is first wanted. */
  async #load(): Promise<void> {
    const { view } = this.route
    if (view === 'overview') return
    try {
      await loadView(view)
      this.fault = false
    } catch {
      this.fault = true
    }
    this.requestUpdate()
  }

  async #arrive(): Promise<void> {
    await this.updateComplete
    scrollTo(0, this.route.view === 'overview' ? this.#overviewTop : 0)
    this.querySelector('main')?.focus({ preventScroll: true })
  }

  protected override updated(): void {
    const { route } = this
    document.title = route.view === 'overview' ? 'Millrace' : `${route.name || 'Board'} · Millrace`
  }

  #connection(): TemplateResult {
    const { millrace, clock, format } = this.context
    const { tone, word, detail, canRetry } = viewConnection(millrace.state, clock.now(), format)
    return html`<div class="connection" data-phase=${millrace.state.phase}>
      ${mark(tone)}<span class="word tone-${tone}">${word}</span>${detail === '' ? nothing : html`<span class="detail">${detail}</span>`}
      ${word === 'live' && storedToken() !== undefined ? html`<button type="button" class="plain" @click=${signOut}>Sign out</button>` : nothing}
      ${canRetry ? html`<button type="button" class="plain" @click=${() => millrace.retry()}>Try now</button>` : nothing}
    </div>`
  }

  #boardLinks(): TemplateResult {
    const { all = [] } = this.context.boards
    const here = this.route.view === 'board' ? this.route.name : undefined
    return html`<nav class="boards" aria-label="Boards">
      ${all.map(board => html`<a href=${boardHash(board)} aria-current=${board.name === here ? 'page' : nothing}>${board.title}</a>`)}
      <a href="#/board" aria-current=${here === '' ? 'page' : nothing}>New board</a>
    </nav>`
  }

  #themeButton(): TemplateResult {
    const choose = () => {
      this.theme = nextTheme(this.theme)
      chooseTheme(this.theme)
    }
    return html`<button type="button" class="icon" aria-label="Theme: ${this.theme}" title="Theme: ${this.theme}" @click=${choose}>
      <svg viewBox="0 0 16 16" aria-hidden="true">${themeIcons[this.theme]}</svg>
    </button>`
  }

  #view(): TemplateResult {
    if (this.asksForToken) return html`<sign-in .context=${this.context}></sign-in>`
    if (this.route.view === 'overview') return html`<feed-overview .context=${this.context}></feed-overview>`
    const { view, name } = this.route
    if (!isLoaded(view)) return this.#loading()
    if (this.route.view === 'board')
      return html`<board-page .context=${this.context} .name=${name} .query=${this.route.query}></board-page>`
    if (view === 'source') return html`<source-page .context=${this.context} .name=${name}></source-page>`
    return html`<feed-page .context=${this.context} .name=${name}></feed-page>`
  }

  #loading(): TemplateResult {
    const title = html`<h1 class="hidden">${(this.route.view !== 'overview' && this.route.name) || 'Board'}</h1>`
    if (!this.fault)
      return html`${title}
        <div class="panel ghost tall" aria-busy="true"><p class="hidden">Loading</p></div>`
    return html`${title}
      <section class="panel">
        <p class="empty">
          This part of the page could not be fetched.
          <button type="button" class="plain" @click=${() => void this.#load()}>Try again</button>
        </p>
      </section>`
  }

  protected override render(): TemplateResult {
    return html`${isEmbedded() ? nothing : this.#header()}
      <main tabindex="-1" class=${isEmbedded() ? 'embedded' : ''}>${this.#view()}</main>
      <p class="hidden" role="status">${this.news}</p>`
  }

  #header(): TemplateResult {
    return html`<header class="top">
      <a class="brand" href=${overviewHash}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M2 9c3.300 0 3.300 2.500 6.700 2.500S12 9 15.300 9s3.300 2.500 6.700 2.500" />
          <path d="M2 15c3.300 0 3.300 2.500 6.700 2.500S12 15 15.300 15s3.300 2.500 6.700 2.500" />
        </svg>
        <span>Millrace</span>
      </a>
      ${this.asksForToken ? nothing : this.#boardLinks()} ${this.#connection()} ${this.#themeButton()}
    </header>`
  }
}
