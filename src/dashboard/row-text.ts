import { cellOf, cellText, rowOf, type Cell, type Row } from '../model/row.ts'

function csvCell(cell: Cell): string {
  const text = cellText(cell)
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows as RFC 4180 has them, the names of the columns first; null is an empty field, an object its JSON text. */
export function rowsAsCsv(rows: readonly Row[], columns: readonly string[]): string {
  const lines = rows.map(row => columns.map(column => csvCell(cellOf(row, column))).join(','))
  return `${[columns.map(csvCell).join(','), ...lines].join('\r\n')}\r\n`
}

/** Rows as a JSON array, a row a line, with these columns alone. */
export function rowsAsJson(rows: readonly Row[], columns: readonly string[]): string {
  const lines = rows.map(row => JSON.stringify(rowOf(columns.map(column => [column, cellOf(row, column)] as const))))
  return `[\n${lines.join(',\n')}\n]\n`
}
