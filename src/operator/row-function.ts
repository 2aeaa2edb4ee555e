import type { Cell, Row } from '../model/row.ts'

/** Judges a row; `key` is the row's key. */
export type RowPredicate = (row: Row, key: string) => boolean

/** Computes a cell from a row. */
export type RowValue = (row: Row, key: string) => Cell

/** What judges a row: a function of TypeScript or a compiled expression. */
export type Condition = RowPredicate | { readonly predicate: RowPredicate }

/** What computes a cell: a function of TypeScript or a compiled expression. */
export type Value = RowValue | { readonly evaluate: RowValue }

export function predicateOf(condition: Condition): RowPredicate {
  return typeof condition === 'function' ? condition : (row, key) => condition.predicate(row, key)
}

export function valueOf(value: Value): RowValue {
  return typeof value === 'function' ? value : (row, key) => value.evaluate(row, key)
}
