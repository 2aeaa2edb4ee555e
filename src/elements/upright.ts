import { composedKeyColumn } from '../model/key.ts'
import { noHints, type Hints } from '../model/hint.ts'
import { cellOf, rowOf, type Row } from '../model/row.ts'
import { profileColumn, showValue } from './column-profile.ts'
import type { Format } from './format.ts'
import type { TableShape } from './measures.ts'

/** Rows as they are laid out on the page. */
export interface Layout {
  readonly rows: readonly Row[]
  readonly columns: readonly string[]
  readonly keyColumn: string
  /** Whether these rows can be sorted by these columns. */
  readonly sortable: boolean
}

const nameColumn = 'column'
const valueColumn = 'value'

/** A single row is read downwards, a line for each of its columns; several are laid out as they are. */
export function layOut(rows: readonly Row[], shape: TableShape, nowMs: number, format: Format, hints: Hints = noHints): Layout {
  const [row] = rows
  if (row === undefined || rows.length > 1) return { rows, columns: shape.columns, keyColumn: shape.key, sortable: rows.length > 1 }
  const columns = shape.columns.filter(column => column !== composedKeyColumn || cellOf(row, column) !== '')
  const lines = columns.map(column =>
    rowOf([
      [nameColumn, hints.get(column)?.label ?? column],
      [valueColumn, showValue(cellOf(row, column), profileColumn(column, rows, undefined, hints.get(column)), nowMs, format)],
    ]),
  )
  return { rows: lines, columns: [nameColumn, valueColumn], keyColumn: nameColumn, sortable: false }
}
