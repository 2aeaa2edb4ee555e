import * as fc from 'fast-check'
import { rowOf, type Cell, type Row } from '../../src/model/row.ts'
import type { Table } from '../../src/model/table.ts'

/** Few names and cells, so that rows meet again, change back and return; among them what breaks careless code. */
const keys = ['a', 'b', 'c', '__proto__', 'constructor', '1', '01', '', 'Ü☃']
const columnNames = ['x', 'y', '__proto__', 'constructor', '2', 'hasOwnProperty', '']
const cells: readonly Cell[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1.5,
  1e21,
  '',
  '0',
  'null',
  '𝄞',
  [],
  [null],
  {},
  { a: 1, b: [2] },
  { b: [2], a: 1 },
  JSON.parse('{"__proto__":1}') as Cell,
]

/** Half of all steps meet on one key and one column: what went before matters only where it is touched again. */
export const anyKey = fc.oneof(fc.constant('a'), fc.constantFrom(...keys))
const anyColumn = fc.oneof(fc.constant(0), fc.nat(6))
export const anyCell = fc.oneof(fc.constantFrom(null, 0, -0), fc.constantFrom(...cells))

/** One thing that happens to a table between two samples. */
type Step =
  | { readonly type: 'cell'; readonly key: string; readonly column: number; readonly cell: Cell }
  | { readonly type: 'row'; readonly key: string; readonly cells: readonly (Cell | undefined)[] }
  | { readonly type: 'leave'; readonly key: string }
  | { readonly type: 'clear' }
  | { readonly type: 'copy'; readonly key: string; readonly nulls: boolean }
  | { readonly type: 'grow' }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('cell'), key: anyKey, column: anyColumn, cell: anyCell }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('row'),
      key: anyKey,
      cells: fc.array(fc.option(anyCell, { nil: undefined }), { maxLength: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('leave'), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear') }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('copy'), key: anyKey, nulls: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('grow') }) },
)

/** A row of just these columns; a missing cell stays absent, as a decoder leaves it. */
function rowFrom(key: string, columns: readonly string[], values: readonly (Cell | undefined)[]): Row {
  const own = columns.slice(1).map((column, i): [string, Cell | undefined] => [column, values[i]])
  return rowOf([['id', key], ...own.filter((entry): entry is [string, Cell] => entry[1] !== undefined)])
}

function valuesOf(row: Row | undefined, columns: readonly string[]): (Cell | undefined)[] {
  return columns.slice(1).map(column => (row !== undefined && Object.hasOwn(row, column) ? row[column] : undefined))
}

function take(table: Table, step: Step): Table {
  const rows = new Map(table.rows)
  const { columns } = table
  switch (step.type) {
    case 'cell': {
      const values = valuesOf(rows.get(step.key), columns)
      if (values.length > 0) values[step.column % values.length] = step.cell
      return { ...table, rows: rows.set(step.key, rowFrom(step.key, columns, values)) }
    }
    case 'row':
      return { ...table, rows: rows.set(step.key, rowFrom(step.key, columns, step.cells)) }
    case 'leave':
      rows.delete(step.key)
      return { ...table, rows }
    case 'clear':
      return { ...table, rows: new Map() }
    case 'copy': {
      // The same row as another object, null for absent or absent for null: no change.
      const row = rows.get(step.key)
      const values = valuesOf(row, columns).map(cell => (step.nulls ? (cell ?? null) : (cell ?? undefined)))
      return row === undefined ? table : { ...table, rows: rows.set(step.key, rowFrom(step.key, columns, values)) }
    }
    default:
      return columns.length > columnNames.length ? table : { ...table, columns: ['id', ...columnNames.slice(0, columns.length)] }
  }
}

const nothing: Table = { key: 'id', columns: ['id', 'x', 'y'], rows: new Map(), order: [], kind: 'table' }

/** Consecutive versions of one table: columns only grow, rows change, leave and return; untouched rows keep their identity. */
export function tableHistory(minLength: number, maxLength = minLength): fc.Arbitrary<Table[]> {
  const moves = fc.array(fc.array(anyStep, { maxLength: 5 }), { minLength, maxLength })
  return moves.map(list => {
    let table = nothing
    return list.map(steps => (table = steps.reduce(take, table)))
  })
}

/** What a cell says, as text: equal cells print alike. */
export function printCell(cell: Cell): string {
  if (cell === null || typeof cell !== 'object') return JSON.stringify(cell)
  if (Array.isArray(cell)) return `[${(cell as Cell[]).map(printCell).join()}]`
  const members = Object.entries(cell).map(([name, member]) => `${JSON.stringify(name)}:${printCell(member)}`)
  return `{${members.sort().join()}}`
}

/** What a table says, as text, written without the code under test: equal tables print alike. */
export function printTable(table: Pick<Table, 'key' | 'columns' | 'rows'>): string {
  const lines = [...table.rows].map(([key, row]) => {
    const values = table.columns.map(column => (Object.hasOwn(row, column) ? (row[column] ?? null) : null))
    const strangers = Object.keys(row).filter(column => !table.columns.includes(column))
    return [key, ...values.map(printCell), ...strangers].map(text => JSON.stringify(text)).join(' ')
  })
  return [JSON.stringify([table.key, table.columns]), ...lines.sort()].join('\n')
}
