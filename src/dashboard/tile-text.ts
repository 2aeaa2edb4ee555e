import { boardColumns, mostTileRows, mostTiles, tileKinds, type Board, type Tile } from '../model/board.ts'

const lists = ['order', 'columns'] as const
const texts = ['title', 'where', 'column', 'key'] as const
const counts = { limit: Number.MAX_SAFE_INTEGER, width: boardColumns, height: mostTileRows } as const
const boardPath = '#/board'

/** A tile as a part of an address: `show=chart&feed=regions&column=bikes`. */
export function tileText(tile: Tile): string {
  const written = new URLSearchParams({ show: tile.show, feed: tile.feed })
  for (const name of texts) if (tile[name] !== undefined) written.set(name, tile[name])
  for (const name of lists) for (const item of tile[name] ?? []) written.append(name, item)
  for (const name of ['limit', 'width', 'height'] as const) if (tile[name] !== undefined) written.set(name, String(tile[name]))
  return written.toString()
}

/** What is no tile is undefined; what of it is not known is left out. */
export function parseTile(text: string): Tile | undefined {
  const written = new URLSearchParams(text)
  const show = tileKinds.find(kind => kind === written.get('show'))
  const feed = written.get('feed') ?? ''
  if (show === undefined || feed === '') return undefined
  const said = texts.flatMap(name => (written.get(name) ? [[name, written.get(name)] as const] : []))
  const listed = lists.flatMap(name => (written.getAll(name).some(Boolean) ? [[name, written.getAll(name).filter(Boolean)] as const] : []))
  const counted = Object.entries(counts).flatMap(([name, most]) => {
    const value = Number(written.get(name))
    return Number.isInteger(value) && value > 0 && value <= most ? [[name, value] as const] : []
  })
  return { show, feed, ...Object.fromEntries([...said, ...listed, ...counted]) }
}

export function boardHash(board: Board): string {
  if (board.name !== '') return `${boardPath}/${encodeURIComponent(board.name)}`
  const written = new URLSearchParams(board.title === '' ? {} : { title: board.title })
  for (const tile of board.tiles) written.append('tile', tileText(tile))
  return `${boardPath}?${written.toString()}`
}

/** The board that is written in an address itself. */
export function parseBoard(query: string): Board {
  const written = new URLSearchParams(query)
  const tiles = written.getAll('tile').slice(0, mostTiles)
  return { name: '', title: written.get('title') ?? '', tiles: tiles.flatMap(text => parseTile(text) ?? []) }
}
