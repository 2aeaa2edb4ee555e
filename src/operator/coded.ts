import { toCell } from '../expression/to-cell.ts'
import type { RowFunction } from '../lib/option.ts'
import type { Cell, Row } from '../model/row.ts'
import type { RowPredicate, RowValue } from './row-function.ts'

/** Functions of a config of TypeScript, held to what steps are made for: what they give is looked at, as no compiler has seen all of them. */

type Called = (row: Row, key: string) => unknown

/** @throws TypeError where an async function was written: a table does not wait. `what` names its place in the step. */
function called(written: RowFunction, what: string): Called {
  const call = written as Called
  return (row, key) => {
    const value = call(row, key)
    if (value instanceof Promise)
      throw new TypeError(`${named(what)} gave a promise: a step cannot wait, so it has to be no async function`)
    return value
  }
}

function named(what: string): string {
  return what === '' ? 'the function' : `the function of '${what}'`
}

/** What it gives as a cell: what is not finite, and undefined, is null; a Date is ISO 8601. */
export function codedValue(written: RowFunction, what: string): RowValue {
  const call = called(written, what)
  return (row, key): Cell => toCell(call(row, key))
}

/** Undefined where it cannot be told: the function gave null or undefined. @throws TypeError where it gave anything but a boolean */
export function codedJudgement(written: RowFunction, what: string): (row: Row, key: string) => boolean | undefined {
  const call = called(written, what)
  return (row, key) => {
    const value = call(row, key)
    if (typeof value === 'boolean') return value
    if (value === null || value === undefined) return undefined
    throw new TypeError(`${named(what)} gave a ${typeof value}: a condition is true or false`)
  }
}

export function codedPredicate(written: RowFunction, what: string): RowPredicate {
  const judge = codedJudgement(written, what)
  return (row, key) => judge(row, key) === true
}

/** What is null is nothing. */
export function codedText(written: RowFunction, what: string): (row: Row, key: string) => string {
  const call = called(written, what)
  return (row, key) => {
    const value = call(row, key) ?? ''
    if (typeof value === 'string') return value
    throw new TypeError(`${named(what)} gave a ${typeof value}, not a text`)
  }
}
