import type { Lanes } from './checksum.ts'
import type { Row } from './row.ts'

/** A row or, where `row` is undefined, the tombstone of one; linked from the least to the most recently changed. */
export interface Entry {
  readonly key: string
  row: Row | undefined
  /** When it last changed, left included. */
  version: number
  /** When the row (re)appeared. */
  born: number
  /** When an earlier row of this key left; 0 = there was none that history still knows. */
  left: number
  /** When each cell last changed since the row appeared, in the order of the columns; 0 or absent = not since. */
  cells: number[]
  lanes: Lanes
  /** When a tombstone was made, ms (monotonic). */
  leftAt: number
  older: Entry | undefined
  newer: Entry | undefined
}
