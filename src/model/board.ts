/** What a tile of a board may show of a feed. */
export const tileKinds = ['table', 'chart', 'figure', 'alerts', 'heartbeat', 'map'] as const
export type TileKind = (typeof tileKinds)[number]

/** The grid of a board: so many columns, and at most so many rows to a tile. */
export const boardColumns = 4
export const mostTileRows = 6
export const mostTiles = 48

/** One view of a feed on a board. */
export interface Tile {
  readonly show: TileKind
  /** The feed; of a heartbeat the source. */
  readonly feed: string
  readonly title?: string | undefined
  readonly where?: string | undefined
  readonly order?: readonly string[] | undefined
  readonly limit?: number | undefined
  /** Of a table: which, in this order. */
  readonly columns?: readonly string[] | undefined
  /** Of a chart, figure or map: the one that is shown. */
  readonly column?: string | undefined
  /** Of a figure: the key of its row. */
  readonly key?: string | undefined
  /** In columns of the grid, 1 to 4; default: as its kind needs. */
  readonly width?: number | undefined
  /** In rows of the grid, 1 to 6. */
  readonly height?: number | undefined
}

export interface Board {
  /** Empty where it is of a URL alone. */
  readonly name: string
  readonly title: string
  readonly tiles: readonly Tile[]
}
