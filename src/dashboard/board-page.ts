import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import type { Board, Tile } from '../model/board.ts'
import { fetchBoards } from './boards.ts'
import { copyText } from './clipboard.ts'
import { isEmbedded } from './embedding.ts'
import { PageElement } from './page-element.ts'
import { boardHash, parseBoard } from './tile-text.ts'
import { tileSpan } from './tile-span.ts'
import { storedToken } from './token-store.ts'

const saidMs = 4000

/** Tiles of feeds on one page, from the config by name or from the address itself. */
export class BoardPage extends PageElement {
  static override properties = {
    ...PageElement.properties,
    name: { attribute: false },
    query: { attribute: false },
    shown: { state: true },
    said: { state: true },
    fault: { state: true },
  }
  /** Of the config; empty: the board is in the address. */
  declare name: string
  declare query: string
  declare shown: Board | undefined
  /** What was just done, in words. */
  declare said: string
  /** Why there is no such board; empty while it is not known. */
  declare fault: string
  #saying: Cancel | undefined

  constructor() {
    super()
    this.said = ''
    this.fault = ''
  }

  protected override listen(): readonly Cancel[] {
    const redraw = () => this.requestUpdate()
    document.addEventListener('fullscreenchange', redraw)
    return [() => document.removeEventListener('fullscreenchange', redraw), () => this.#saying?.()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('name') || changed.has('query')) void this.#find()
  }

  async #find(): Promise<void> {
    const { name } = this
    this.fault = ''
    if (name === '') {
      this.shown = parseBoard(this.query)
      if (this.shown.tiles.length === 0) this.fault = 'There is no tile in this address.'
      return
    }
    const boards = await fetchBoards(storedToken()).catch(() => undefined)
    if (name !== this.name) return
    this.shown = boards?.find(board => board.name === name)
    if (boards === undefined) this.fault = 'The boards of this server could not be fetched.'
    else if (this.shown === undefined) this.fault = `There is no board “${name}” on this server.`
  }

  async #share(board: Board): Promise<void> {
    const url = new URL(boardHash(board), location.href)
    this.said = (await copyText(url.href)) ? 'address copied' : 'the browser does not allow copying'
    this.#saying?.()
    this.#saying = this.context.clock.after(saidMs, () => (this.said = ''))
  }

  #tile(tile: Tile): TemplateResult {
    const { width, height } = tileSpan(tile)
    return html`<div class="tile w-${width} h-${height}">${this.#content(tile)}</div>`
  }

  #content(tile: Tile): TemplateResult {
    const { show, feed, title = feed, where = '', limit, column = '', key = '' } = tile
    const [order, columns] = [tile.order?.join(',') ?? '', tile.columns?.join(',') ?? '']
    const heading = html`<h2 slot="title">${title}</h2>`
    const { context } = this
    switch (show) {
      case 'table':
        return html`<millrace-table
          class="tile"
          .shared=${context}
          .feed=${feed}
          .where=${where}
          .order=${order}
          .limit=${limit}
          .columns=${columns}
          sortable
          >${heading}</millrace-table
        >`
      case 'chart':
        return html`<millrace-chart
          class="tile"
          .shared=${context}
          .feed=${feed}
          .where=${where}
          .order=${order}
          .limit=${limit}
          .column=${column}
          >${heading}</millrace-chart
        >`
      case 'figure':
        return html`<millrace-value
          class="tile"
          .shared=${context}
          .feed=${feed}
          .where=${where}
          .order=${order}
          .column=${column}
          .key=${key}
          .label=${tile.title ?? ''}
          spark
        ></millrace-value>`
      case 'alerts':
        return html`<millrace-alerts class="tile" .shared=${context} .feed=${feed} .where=${where} .order=${order} .limit=${limit}
          >${heading}</millrace-alerts
        >`
      case 'map':
        return html`<board-map class="tile" .shared=${context} .feed=${feed} .where=${where} .limit=${limit} .column=${column}
          >${heading}</board-map
        >`
      case 'heartbeat':
      default:
        return html`<board-heartbeat
          class="tile"
          .shared=${context}
          .feed=${'$polls'}
          .where=${`source == ${JSON.stringify(feed)}`}
          .source=${feed}
          >${heading}</board-heartbeat
        >`
    }
  }

  #toggleWall(): void {
    if (document.fullscreenElement === null) void this.requestFullscreen()
    else void document.exitFullscreen()
  }

  #header(board: Board): TemplateResult | typeof nothing {
    if (isEmbedded()) return nothing
    const isWall = document.fullscreenElement === this
    return html`<header class="board-head">
      <h1>${board.title || 'Board'}</h1>
      <span class="quiet" role="status">${this.said}</span>
      <button type="button" class="plain" @click=${() => void this.#share(board)}>Share</button>
      <button type="button" class="plain" aria-pressed=${isWall ? 'true' : 'false'} @click=${() => this.#toggleWall()}>
        ${isWall ? 'Leave full screen' : 'Full screen'}
      </button>
    </header>`
  }

  protected override render(): TemplateResult {
    const { shown } = this
    if (this.fault !== '') return html`<section class="panel"><p class="empty">${this.fault}</p></section>`
    if (shown === undefined) return html`<div class="panel ghost tall" aria-busy="true"><p class="hidden">Loading</p></div>`
    return html`${this.#header(shown)}
      <div class="board">${shown.tiles.map(tile => this.#tile(tile))}</div>`
  }
}
