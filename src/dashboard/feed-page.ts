import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import { ChartSubject } from '../elements/chart-subject.ts'
import type { FeedTable, SortRequest } from '../elements/feed-table.ts'
import { firstRows, FeedReading, mostRows } from './feed-reading.ts'
import { sourceFactsLine } from './feed-facts.ts'
import { knownFreshness } from '../elements/freshness-view.ts'
import { PageElement } from './page-element.ts'
import { layOut } from '../elements/upright.ts'
import { overviewHash } from './route.ts'

/** One feed: its freshness, its numbers over the last minutes, its rows. */
export class FeedPage extends PageElement {
  static override properties = { ...PageElement.properties, name: { attribute: false }, held: { state: true } }
  declare name: string
  declare held: boolean
  #reading: FeedReading | undefined
  #subject: ChartSubject | undefined

  constructor() {
    super()
    this.held = false
  }

  protected override listen(): readonly Cancel[] {
    if (this.hasUpdated) this.#open()
    return [
      this.context.board.onChange(() => this.requestUpdate()),
      this.context.pulse.on(() => this.#follow()),
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
    this.#reading = new FeedReading(this.name, this.context.millrace, this.context.clock, () => {
      this.#follow()
      this.requestUpdate()
    })
  }

  /** Takes the numbers of the moment into the chart; where nothing is known for sure the line has a gap. */
  #follow(): void {
    const reading = this.#reading
    if (reading?.shape === undefined || reading.rows === undefined) return
    const { board, clock, trails, format } = this.context
    this.#subject ??= new ChartSubject(trails.of(this.name), reading.activity)
    const known = board.connected && reading.feed?.freshness.state === 'fresh'
    this.#subject.follow(reading.rows, reading.shape, { known, timeMs: clock.now(), nowMs: board.now(), format })
  }

  get #total(): number {
    return Math.max(this.context.board.feeds?.get(this.name)?.rows ?? 0, this.#reading?.rows?.length ?? 0)
  }

  #chart(): TemplateResult | typeof nothing {
    const subject = this.#subject
    if (subject === undefined || subject.lines.length === 0) return nothing
    const { columns, column } = subject
    const choose = (event: Event) => {
      subject.choose((event.target as HTMLSelectElement).value)
      this.#follow()
      this.requestUpdate()
    }
    return html`<section class="panel" aria-label="Chart">
      <header>
        <h2>Last minutes</h2>
        ${
          columns.length < 2 || column === undefined
            ? html`<span class="quiet">${column ?? ''}</span>`
            : html`<label
                >Column
                <select @change=${choose}>
                  ${columns.map(name => html`<option .selected=${name === column}>${name}</option>`)}
                </select></label
              >`
        }
      </header>
      <feed-chart
        .context=${this.context}
        .trail=${subject.trail}
        .lines=${subject.lines}
        .name=${this.name}
        .axisText=${(value: number) => subject.text(value, this.format)}
      ></feed-chart>
    </section>`
  }

  /** What of a large table is shown, said plainly. */
  #extent(shown: number): TemplateResult {
    const { format } = this.context
    const [total, rows] = [this.#total, format.number(shown)]
    if (total <= shown) return html`<span class="quiet">${rows} ${shown === 1 ? 'row' : 'rows'}</span>`
    const canShowMore = this.#reading?.limit === firstRows
    return html`<span class="quiet">showing the first ${rows} of ${format.number(total)} rows</span> ${
        canShowMore
          ? html`<button type="button" class="plain" @click=${() => this.#reading?.showMore()}>
              Show up to ${format.number(mostRows)}
            </button>`
          : nothing
      }`
  }

  #table(): TemplateResult {
    const reading = this.#reading
    if (reading?.rows === undefined || reading.shape === undefined || reading.isForbidden) return this.#noRows()
    const { board, format } = this
    const layout = layOut(reading.rows, reading.shape, board.now(), format)
    const held = this.held ? html`<span class="quiet held">order held while you point</span>` : nothing
    return html`<section class="panel rows" aria-label="Rows">
      <header>
        <h2>Rows</h2>
        ${held}${this.#extent(reading.rows.length)}
      </header>
      ${reading.rows.length === 0 ? html`<p class="empty">No rows just now. They appear here as they come.</p>` : nothing}
      <feed-table
        .context=${this.context}
        .rows=${layout.rows}
        .columns=${layout.columns}
        .keyColumn=${layout.keyColumn}
        .sort=${layout.sortable ? reading.sort : ''}
        .sortable=${layout.sortable}
        .name=${this.name}
        ?hidden=${reading.rows.length === 0}
        @sort-request=${(event: CustomEvent<SortRequest>) => reading.sortBy(event.detail.column, this.#total)}
        @held-change=${(event: Event) => (this.held = (event.target as FeedTable).held)}
      ></feed-table>
    </section>`
  }

  #noRows(): TemplateResult {
    const { board } = this.context
    const unknown = board.feeds !== undefined && !board.feeds.has(this.name) && !this.name.startsWith('$')
    const text =
      unknown && this.#reading?.isForbidden !== true
        ? `There is no feed “${this.name}” on this server.`
        : (this.#reading?.error ?? 'Waiting for the first rows. They appear here by themselves.')
    return html`<section class="panel"><p class="empty">${text}</p></section>`
  }

  protected override render(): TemplateResult {
    const { board, format, context } = this
    const facts = board.feeds?.get(this.name)
    const known = knownFreshness(facts?.freshness, this.#reading?.feed?.freshness, board.connected)
    return html`<nav aria-label="Breadcrumb">
        <a href=${overviewHash}>All feeds</a> <span aria-hidden="true">/</span> <span aria-current="page">${this.name}</span>
      </nav>
      <header class="feed">
        <h1>${this.name}</h1>
        <freshness-line .context=${context} .freshness=${known} .explain=${true}></freshness-line>
        ${facts === undefined || facts.description === '' ? nothing : html`<p class="description">${facts.description}</p>`}
      </header>
      ${
        facts?.hasFigures !== true
          ? nothing
          : html`<dl class="facts">
              <div>
                <dt>Rows</dt>
                <dd>${format.number(facts.rows)}</dd>
              </div>
              <div>
                <dt>Changes</dt>
                <dd>${format.number(facts.changesPerSecond, facts.changesPerSecond >= 100 ? 0 : 1)} /s</dd>
              </div>
              <div>
                <dt>Readers</dt>
                <dd>${format.number(facts.readers)}</dd>
              </div>
              <div>
                <dt>Sent</dt>
                <dd>${format.bytes(facts.bytesSent)}</dd>
              </div>
              <div>
                <dt>Version</dt>
                <dd>${format.number(facts.version)}</dd>
              </div>
              ${sourceFactsLine(board.sources.get(this.name), { nowMs: board.now(), connected: board.connected }, format)}
            </dl>`
      }
      <div class="body state-${known.state}">${this.#chart()}${this.#table()}</div>`
  }

  private get board() {
    return this.context.board
  }

  private get format() {
    return this.context.format
  }
}
