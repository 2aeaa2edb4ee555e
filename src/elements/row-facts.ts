import { cellOf, type Row } from '../model/row.ts'

// Cells of rows that the server writes of itself: what is missing, or of another type in a newer one, is not known.

export function numberOf(row: Row, column: string): number | undefined {
  const cell = cellOf(row, column)
  return typeof cell === 'number' ? cell : undefined
}

/** Empty where there is none. */
export function textOf(row: Row, column: string): string {
  const cell = cellOf(row, column)
  return typeof cell === 'string' ? cell : ''
}
