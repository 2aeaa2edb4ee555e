import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import { ChartSubject } from '../elements/chart-subject.ts'
import { isOfNow, knownFreshness } from '../elements/freshness-view.ts'
import { placeColumns } from '../elements/place-columns.ts'
import { SeriesSubject } from '../elements/series-subject.ts'
import type { Subject } from '../elements/subject.ts'
import { breadcrumb } from './breadcrumb.ts'
import { fact } from './fact.ts'
import { FeedReading } from './feed-reading.ts'
import { fold } from './fold.ts'
import type { FeedFacts } from './own-feeds.ts'
import { PageElement } from './page-element.ts'
import { sourceHash } from './route.ts'
import { sourceFactsLine } from './source-facts.ts'
import { boardHash } from './tile-text.ts'
import { storedToken } from './token-store.ts'

/** What is folded until it is wanted. */
const folds = ['Steps', 'Frames', 'Embed it, or follow it from a program', 'Schema'] as const
type Fold = (typeof folds)[number]

/** One feed: its freshness, its numbers over the last minutes, its rows, and how they came to be. */
export class FeedPage extends PageElement {
  static override properties = {
    ...PageElement.properties,
    name: { attribute: false },
    unfolded: { state: true },
    paused: { state: true },
    revision: { state: true },
  }
  declare name: string
  declare unfolded: ReadonlySet<Fold>
  /** The chart stands still. */
  declare paused: boolean
  /** Counts what changed of the reading. */
  declare revision: number
  #reading: FeedReading | undefined
  #subject: Subject | undefined
  #hasPlaces = false

  constructor() {
    super()
    this.unfolded = new Set()
    this.paused = false
    this.revision = 0
  }

  protected override listen(): readonly Cancel[] {
    if (this.hasUpdated) this.#open()
    return [
      this.context.board.onChange(() => this.requestUpdate()),
      this.context.pulse.on(() => this.#follow()),
      this.context.hints.onChange(() => this.requestUpdate()),
      () => {
        this.#reading?.close()
        this.#reading = undefined
      },
    ]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('name')) this.#open()
  }

  #open(): void {
    this.#reading?.close()
    this.#subject = undefined
    this.#hasPlaces = false
    this.paused = false
    this.#reading = new FeedReading(this.name, this.context.millrace, this.context.clock, () => {
      this.#follow()
      this.#look()
      this.revision++
    })
  }

  /** Once it has a map it keeps it, though all its rows leave. */
  #look(): void {
    const { rows, shape } = this.#reading ?? {}
    if (rows !== undefined && shape !== undefined) this.#hasPlaces ||= placeColumns(rows, shape.columns) !== undefined
  }

  /** Takes the numbers of the moment into the chart; where nothing is known for sure the line has a gap. */
  #follow(): void {
    const reading = this.#reading
    if (reading?.shape === undefined || reading.rows === undefined) return
    const { board, clock, trails, format, hints } = this.context
    const known = board.connected && reading.feed !== undefined && isOfNow(reading.feed.freshness)
    const isSeries = reading.shape.kind === 'series'
    if (this.#subject?.whole !== isSeries)
      this.#subject = isSeries ? new SeriesSubject() : new ChartSubject(trails.of(this.name), reading.activity)
    const at = { known, timeMs: clock.now(), nowMs: board.now(), format, hints: hints.of(this.name) }
    this.#subject.follow(reading.rows, reading.shape, at)
  }

  get #total(): number {
    return Math.max(this.context.board.feeds?.get(this.name)?.rows ?? 0, this.#reading?.rows?.length ?? 0)
  }

  #columnChoice(subject: Subject): TemplateResult {
    const { columns, column } = subject
    if (columns.length < 2) return html`<span class="quiet">${columns[0]?.label ?? ''}</span>`
    const choose = (event: Event) => {
      subject.choose((event.target as HTMLSelectElement).value)
      this.#follow()
      this.requestUpdate()
    }
    return html`<label
      ><span class="what">Column</span>
      <select @change=${choose}>
        ${columns.map(({ name, label }) => html`<option value=${name} .selected=${name === column}>${label}</option>`)}
      </select></label
    >`
  }

  #chart(): TemplateResult | typeof nothing {
    const subject = this.#subject
    // Each event is there once: a line through it would say nothing.
    if (subject === undefined || subject.lines.length === 0 || this.#reading?.shape?.kind === 'events') return nothing
    return html`<section class="panel" aria-label="Chart">
      <header>
        <h2>${subject.whole ? 'Over time' : 'Last minutes'}</h2>
        ${this.#columnChoice(subject)}
        <button type="button" class="plain" aria-pressed=${this.paused ? 'true' : 'false'} @click=${() => (this.paused = !this.paused)}>
          ${this.paused ? 'Play' : 'Pause'}
        </button>
      </header>
      <feed-chart
        .context=${this.context}
        .trail=${subject.trail}
        .lines=${subject.lines}
        .name=${this.name}
        .whole=${subject.whole}
        .paused=${this.paused}
        .axisText=${this.#axisText}
      ></feed-chart>
    </section>`
  }

  /** The same function each time: nothing is drawn anew for it. */
  readonly #axisText = (value: number): string => this.#subject?.text(value, this.context.format) ?? ''

  #map(): TemplateResult | typeof nothing {
    const { rows, shape } = this.#reading ?? {}
    if (rows === undefined || shape === undefined || !this.#hasPlaces) return nothing
    return html`<section class="panel" aria-label="Map">
      <header><h2>Map</h2></header>
      <row-map
        .context=${this.context}
        .rows=${rows}
        .columns=${shape.columns}
        .keyColumn=${shape.key}
        .measure=${this.#subject?.column}
        .name=${this.name}
      ></row-map>
    </section>`
  }

  #rows(): TemplateResult {
    const reading = this.#reading
    if (reading?.rows === undefined || reading.shape === undefined || reading.isForbidden) return this.#noRows()
    return html`<feed-rows
      .context=${this.context}
      .reading=${reading}
      .revision=${this.revision}
      .total=${this.#total}
      .name=${this.name}
    ></feed-rows>`
  }

  #noRows(): TemplateResult {
    const { board } = this.context
    const unknown = board.feeds !== undefined && !board.feeds.has(this.name) && !this.name.startsWith('$')
    const text =
      unknown && this.#reading?.isForbidden !== true
        ? `There is no feed “${this.name}” on this server${storedToken() === undefined ? '' : ', or your token does not open it'}.`
        : (this.#reading?.error ?? 'Waiting for the first rows. They appear here by themselves.')
    return html`<section class="panel"><p class="empty">${text}</p></section>`
  }

  /** Of what happened, and of alerts, the rows are what one comes for. */
  #body(hasRows: boolean): TemplateResult {
    const map = hasRows ? this.#map() : nothing
    const kind = this.#reading?.shape?.kind
    return kind === 'alerts' || kind === 'events'
      ? html`${this.#rows()}${map}${this.#chart()}`
      : html`${this.#chart()}${map}${this.#rows()}`
  }

  #folded(): readonly TemplateResult[] {
    return folds.map(title =>
      fold(
        title,
        this.unfolded.has(title),
        open => {
          const unfolded = new Set(this.unfolded)
          if (open) unfolded.add(title)
          else unfolded.delete(title)
          this.unfolded = unfolded
        },
        () => this.#unfold(title),
      ),
    )
  }

  #unfold(title: Fold): TemplateResult {
    const { context, name } = this
    const reading = this.#reading
    switch (title) {
      case 'Steps':
        return html`<feed-steps .context=${context} .name=${name}></feed-steps>`
      case 'Frames':
        return html`<feed-frames .context=${context} .log=${reading?.frames} .revision=${this.revision}></feed-frames>`
      case 'Schema':
        return html`<feed-schema .context=${context} .name=${name}></feed-schema>`
      case 'Embed it, or follow it from a program':
        return html`<feed-snippets .context=${context} .name=${name} .query=${reading?.query ?? {}}></feed-snippets>`
    }
  }

  #facts({ rows, changesPerSecond, readers, bytesSent, bytesSaved, version }: FeedFacts): TemplateResult {
    const { board, format } = this.context
    return html`<dl class="facts">
      ${fact('Rows', format.number(rows))} ${fact('Changes', `${format.number(changesPerSecond, changesPerSecond >= 100 ? 0 : 1)} /s`)}
      ${fact('Readers', format.number(readers))} ${fact('Sent', format.bytes(bytesSent))}
      ${bytesSaved <= 0 ? nothing : fact('Saved', format.bytes(bytesSaved), 'against each reader polling by itself')}
      ${fact('Version', format.number(version))}
      ${sourceFactsLine(board.sources.get(this.name), { nowMs: board.now(), connected: board.connected }, format)}
    </dl>`
  }

  #described(facts: FeedFacts | undefined): TemplateResult | typeof nothing {
    const isSource = this.context.board.sources.has(this.name)
    if (facts === undefined) return nothing
    const { description, kind } = facts
    const tile = { show: kind === 'alerts' ? 'alerts' : 'table', feed: this.name } as const
    return html`<p class="description">
      ${description} ${isSource ? html`<a href=${sourceHash(this.name)}>Polls and schedule</a> ` : nothing}
      <a href=${boardHash({ name: '', title: '', tiles: [tile] })}>Put it on a board</a>
    </p>`
  }

  protected override render(): TemplateResult {
    const { board } = this.context
    const facts = board.feeds?.get(this.name)
    const known = knownFreshness(facts?.freshness, this.#reading?.feed?.freshness, board)
    const hasRows = this.#reading?.rows !== undefined && !this.#reading.isForbidden
    // Of what was refused nothing is known.
    const isRefused = !hasRows && facts === undefined && this.#reading?.error !== undefined
    return html`${breadcrumb(this.name)}
      <header class="feed">
        <h1>${this.name}</h1>
        ${isRefused ? nothing : html`<freshness-line .context=${this.context} .freshness=${known} .explain=${true}></freshness-line>`}
        ${this.#described(facts)}
      </header>
      ${facts?.hasFigures === true ? this.#facts(facts) : nothing}
      <div class="body state-${known.state}">${this.#body(hasRows)}</div>
      ${hasRows ? this.#folded() : nothing}`
  }
}
