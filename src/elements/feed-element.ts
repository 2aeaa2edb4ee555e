import { html, LitElement, nothing, unsafeCSS, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit'
import type { Feed, FeedFreshness, FeedQuery, UpdateInfo } from '../client/face.ts'
import type { Cancel } from '../lib/clock.ts'
import { MillraceError } from '../model/errors.ts'
import { noHints, type Hints } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import type { MillraceElement, MillraceEventMap } from './face.ts'
import { feedQuery, isAddress } from './feed-query.ts'
import { knownFreshness, viewFreshness } from './freshness-view.ts'
import hostStyles from './host.css?inline'
import liveStyles from './live.css?inline'
import { mark } from './mark.ts'
import { untilShown, type LiveContext } from './live-element.ts'
import { joinServer } from './page-connections.ts'
import { Reader } from './reader.ts'

/** An attribute that is text; one that is taken away is empty. */
export const text = { converter: (value: string | null): string => value ?? '' } as const
/** Written on the element, too, where its style looks for it. */
const reflected = {
  converter: { fromAttribute: text.converter, toAttribute: (value: string): string | null => value || null },
  reflect: true,
} as const
const count = { converter: (value: string | null): number | undefined => (value === null ? undefined : Number(value)) } as const

const properties = {
  feed: text,
  server: text,
  where: text,
  order: text,
  limit: count,
  throttle: count,
  theme: reflected,
  bare: { type: Boolean, reflect: true },
  shared: { attribute: false },
} as const

/** What makes another view, or another connection. */
const queried: ReadonlySet<PropertyKey> = new Set(['feed', 'server', 'where', 'order', 'limit', 'throttle', 'column', 'columns', 'key'])

/** An element that reads one feed: subscribes while it is in a page, and shows what it holds with its age. */
export abstract class FeedElement extends LitElement implements MillraceElement {
  static override properties: PropertyDeclarations = properties
  static override styles = [unsafeCSS(hostStyles), unsafeCSS(liveStyles)]
  declare feed: string
  declare server: string
  declare where: string
  declare order: string
  declare limit: number | undefined
  declare throttle: number | undefined
  declare theme: string
  declare bare: boolean
  /** Where the page that it is part of has a connection of its own: that is used. */
  declare shared: LiveContext | undefined
  #context: LiveContext | undefined
  #leaveServer: Cancel | undefined
  /** Shown now. While another view is on its way, what was shown stays. */
  #shown: Reader | undefined
  #coming: Reader | undefined
  #error: MillraceError | undefined
  /** When the server published the last rows that were fresh when they came; 0: none were. */
  #provedAt = 0
  #told: FeedFreshness | undefined

  constructor() {
    super()
    this.feed = ''
    this.server = ''
    this.where = ''
    this.order = ''
    this.theme = ''
    this.bare = false
  }

  get rows(): readonly Row[] | undefined {
    return this.#shown?.feed.rows
  }

  get freshness(): FeedFreshness {
    const context = this.#context
    const feed = (this.#shown ?? this.#coming)?.feed
    const live = feed?.freshness
    const isFirstTry = context?.millrace.state.phase === 'connecting' && this.rows === undefined
    if (live === undefined || isFirstTry) return { state: 'waiting', since: 0 }
    if (context === undefined) return { ...live, state: 'disconnected' }
    // The server says nothing more of a proof that came with a change: the change says it, once the connection is lost, too.
    const isProved = this.#provedAt > 0 && (live.state === 'fresh' || live.state === 'disconnected')
    const proof = isProved ? { ...live, validatedAt: this.#provedAt, state: 'fresh' as const } : undefined
    return knownFreshness(proof, live, context.board)
  }

  protected get context(): LiveContext | undefined {
    return this.#context
  }

  protected get hints(): Hints {
    return this.#context?.hints.of(this.feed) ?? noHints
  }

  /** The feed whose rows are shown. */
  protected get shown(): Feed | undefined {
    return this.rows === undefined ? undefined : this.#shown?.feed
  }

  /** What is asked of the feed. */
  protected query(): FeedQuery {
    return feedQuery(this.feed, this, undefined)
  }

  /** Before the rows are drawn, and when it became known how to. */
  protected took(_rows: readonly Row[], _info: UpdateInfo): void {}

  /** At each beat of the page's pulse, a few times a second. */
  protected beat(): void {
    this.requestUpdate()
  }

  /** What is drawn of one row or more. */
  protected body(): TemplateResult {
    return html``
  }

  protected header(): TemplateResult {
    return html`<header part="header"><slot name="title"></slot>${this.freshnessLine()}</header>`
  }

  protected footer(): TemplateResult | typeof nothing {
    return nothing
  }

  /** What is said where there is no row. */
  protected get emptyText(): string {
    return 'No rows just now.'
  }

  protected override async scheduleUpdate(): Promise<void> {
    await untilShown()
    await super.scheduleUpdate()
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.hasUpdated) this.#open()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#close()
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.isConnected) return
    const others = [...changed.keys()].some(name => queried.has(name))
    if (changed.has('server')) this.#close()
    if (others || this.#context === undefined) this.#open()
  }

  /** Asks for another view of the same feed. */
  protected reopen(): void {
    this.#subscribe()
  }

  #open(): void {
    this.#error = undefined
    try {
      this.#join()
      this.#subscribe()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      this.#failed(new MillraceError('bad_query', `server="${this.server}" is no address of a server`))
    }
  }

  #join(): void {
    if (this.#context !== undefined) return
    const { context, leave } = this.shared === undefined ? joinServer(this.server) : { context: this.shared, leave: () => undefined }
    const stops = [
      context.pulse.on(() => this.beat()),
      context.millrace.onState(() => this.#freshened()),
      context.hints.onChange(() => this.#reshape()),
    ]
    this.#context = context
    this.#leaveServer = () => {
      for (const stop of stops) stop()
      leave()
    }
  }

  #subscribe(): void {
    this.#coming?.leave()
    this.#coming = undefined
    const context = this.#context
    if (context === undefined || this.feed === '') return
    const coming: Reader = new Reader(context.millrace.feed(this.feed, this.query()), context.clock, {
      lingerMs: 0,
      onRows: (rows, info) => this.#arrived(coming, rows, info),
      onFreshness: () => this.#freshened(),
      onError: error => this.#failed(error),
    })
    this.#coming = coming
    coming.want()
    this.#freshened()
  }

  #arrived(reader: Reader, rows: readonly Row[], info: UpdateInfo): void {
    this.#error = undefined
    if (reader !== this.#shown) {
      this.#shown?.leave()
      this.#shown = reader
      this.#coming = undefined
      this.#provedAt = 0
    }
    // What is throttled comes later than it was published.
    const isLive = info.type === 'delta' && this.throttle === undefined && !isAddress(this.feed)
    this.#context?.board.note(info.table.at, isLive)
    if (reader.feed.freshness.state === 'fresh') this.#provedAt = info.table.at
    this.took(rows, info)
    this.requestUpdate()
    this.#tell('millrace-rows', { rows, table: info.table })
  }

  #reshape(): void {
    const table = this.shown?.table
    if (table !== undefined && this.rows !== undefined) this.took(this.rows, { type: 'snapshot', changes: new Map(), table })
    this.requestUpdate()
  }

  #freshened(): void {
    this.requestUpdate()
    const now = this.freshness
    if (JSON.stringify(now) === JSON.stringify(this.#told)) return
    this.#told = now
    this.#tell('millrace-freshness', now)
  }

  #failed(error: MillraceError): void {
    this.#error = error
    // Rights that were withdrawn: what is held is not to be shown any more.
    if (error.code === 'forbidden') {
      // Still known, so that it is left with the element.
      if (this.#coming === undefined) this.#coming = this.#shown
      else this.#shown?.leave()
      this.#shown = undefined
    }
    this.requestUpdate()
    this.#tell('millrace-error', error)
  }

  #tell<N extends keyof MillraceEventMap>(name: N, detail: MillraceEventMap[N]['detail']): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  #close(): void {
    this.#shown?.leave()
    this.#coming?.leave()
    this.#coming = undefined
    this.#leaveServer?.()
    this.#leaveServer = undefined
    this.#context = undefined
  }

  /** The state as a shape, a word and an age. */
  protected freshnessLine({ explain = false }: { readonly explain?: boolean } = {}): TemplateResult | typeof nothing {
    const context = this.#context
    // Of what was refused nothing is known.
    if (context === undefined || (this.#error !== undefined && this.rows === undefined)) return nothing
    const { tone, word, detail, reason } = viewFreshness(this.freshness, context.board.now(), context.format)
    return html`<span class="freshness" part="freshness"
      >${mark(tone)}<span class="word tone-${tone}">${word}</span><span class="age" title=${detail}>${detail}</span>${
        explain && reason !== '' ? html`<span class="reason">${reason}</span>` : nothing
      }</span
    >`
  }

  #content(): TemplateResult {
    if (this.#error !== undefined && this.rows === undefined)
      return html`<p class="empty" part="error" role="alert">${this.#error.message}</p>`
    const { phase, reason } = this.#context?.millrace.state ?? {}
    // Nothing comes by itself, or not soon: a person has to know why.
    if (this.rows === undefined && (phase === 'closed' || phase === 'refused') && reason !== undefined)
      return html`<p class="empty" part="error" role="alert">${reason}</p>`
    if (this.rows === undefined) return html`<p class="empty" part="waiting"><slot name="waiting">Waiting for the first rows.</slot></p>`
    return this.rows.length === 0 ? html`<p class="empty" part="empty"><slot name="empty">${this.emptyText}</slot></p>` : this.body()
  }

  protected override render(): TemplateResult {
    return html`<div class="frame state-${this.freshness.state}" part="frame">
      ${this.bare ? nothing : this.header()}${this.#content()}${this.bare ? nothing : this.footer()}
    </div>`
  }
}
