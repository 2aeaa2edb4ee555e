import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { classMap } from 'lit/directives/class-map.js'
import { repeat } from 'lit/directives/repeat.js'
import { cellOf, equalCells, type Row } from '../model/row.ts'
import { cellContent } from './cell-content.ts'
import type { ColumnKind } from './column-kind.ts'
import { briefly, profileColumns, rowName, showCell, type ColumnProfile } from './column-profile.ts'
import { LiveElement } from './live-element.ts'
import { arrange, keyOfRow, noLines, visibleSpan, type Line, type Lines } from './row-lines.ts'

/** Which row somebody wants to know more of. */
export interface RowRequest {
  readonly key: string
}

/** What a click on a column's head asks for. */
export interface SortRequest {
  readonly column: string
}

const lineHeight = 34
const narrowestChars = 7
const widestChars = 34
const flashMs = 900

/** A live table: only the rows in view are drawn, changed cells flash, and nothing moves while the pointer is on it. */
export class FeedTable extends LiveElement {
  static override properties = {
    ...LiveElement.properties,
    rows: { attribute: false },
    changes: { attribute: false },
    columns: { attribute: false },
    keyColumn: { attribute: false },
    sort: { attribute: false },
    sortable: { attribute: false },
    opens: { attribute: false },
    name: { attribute: false },
    held: { state: true },
  }
  declare rows: readonly Row[]
  /** What changed since it was last given, with the former rows, where that is known; else it is found by comparing. */
  declare changes: ReadonlyMap<string, Row | undefined> | undefined
  declare columns: readonly string[]
  declare keyColumn: string
  /** `price` or `-price`; empty: as the feed comes. */
  declare sort: string
  declare sortable: boolean
  /** Whether a row can be opened: `row-open` tells which. Default no. */
  declare opens: boolean | undefined
  declare name: string
  declare held: boolean
  #lines: Lines = noLines
  #profiles: readonly ColumnProfile[] = []
  /** In characters; only grows, so that no column ever jumps. */
  readonly #widths = new Map<string, number>()
  /** The widths that are in force. */
  #sizes = ''
  #before = new Map<string, Row>()
  /** The lines in view. */
  #drawn: readonly Line[] = []
  #changed: readonly (readonly [string, Row | undefined])[] = []

  constructor() {
    super()
    this.held = false
  }

  /** Rows that came while the order was held. */
  get waiting(): number {
    return this.#lines.waiting
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('rows')) this.#noteChanges()
    if (changed.has('rows') || changed.has('columns')) this.#profile()
    // Sorting on request is no jump: it is what the pointer came for.
    this.#lines = arrange(this.#lines, this.rows, this.keyColumn, this.held && !changed.has('sort'))
  }

  #noteChanges(): void {
    if (this.changes !== undefined) {
      this.#changed = [...this.changes]
      return
    }
    const now = new Map(this.rows.map(row => [keyOfRow(row, this.keyColumn), row]))
    this.#changed =
      this.#before.size === 0
        ? []
        : [...now].filter(([key, row]) => this.#before.get(key) !== row).map(([key]) => [key, this.#before.get(key)])
    this.#before = now
  }

  #profile(): void {
    this.#profiles = profileColumns(this.columns, this.rows, this.#profiles, this.context.hints.of(this.name))
    for (const { name, label, unit, width } of this.#profiles) {
      const head = label.length + (unit === '' ? 2 : unit.length + 3)
      const wanted = Math.min(Math.max(width, head, narrowestChars), widestChars)
      this.#widths.set(name, Math.max(this.#widths.get(name) ?? 0, wanted))
    }
  }

  #widthOf(column: string): number {
    return this.#widths.get(column) ?? narrowestChars
  }

  protected override firstUpdated(): void {
    const region = this.querySelector('.scroll')
    if (region === null) return
    region.addEventListener('scroll', () => this.requestUpdate(), { passive: true })
    const observer = new ResizeObserver(() => this.requestUpdate())
    observer.observe(region)
  }

  protected override updated(): void {
    this.#size()
    for (const space of this.querySelectorAll<HTMLElement>('tr.space')) space.style.height = `${space.dataset['height'] ?? 0}px`
    this.#flash()
  }

  #size(): void {
    const sizes = this.columns.map(column => `${column} ${this.#widthOf(column)}`).join()
    if (sizes === this.#sizes) return
    this.#sizes = sizes
    const columns = this.querySelectorAll('col')
    // Where rows are read downwards the values stand near their names, and the last column takes the rest.
    const sized = this.sortable ? columns.length : columns.length - 1
    // The way into a row stands in its first cell.
    const around = (i: number): string => (i === 0 && this.opens === true ? '2.8rem' : '1.6rem')
    columns.forEach((col, i) => (col.style.width = i < sized ? `calc(${this.#widthOf(this.columns[i] ?? '')}ch + ${around(i)})` : ''))
    const total = this.columns.reduce((sum, column) => sum + this.#widthOf(column), 0)
    const table = this.querySelector('table')
    if (table !== null) table.style.minWidth = `calc(${total}ch + ${this.columns.length * 1.6}rem)`
  }

  /** Changed cells light up and fade; whoever asked for less motion is spared. */
  #flash(): void {
    const changed = this.#changed
    this.#changed = []
    if (changed.length === 0 || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    const former = new Map(changed)
    const drawn = new Map([...this.querySelectorAll<HTMLTableRowElement>('tr[data-key]')].map(tr => [tr.dataset['key'], tr]))
    for (const { key, row } of this.#drawn) {
      if (!former.has(key)) continue
      const before = former.get(key)
      const cells = drawn.get(key)?.cells
      if (cells === undefined) continue
      this.columns.forEach((column, i) => {
        if (before !== undefined && equalCells(cellOf(before, column), cellOf(row, column))) return
        cells[i]?.animate([{ backgroundColor: 'var(--flash)' }], { duration: flashMs, easing: 'ease-out' })
      })
    }
  }

  #head(profile: ColumnProfile): TemplateResult {
    const { name } = profile
    const sorted = this.sort === name ? 'ascending' : this.sort === `-${name}` ? 'descending' : 'none'
    const ask = () => this.dispatchEvent(new CustomEvent<SortRequest>('sort-request', { detail: { column: name } }))
    if (!this.sortable)
      return html`<th scope="col" class=${classMap(sideOf(profile))} part="head"><span class="title">${headOf(profile)}</span></th>`
    return html`<th scope="col" class=${classMap(sideOf(profile))} part="head" aria-sort=${sorted}>
      <button type="button" @click=${ask} title="Sort by ${profile.label}">
        <span class="name">${headOf(profile)}</span
        ><svg class="arrow ${sorted}" viewBox="0 0 10 10" aria-hidden="true"><path d="M5 2 8.500 7.500h-7Z" /></svg>
      </button>
    </th>`
  }

  /** A way into the row for the keyboard: one stop, arrows go up and down. A click on the row does the same. */
  #opener(key: string, index: number): TemplateResult | typeof nothing {
    if (this.opens !== true) return nothing
    return html`<button
      type="button"
      class="opener"
      tabindex=${index === 0 ? 0 : -1}
      aria-label="Why ${rowName(key)}"
      title="Why this row"
      @click=${(event: Event) => this.#open(event, key)}
      @keydown=${this.#step}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 3.500 10.500 8 6 12.500" /></svg>
    </button>`
  }

  #open(event: Event, key: string): void {
    event.stopPropagation()
    this.dispatchEvent(new CustomEvent<RowRequest>('row-open', { detail: { key } }))
  }

  #step = (event: KeyboardEvent): void => {
    const line = (event.currentTarget as HTMLElement).closest('tr')
    const next = event.key === 'ArrowDown' ? line?.nextElementSibling : event.key === 'ArrowUp' ? line?.previousElementSibling : undefined
    const opener = next?.querySelector<HTMLElement>('.opener')
    if (opener === null || opener === undefined) return
    event.preventDefault()
    opener.focus()
    opener.scrollIntoView({ block: 'nearest' })
  }

  #cell(row: Row, profile: ColumnProfile, nowMs: number, opener: TemplateResult | typeof nothing = nothing): TemplateResult {
    const cell = cellOf(row, profile.name)
    const whole =
      profile.name === '#' && typeof cell === 'string' ? rowName(cell) || '–' : showCell(cell, profile, nowMs, this.context.format)
    const text = typeof cell === 'object' && cell !== null ? briefly(cell) : whole
    const title = text !== whole || text.length > this.#widthOf(profile.name) ? whole : nothing
    const classes = classMap({ ...sideOf(profile), json: profile.kind === 'json' && text === whole, null: cell === null })
    const content = cellContent(cell, text, profile)
    // One piece: what stands between them would be read as a part of the cell.
    return html`<td class=${classes} part="cell" title=${title}>${opener === nothing ? content : [opener, content]}</td>`
  }

  /** `index`: its place in the table; `place`: among those in view. */
  #line({ key, row, gone }: Line, index: number, place: number, nowMs: number): TemplateResult {
    // Who marks text to copy it does not mean the row.
    const open = this.opens === true ? (event: Event) => getSelection()?.isCollapsed !== false && this.#open(event, key) : nothing
    return html`<tr class=${gone ? 'gone' : ''} data-key=${key} aria-rowindex=${index + 2} @click=${open}>
      ${this.#profiles.map((profile, i) => this.#cell(row, profile, nowMs, i === 0 ? this.#opener(key, place) : nothing))}
    </tr>`
  }

  #space(lines: number): TemplateResult | typeof nothing {
    if (lines <= 0) return nothing
    return html`<tr class="space" data-height=${lines * lineHeight} aria-hidden="true">
      <td colspan=${this.columns.length}></td>
    </tr>`
  }

  #hold = (event: PointerEvent) => {
    if (event.pointerType === 'mouse') this.#setHeld(true)
  }

  #setHeld(held: boolean): void {
    this.held = held
    this.dispatchEvent(new CustomEvent('held-change', { detail: { held } }))
  }

  protected override render(): TemplateResult {
    const { count } = this.#lines
    const region = this.querySelector('.scroll')
    const { from, to } = visibleSpan(count, lineHeight, region?.scrollTop ?? 0, region?.clientHeight ?? 700)
    this.#drawn = this.#lines.slice(from, to)
    const nowMs = this.context.board.now()
    return html`<div class="scroll" role="region" aria-label="Rows of ${this.name}" tabindex="0">
      <table part="table" class=${this.opens === true ? 'opens' : ''} aria-rowcount=${count + 1}>
        <colgroup>
          ${this.columns.map(() => html`<col />`)}
        </colgroup>
        <thead>
          <tr aria-rowindex="1">
            ${this.#profiles.map(profile => this.#head(profile))}
          </tr>
        </thead>
        <tbody @pointerenter=${this.#hold} @pointerleave=${() => this.#setHeld(false)}>
          ${this.#space(from)}
          ${repeat(
            this.#drawn,
            line => line.key,
            (line, i) => this.#line(line, from + i, i, nowMs),
          )}
          ${this.#space(count - to)}
        </tbody>
      </table>
    </div>`
  }
}

const rightKinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['number', 'bytes', 'time', 'duration', 'percent'])

function sideOf({ kind }: ColumnProfile): { readonly number: boolean } {
  return { number: rightKinds.has(kind) }
}

function headOf({ name, label, unit }: ColumnProfile): TemplateResult {
  return html`${name === '#' && label === name ? 'key' : label}${unit === '' ? nothing : html` <span class="unit">${unit}</span>`}`
}
