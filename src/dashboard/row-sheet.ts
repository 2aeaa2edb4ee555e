import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { Explained } from '../client/face.ts'
import type { Cancel } from '../lib/clock.ts'
import type { Hints } from '../model/hint.ts'
import { cellOf, type Row } from '../model/row.ts'
import { cellContent } from '../elements/cell-content.ts'
import { profileColumn, rowName, showValue } from '../elements/column-profile.ts'
import { durationText } from '../elements/poll-facts.ts'
import { Reader } from '../elements/reader.ts'
import { PageElement } from './page-element.ts'
import { sourceHash } from './route.ts'

/** A row of a feed. */
export interface RowPlace {
  readonly feed: string
  readonly key: string
}

/** One row, live and whole, and why it is as it is: the rows that it is made of, further and further in, and the polls behind it. */
export class RowSheet extends PageElement {
  static override properties = {
    ...PageElement.properties,
    place: { attribute: false },
    path: { state: true },
    row: { state: true },
    explained: { state: true },
    error: { state: true },
  }
  /** The row that it begins with; undefined: it is closed. */
  declare place: RowPlace | undefined
  /** From that row to the one that is shown. */
  declare path: readonly RowPlace[]
  declare row: { readonly cells: Row; readonly columns: readonly string[] } | undefined
  declare explained: Explained | undefined
  declare error: string
  #reader: Reader | undefined
  /** Counts what was asked: an answer that comes after another question is none. */
  #asked = 0

  constructor() {
    super()
    this.path = []
    this.error = ''
  }

  protected override listen(): readonly Cancel[] {
    return [() => this.#leave()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('place')) this.#show(this.place === undefined ? [] : [this.place])
  }

  protected override updated(): void {
    const dialog = this.querySelector('dialog')
    if (this.path.length > 0 && dialog?.open === false) dialog.showModal()
    if (this.path.length === 0 && dialog?.open === true) dialog.close()
  }

  #leave(): void {
    this.#reader?.leave()
    this.#reader = undefined
  }

  #show(path: readonly RowPlace[]): void {
    this.#leave()
    this.path = path
    this.row = undefined
    this.explained = undefined
    this.error = ''
    const place = path.at(-1)
    if (place === undefined) return
    const { millrace, clock } = this.context
    const feed = millrace.feed(place.feed, { where: `key == ${JSON.stringify(place.key)}`, limit: 1 })
    this.#reader = new Reader(feed, clock, {
      lingerMs: 0,
      onFreshness: () => this.requestUpdate(),
      onRows: ([cells], { table }) => (this.row = cells === undefined ? undefined : { cells, columns: table.columns }),
      onError: ({ message }) => (this.error = message),
    })
    this.#reader.want()
    void this.#explain(place)
  }

  async #explain({ feed, key }: RowPlace): Promise<void> {
    const asked = ++this.#asked
    try {
      const explained = await this.context.millrace.explain(feed, key)
      if (asked === this.#asked) this.explained = explained
    } catch (error) {
      if (asked === this.#asked) this.error = error instanceof Error ? error.message : String(error)
    }
  }

  #cells(): TemplateResult {
    const { row } = this
    const ofFeed = this.context.hints.of(this.path.at(-1)?.feed ?? '')
    if (row === undefined)
      return html`<p class="empty">${this.#reader?.feed.rows === undefined ? 'Asking for it.' : 'It is not there any more.'}</p>`
    return html`<dl class="lines">
      ${row.columns.map(
        column =>
          html`<div>
            <dt>${ofFeed.get(column)?.label ?? (column === '#' ? 'key' : column)}</dt>
            <dd>${this.#cell(row.cells, column, ofFeed)}</dd>
          </div>`,
      )}
    </dl>`
  }

  #cell(cells: Row, column: string, hints: Hints): TemplateResult | string {
    const { board, format } = this.context
    const cell = cellOf(cells, column)
    const profile = profileColumn(column, [cells], undefined, hints.get(column))
    return cellContent(cell, showValue(cell, profile, board.now(), format), profile)
  }

  #inputs({ inputs, windows, more }: Explained): TemplateResult {
    const { board, format } = this.context
    const time = (at: number) => format.time(at, board.now())
    if (inputs.length === 0) return html`<p class="pad">It comes as it is from the source.</p>`
    return html`<div class="pad">
      ${windows.map(({ from, to }) => html`<p>Looks at ${time(from)} to ${time(to)}.</p>`)}
      ${inputs.map(
        ({ feed, keys }) =>
          html`<h4>${format.number(keys.length)}${more === true ? ' or more' : ''} ${keys.length === 1 ? 'row' : 'rows'} of ${feed}</h4>
            <ul class="keys">
              ${keys.map(
                key =>
                  html`<li>
                    <button type="button" class="plain" @click=${() => this.#show([...this.path, { feed, key }])}>
                      ${key === '' ? 'the only row' : rowName(key)}
                    </button>
                  </li>`,
              )}
            </ul>`,
      )}
    </div>`
  }

  #polls({ polls }: Explained): TemplateResult | typeof nothing {
    if (polls.length === 0) return nothing
    const { board, format } = this.context
    const facts = ({ at, outcome, status, duration, bytes, reason }: Explained['polls'][number]): string => {
      if (at === undefined) return 'not asked yet'
      const parts = [
        format.time(at, board.now()),
        outcome,
        status === undefined ? undefined : String(status),
        duration === undefined ? undefined : durationText(duration, format),
        bytes === undefined || bytes === 0 ? undefined : format.bytes(bytes),
      ]
      return `${parts.filter(part => part !== undefined).join(' · ')}${reason === undefined ? '' : `: ${reason}`}`
    }
    return html`<h3>Last polls behind it</h3>
      <dl class="lines">
        ${polls.map(
          poll =>
            html`<div>
              <dt><a href=${sourceHash(poll.source)} @click=${() => this.#close()}>${poll.source}</a></dt>
              <dd>${facts(poll)}</dd>
            </div>`,
        )}
      </dl>`
  }

  #close(): void {
    this.querySelector('dialog')?.close()
  }

  #closed(): void {
    this.#show([])
    this.dispatchEvent(new CustomEvent('sheet-close'))
  }

  #trail(): TemplateResult {
    const back = (i: number) => this.#show(this.path.slice(0, i + 1))
    const name = ({ feed, key }: RowPlace) => `${feed} ${key === '' ? '' : rowName(key)}`
    return html`<nav aria-label="Rows on the way">
      ${this.path
        .slice(0, -1)
        .map(
          (place, i) =>
            html`<button type="button" class="link" @click=${() => back(i)}>${name(place)}</button> <span aria-hidden="true">/</span> `,
        )}
    </nav>`
  }

  protected override render(): TemplateResult {
    const place = this.path.at(-1)
    return html`<dialog class="sheet" aria-labelledby="sheet-title" @close=${() => this.#closed()}>
      ${
        place === undefined
          ? nothing
          : html`<header>
                <div>
                  ${this.#trail()}
                  <h2 id="sheet-title">${place.key === '' ? place.feed : rowName(place.key)} <span class="quiet">${place.feed}</span></h2>
                </div>
                <button type="button" class="plain" @click=${() => this.#close()}>Close</button>
              </header>
              ${this.#cells()}
              <h3>Why it is as it is</h3>
              ${this.error === '' ? nothing : html`<p class="pad fault" role="alert">${this.error}</p>`}
              ${this.explained === undefined ? nothing : html`${this.#inputs(this.explained)} ${this.#polls(this.explained)}`}`
      }
    </dialog>`
  }
}
