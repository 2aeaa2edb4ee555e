import { html, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import { mostTiles, tileKinds, type Board, type Tile, type TileKind } from '../model/board.ts'
import { PageElement } from './page-element.ts'

const ofKind: Readonly<Record<TileKind, string>> = {
  table: 'a table',
  chart: 'a chart',
  figure: 'a figure',
  alerts: 'the alerts',
  heartbeat: 'the last polls',
  map: 'a map',
}

/** Adds, moves and takes away tiles; what comes of it is told by `board-change`, and kept by nobody but the address. */
export class BoardEditor extends PageElement {
  static override properties = { ...PageElement.properties, board: { attribute: false }, show: { state: true } }
  declare board: Board
  /** What is about to be added. */
  declare show: TileKind

  constructor() {
    super()
    this.show = 'chart'
  }

  protected override listen(): readonly Cancel[] {
    return [this.context.board.onChange(() => this.requestUpdate())]
  }

  /** Those of which such a tile can be. */
  get #feeds(): readonly string[] {
    const { feeds = new Map(), sources } = this.context.board
    if (this.show === 'heartbeat') return [...sources.keys()].toSorted((a, b) => (a < b ? -1 : 1))
    const all = [...feeds.values()].filter(({ kind }) => this.show !== 'alerts' || kind === 'alerts')
    return all.map(({ feed }) => feed).toSorted((a, b) => (a < b ? -1 : 1))
  }

  #tell(tiles: readonly Tile[], title = this.board.title): void {
    this.dispatchEvent(new CustomEvent<Board>('board-change', { detail: { name: '', title, tiles } }))
  }

  #add(event: SubmitEvent): void {
    event.preventDefault()
    const said = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string): string => {
      const value = said.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    const feed = text('feed')
    if (feed === '') return
    const title = text('title')
    this.#tell([...this.board.tiles, { show: this.show, feed, ...(title === '' ? {} : { title }) }])
  }

  #move(at: number, to: number): void {
    const tiles = [...this.board.tiles]
    const [tile] = tiles.splice(at, 1)
    if (tile !== undefined) tiles.splice(to, 0, tile)
    this.#tell(tiles)
  }

  #line({ show, feed, title }: Tile, at: number): TemplateResult {
    const { tiles } = this.board
    const name = `${ofKind[show]} of ${feed}`
    const button = (word: string, disabled: boolean, act: () => void): TemplateResult =>
      html`<button type="button" class="plain" ?disabled=${disabled} aria-label="${word}: ${name}" @click=${act}>${word}</button>`
    return html`<li>
      <span>${name}${title === undefined ? '' : html` <span class="quiet">${title}</span>`}</span>
      ${button('Earlier', at === 0, () => this.#move(at, at - 1))} ${button('Later', at === tiles.length - 1, () => this.#move(at, at + 1))}
      ${button('Remove', false, () => this.#tell(tiles.filter((_, i) => i !== at)))}
    </li>`
  }

  protected override render(): TemplateResult {
    const { tiles } = this.board
    const feeds = this.#feeds
    const choose = (event: Event): void => {
      this.show = tileKinds.find(kind => kind === (event.target as HTMLSelectElement).value) ?? 'chart'
    }
    return html`<section class="panel editor" aria-label="Tiles">
      <header>
        <h2>Tiles</h2>
        <span class="quiet">The address holds this board: share it, or keep it as a bookmark.</span>
      </header>
      <div class="tools">
        <label
          >Title of the board
          <input
            name="board"
            autocomplete="off"
            .value=${this.board.title}
            @change=${(event: Event) => this.#tell(tiles, (event.target as HTMLInputElement).value.trim())}
        /></label>
      </div>
      <ol>
        ${tiles.map((tile, i) => this.#line(tile, i))}
      </ol>
      <form class="tools" @submit=${(event: SubmitEvent) => this.#add(event)}>
        <label
          >Show
          <select name="show" @change=${choose}>
            ${tileKinds.map(kind => html`<option value=${kind} .selected=${kind === this.show}>${ofKind[kind]}</option>`)}
          </select></label
        >
        <label
          >of
          <select name="feed" required>
            ${feeds.map(feed => html`<option value=${feed}>${feed}</option>`)}
          </select></label
        >
        <label>called <input name="title" autocomplete="off" placeholder="as the feed" /></label>
        <button type="submit" class="plain" ?disabled=${feeds.length === 0 || tiles.length >= mostTiles}>Add tile</button>
      </form>
    </section>`
  }
}
