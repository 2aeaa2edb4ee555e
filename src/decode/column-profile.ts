import type { Cell, Row } from '../model/row.ts'

/** Types of cells as bits; null is no type. */
const typeBit = { number: 1, string: 2, boolean: 4, object: 8, array: 16 } as const

const bits = [typeBit.number, typeBit.string, typeBit.boolean, typeBit.object, typeBit.array] as const

/** What one column holds over all rows of one answer. */
export interface ColumnProfile {
  readonly column: string
  /** Rows that have such a member, null or not. */
  readonly present: number
  /** Rows in which it is not null. */
  readonly nonNull: number
  /** Rows by type, in the order number, string, boolean, object, array. */
  readonly byType: readonly number[]
}

interface Tally {
  readonly column: string
  present: number
  nonNull: number
  readonly byType: number[]
}

function typeIndex(cell: Exclude<Cell, null>): number {
  switch (typeof cell) {
    case 'number':
      return 0
    case 'string':
      return 1
    case 'boolean':
      return 2
    default:
      return Array.isArray(cell) ? 4 : 3
  }
}

/** The types that a column has, as bits. */
export function typesOf(profile: ColumnProfile): number {
  return profile.byType.reduce((mask, count, i) => (count > 0 ? mask | (bits[i] ?? 0) : mask), 0)
}

/** `number`, or `number or string`. */
export function printTypes(mask: number): string {
  const names = Object.entries(typeBit).filter(([, bit]) => (mask & bit) !== 0)
  return names.map(([name]) => name).join(' or ')
}

/** The columns of rows in the order in which they are first seen, and what each holds. `visit` sees every cell. */
export function profileColumns(rows: readonly Row[], visit: (column: string, cell: Cell) => void): Map<string, ColumnProfile> {
  const tallies = new Map<string, Tally>()
  const order: Tally[] = []
  for (const row of rows) {
    let place = 0
    for (const column of Object.keys(row)) {
      const cell = row[column] ?? null
      // Rows mostly have their members in one order: the tally of the same place saves a look-up per cell.
      let tally = order[place]?.column === column ? order[place] : tallies.get(column)
      if (tally === undefined) {
        tally = { column, present: 0, nonNull: 0, byType: [0, 0, 0, 0, 0] }
        tallies.set(column, tally)
        order.push(tally)
      }
      place++
      tally.present++
      visit(column, cell)
      if (cell === null) continue
      tally.nonNull++
      const type = typeIndex(cell)
      tally.byType[type] = (tally.byType[type] ?? 0) + 1
    }
  }
  return tallies
}
