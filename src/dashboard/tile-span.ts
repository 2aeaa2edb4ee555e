import { boardColumns, type Tile, type TileKind } from '../model/board.ts'

const sizes: Readonly<Record<TileKind, readonly [number, number]>> = {
  table: [2, 2],
  chart: [2, 2],
  figure: [1, 1],
  alerts: [2, 1],
  heartbeat: [2, 1],
  map: [2, 2],
}

/** How much of the grid a tile takes: what it says, else what its kind needs. */
export function tileSpan({ show, width = sizes[show][0], height = sizes[show][1] }: Tile): {
  readonly width: number
  readonly height: number
} {
  return { width: Math.min(width, boardColumns), height }
}
