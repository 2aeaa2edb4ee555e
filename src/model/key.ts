import type { Cell } from './row.ts'

/**
 * The name of the key column where no single column is the key: the JSON text of the array of values
 * (several key columns, `group` by several), the place in the array (no usable key), `""` (a document without rows).
 */
export const composedKeyColumn = '#'

/**
 * A row's key: ECMAScript `String(cell)` of a string, number or boolean, so that 42 and "42" are the same key.
 * Undefined: null, objects and arrays are no keys.
 */
export function keyOf(cell: Cell): string | undefined {
  return cell === null || typeof cell === 'object' ? undefined : String(cell)
}

/** One key of several cells: JSON text, so that no two tuples join to one string. Undefined when a part is no key. */
export function composedKey(cells: readonly Cell[]): string | undefined {
  return cells.every(cell => keyOf(cell) !== undefined) ? JSON.stringify(cells) : undefined
}
