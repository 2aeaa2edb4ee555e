import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { composedKeyColumn } from '../model/key.ts'
import type { Hints } from '../model/hint.ts'
import type { Row } from '../model/row.ts'
import type { Kind } from '../model/table.ts'
import type { Cancel } from '../lib/clock.ts'
import type { FeedTable, RowRequest, SortRequest } from '../elements/feed-table.ts'
import { readingOrder } from '../elements/column-profile.ts'
import { layOut, type Layout } from '../elements/upright.ts'
import { copyText } from './clipboard.ts'
import { mostRows, type FeedReading } from './feed-reading.ts'
import { filterExpression, textColumns, unknownNames } from './filter-text.ts'
import { PageElement } from './page-element.ts'
import type { RowPlace } from './row-sheet.ts'
import { rowsAsCsv, rowsAsJson } from './row-text.ts'

/** Typing rests so long, in ms, before a filter is asked for. */
const typingMs = 500
/** For so long it is said that something was copied, in ms. */
const saidMs = 4000

/** The rows of a feed: filtered, sorted, with the columns that are wanted, to be copied. */
export class FeedRows extends PageElement {
  static override properties = {
    ...PageElement.properties,
    reading: { attribute: false },
    revision: { attribute: false },
    total: { attribute: false },
    name: { attribute: false },
    held: { state: true },
    hiddenColumns: { state: true },
    said: { state: true },
    place: { state: true },
    typed: { state: true },
  }
  declare reading: FeedReading
  /** Counts the changes of `reading`. */
  declare revision: number
  /** Rows of the whole feed. */
  declare total: number
  declare name: string
  declare held: boolean
  declare hiddenColumns: ReadonlySet<string>
  /** What was just done, in words. */
  declare said: string
  /** The row that is looked at. */
  declare place: RowPlace | undefined
  /** What stands in the field of the filter. */
  declare typed: string
  /** A person chose the columns. */
  #isChosen = false
  /** The columns in which words are looked for; those of the rows before any filter. */
  #texts: readonly string[] | undefined
  /** The rows that were drawn last, and what was new of them. */
  #shown: readonly Row[] | undefined
  #changes: ReadonlyMap<string, Row | undefined> = new Map()
  #typing: Cancel | undefined
  #saying: Cancel | undefined

  constructor() {
    super()
    this.held = false
    this.hiddenColumns = new Set()
    this.said = ''
    this.typed = ''
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('reading')) return
    this.hiddenColumns = new Set()
    this.#isChosen = false
    this.#texts = undefined
    this.typed = this.reading.where
  }

  protected override listen(): readonly Cancel[] {
    return [this.context.hints.onChange(() => this.requestUpdate()), () => this.#typing?.(), () => this.#saying?.()]
  }

  #filter(text: string, atOnce: boolean): void {
    this.#typing?.()
    this.typed = text
    const ask = (): void => {
      const { rows = [], shape } = this.reading
      const columns = shape?.columns ?? []
      this.#texts ??= rows.length === 0 ? undefined : textColumns(rows, this.#columns)
      this.reading.filterBy(filterExpression(text, columns, this.#texts ?? []))
    }
    if (atOnce) ask()
    else this.#typing = this.context.clock.after(typingMs, ask)
  }

  #say(text: string): void {
    this.said = text
    this.#saying?.()
    this.#saying = this.context.clock.after(saidMs, () => (this.said = ''))
  }

  async #copy(kind: 'CSV' | 'JSON'): Promise<void> {
    const { rows = [] } = this.reading
    const columns = this.#columns.filter(column => !this.hiddenColumns.has(column))
    const copied = await copyText(kind === 'CSV' ? rowsAsCsv(rows, columns) : rowsAsJson(rows, columns))
    const count = `${this.context.format.number(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`
    this.#say(copied ? `${count} copied as ${kind}` : 'this browser does not let the page copy')
  }

  #toggle(column: string): void {
    const hidden = new Set(this.hiddenColumns)
    if (!hidden.delete(column)) hidden.add(column)
    this.hiddenColumns = hidden
    this.#isChosen = true
  }

  /** The key of a point of a series is made of its columns, which say it better; others are hidden by the config. */
  #hideAtFirst(kind: Kind): void {
    if (this.#isChosen || this.hiddenColumns.size > 0) return
    const hidden = [...this.#hints].flatMap(([column, hint]) => (hint.hidden === true ? [column] : []))
    if (kind === 'series') hidden.push(composedKeyColumn)
    if (hidden.length > 0) this.hiddenColumns = new Set(hidden)
  }

  /** All columns, in the order in which they are read. */
  get #columns(): readonly string[] {
    const { shape } = this.reading
    if (shape === undefined) return []
    return shape.kind === 'table' ? readingOrder(shape.columns, shape.key) : shape.columns
  }

  get #hints(): Hints {
    return this.context.hints.of(this.name)
  }

  #filterField(example: string): TemplateResult {
    const { filterError } = this.reading
    return html`<form
      class="filter"
      role="search"
      @submit=${(event: SubmitEvent) => {
        event.preventDefault()
        this.#filter((event.currentTarget as HTMLFormElement).querySelector('input')?.value ?? '', true)
      }}
    >
      <input
        type="search"
        aria-label="Only rows where"
        placeholder=${`Words to look for, or an expression such as ${example}`}
        autocapitalize="none"
        autocomplete="off"
        spellcheck="false"
        aria-invalid=${filterError === '' ? 'false' : 'true'}
        aria-describedby="filter-error"
        .value=${this.typed}
        @input=${(event: Event) => this.#filter((event.target as HTMLInputElement).value, false)}
      />
    </form>`
  }

  #columnChoice(columns: readonly string[]): TemplateResult | typeof nothing {
    if (columns.length < 2) return nothing
    const shown = columns.filter(column => !this.hiddenColumns.has(column)).length
    return html`<details class="menu">
      <summary class="plain">Columns${shown === columns.length ? '' : ` ${shown} of ${columns.length}`}</summary>
      <fieldset>
        <legend class="hidden">Columns to show</legend>
        ${columns.map(
          column =>
            html`<label
              ><input
                type="checkbox"
                .checked=${!this.hiddenColumns.has(column)}
                ?disabled=${shown === 1 && !this.hiddenColumns.has(column)}
                @change=${() => this.#toggle(column)}
              />${this.#hints.get(column)?.label ?? (column === '#' ? 'key' : column)}</label
            >`,
        )}
      </fieldset>
    </details>`
  }

  /** What of a large table is shown, said plainly. */
  #extent(shown: number): TemplateResult {
    const { reading, total, context } = this
    const { format } = context
    const rows = format.number(shown)
    const isPart = reading.where === '' ? total > shown : shown >= reading.limit
    if (!isPart)
      return html`<span class="quiet"
        >${rows} ${shown === 1 ? 'row' : 'rows'}${reading.where === '' ? '' : ` of ${format.number(total)}`}</span
      >`
    const more = reading.limit < mostRows
    return html`<span class="quiet">showing the first ${rows} of ${format.number(total)} rows</span> ${
        more
          ? html`<button type="button" class="plain" @click=${() => reading.showMore()}>
              Show ${total > mostRows ? `up to ${format.number(mostRows)}` : 'all'}
            </button>`
          : nothing
      }`
  }

  #tools(shown: number, columns: readonly string[], example: string): TemplateResult {
    const { filterError, isWaiting } = this.reading
    return html`<header>
        <h2>Rows</h2>
        ${this.held ? html`<span class="quiet held">order held while you point</span>` : nothing}
        ${isWaiting ? html`<span class="quiet">asking ..</span>` : nothing} ${this.#extent(shown)}
      </header>
      <div class="tools">
        ${this.#filterField(example)} ${this.#columnChoice(columns)}
        <button type="button" class="plain" ?disabled=${shown === 0} @click=${() => void this.#copy('CSV')}>Copy CSV</button>
        <button type="button" class="plain" ?disabled=${shown === 0} @click=${() => void this.#copy('JSON')}>Copy JSON</button>
        <span class="quiet" role="status">${this.said}</span>
      </div>
      <p id="filter-error" class="fault" role="alert" ?hidden=${filterError === ''}>${filterError}</p>`
  }

  #table(layout: Layout): TemplateResult {
    const { reading, context } = this
    return html`<feed-table
      .context=${context}
      .rows=${layout.rows}
      .changes=${layout.sortable ? this.#changes : undefined}
      .columns=${layout.columns}
      .keyColumn=${layout.keyColumn}
      .sort=${layout.sortable ? reading.sort : ''}
      .sortable=${layout.sortable}
      .name=${this.name}
      .opens=${layout.sortable}
      ?hidden=${layout.rows.length === 0}
      @sort-request=${(event: CustomEvent<SortRequest>) => reading.sortBy(event.detail.column, this.total)}
      @row-open=${(event: CustomEvent<RowRequest>) => (this.place = { feed: this.name, key: event.detail.key })}
      @held-change=${(event: Event) => (this.held = (event.target as FeedTable).held)}
    ></feed-table>`
  }

  #empty(rows: readonly Row[]): TemplateResult | typeof nothing {
    if (rows.length > 0) return nothing
    const { where } = this.reading
    const all = html`<button type="button" class="plain" @click=${() => this.#filter('', true)}>Show all</button>`
    if (where === '') return html`<p class="empty">No rows just now. They appear here as they come.</p>`
    const [unknown] = unknownNames(where, this.#columns)
    const hint = unknown === undefined ? '' : `There is no column “${unknown}”; a text stands in quotes: '${unknown}'. `
    return html`<p class="empty">${hint}No row is so just now. They appear here as they come. ${all}</p>`
  }

  protected override render(): TemplateResult | typeof nothing {
    const { reading, context } = this
    const { rows, shape } = reading
    if (rows === undefined || shape === undefined) return nothing
    this.#hideAtFirst(shape.kind)
    if (rows !== this.#shown) this.#changes = reading.takeChanges()
    this.#shown = rows
    const all = this.#columns
    const columns = all.filter(column => !this.hiddenColumns.has(column))
    // A filter is of the feed's own columns: rows that it leaves alone are not turned upright; nor is one alert, or one event.
    const layout =
      reading.where === '' && shape.kind === 'table'
        ? layOut(rows, { key: shape.key, columns, order: shape.order }, context.board.now(), context.format, this.#hints)
        : { rows, columns, keyColumn: shape.key, sortable: true }
    return html`<section class="panel rows" aria-label="Rows">
      ${this.#tools(rows.length, all, exampleOf(rows, columns))} ${this.#empty(rows)} ${this.#table(layout)}
      <row-sheet .context=${context} .place=${this.place} @sheet-close=${() => (this.place = undefined)}></row-sheet>
    </section>`
  }
}

/** A filter that can be written of these rows. */
function exampleOf(rows: readonly Row[], columns: readonly string[]): string {
  const [row] = rows
  const named = columns.filter(column => /^[A-Za-z_]\w*$/.test(column))
  const number = named.find(column => typeof row?.[column] === 'number' && !/id$|time|since|at$|^lon/i.test(column))
  if (number !== undefined) return `${number} > ${Math.trunc(Number(Number(row?.[number]).toPrecision(2))) || 0}`
  const text = named.find(column => typeof row?.[column] === 'string')
  return text === undefined ? "key == 'a'" : `${text} == ${JSON.stringify(row?.[text])}`
}
