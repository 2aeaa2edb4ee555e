import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import type { Board, Tile } from '../model/board.ts'
import { copyText } from './clipboard.ts'
import { isEmbedded } from './embedding.ts'
import { PageElement } from './page-element.ts'
import { tileContent } from './tile-content.ts'
import { boardHash, parseBoard } from './tile-text.ts'
import { tileSpan } from './tile-span.ts'

const saidMs = 4000

/** Tiles of feeds on one page, from the config by name or from the address itself. */
export class BoardPage extends PageElement {
  static override properties = {
    ...PageElement.properties,
    name: { attribute: false },
    query: { attribute: false },
    said: { state: true },
    isEdited: { state: true },
  }
  /** Of the config; empty: the board is in the address. */
  declare name: string
  declare query: string
  /** What was just done, in words. */
  declare said: string
  /** Tiles are being added, moved and taken away. */
  declare isEdited: boolean
  #shown: Board | undefined
  #saying: Cancel | undefined

  constructor() {
    super()
    this.said = ''
    this.isEdited = false
  }

  protected override listen(): readonly Cancel[] {
    const redraw = () => this.requestUpdate()
    document.addEventListener('fullscreenchange', redraw)
    return [this.context.boards.onChange(redraw), () => document.removeEventListener('fullscreenchange', redraw), () => this.#saying?.()]
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { name, query } = this
    if (changed.has('name') && name !== '') this.isEdited = false
    const shown = name === '' ? parseBoard(query) : this.context.boards.all?.find(board => board.name === name)
    // The same board told again is drawn as it is.
    if (JSON.stringify(shown) !== JSON.stringify(this.#shown)) this.#shown = shown
  }

  /** On a wall nobody scrolls: what does not fit in large is drawn as it is elsewhere. */
  protected override updated(): void {
    this.classList.remove('dense')
    if (document.fullscreenElement === this && this.scrollHeight > this.clientHeight) this.classList.add('dense')
  }

  /** Why there is nothing to show, or not yet; empty: it is being asked for. */
  get #fault(): string {
    const { name, context } = this
    if (name === '')
      return isEmbedded() ? 'There is no tile in this address.' : 'There is no tile in this address. Add the first one below.'
    if (context.boards.all !== undefined) return `There is no board “${name}” on this server.`
    return context.boards.isAway ? 'The boards of this server could not be fetched. They are asked for again.' : ''
  }

  async #share(board: Board): Promise<void> {
    const url = new URL(boardHash(board), location.href)
    this.said = (await copyText(url.href)) ? 'address copied' : 'the browser does not allow copying'
    this.#saying?.()
    this.#saying = this.context.clock.after(saidMs, () => (this.said = ''))
  }

  #tile(tile: Tile): TemplateResult {
    const { width, height } = tileSpan(tile)
    return html`<div class="tile w-${width} h-${height}">${tileContent(tile, this.context)}</div>`
  }

  /** A board of the config is left as it is: what is made of it has an address of its own. */
  #editor(board: Board): TemplateResult {
    const go = ({ detail }: CustomEvent<Board>): void => {
      this.isEdited = true
      location.hash = boardHash(detail)
    }
    return html`<board-editor .context=${this.context} .board=${board} @board-change=${go}></board-editor>`
  }

  #toggleWall(): void {
    if (document.fullscreenElement === null) void this.requestFullscreen()
    else void document.exitFullscreen()
  }

  #header(board: Board): TemplateResult {
    if (isEmbedded()) return html`<h1 class="hidden">${board.title || 'Board'}</h1>`
    const isWall = document.fullscreenElement === this
    const wall = html`<button type="button" class="plain" aria-pressed=${isWall ? 'true' : 'false'} @click=${() => this.#toggleWall()}>
      ${isWall ? 'Leave full screen' : 'Full screen'}
    </button>`
    // A wall is looked at, from afar.
    if (isWall)
      return html`<header class="board-head">
        <h1>${board.title || 'Board'}</h1>
        ${wall}
      </header>`
    return html`<header class="board-head">
      <h1>${board.title || 'Board'}</h1>
      <span class="quiet" role="status">${this.said}</span>
      <button type="button" class="plain" aria-pressed=${this.isEdited ? 'true' : 'false'} @click=${() => (this.isEdited = !this.isEdited)}>
        Edit
      </button>
      <button type="button" class="plain" @click=${() => void this.#share(board)}>Share</button>
      ${wall}
    </header>`
  }

  protected override render(): TemplateResult {
    const shown = this.#shown
    if (shown !== undefined && shown.tiles.length > 0)
      return html`${this.#header(shown)}
        ${this.isEdited && !isEmbedded() && document.fullscreenElement !== this ? this.#editor(shown) : nothing}
        <div class="board">${shown.tiles.map(tile => this.#tile(tile))}</div>`
    if (this.#fault === '') return html`<div class="panel ghost tall" aria-busy="true"><p class="hidden">Loading</p></div>`
    const fault = html`<section class="panel"><p class="empty">${this.#fault}</p></section>`
    return this.name === '' && !isEmbedded()
      ? html`<h1 class="hidden">New board</h1>
          ${fault}${this.#editor(parseBoard(this.query))}`
      : fault
  }
}
