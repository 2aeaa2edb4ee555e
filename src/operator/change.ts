import type { Clock } from '../lib/clock.ts'
import { rowOf, type Cell } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import { lookBack, type LookBack } from './look-back.ts'
import { grownColumns } from './output.ts'
import { presentIn, type PastTable } from './past-table.ts'
import { valuesBeside } from './select.ts'
import type { Operator } from './stage.ts'

export interface Change extends LookBack {
  /** How long ago the other value is, in ms; without it: the previous sample. */
  readonly overMs?: number
}

function difference(now: Cell | undefined, before: Cell | undefined): Cell {
  if (typeof now !== 'number' || typeof before !== 'number') return null
  return Number.isFinite(now - before) ? now - before : null
}

/** By how much numbers differ from what they were a time ago, or in the previous sample; null where one of the two is unknown. */
export function change(options: Change, clock: Clock): Operator {
  const { overMs } = options
  return lookBack(
    options,
    {
      // The last sample that is as old: what was known then.
      firstOf: (past, now) => Math.max(past.first, (overMs === undefined ? past.last : past.firstAfter(now - overMs)) - 1),
      cellOf: (past, runs) => {
        const [first] = runs
        const last = runs.at(-1)
        const isOld = overMs === undefined ? past.first < past.last : past.timeOf(past.first) <= past.timeOf(past.last) - overMs
        const before = isOld && first !== undefined && first.from <= past.first ? first.value : null
        return difference(last?.to === Infinity ? last.value : null, before)
      },
      moves: () => false,
      state: past => (overMs === undefined ? past.first < past.last : past.timeOf(past.first) <= past.timeOf(past.last) - overMs),
    },
    clock,
  )
}

/** The definition of `change` (L10). */
export function naiveChange(inputs: readonly PastTable[], now: number, { overMs, columns }: Omit<Change, 'maxPoints'>): Table {
  const { table } = inputs.at(-1) ?? { table: undefined }
  if (table === undefined) throw new RangeError('there is no sample')
  const values = valuesBeside(table.key, columns)
  const other = overMs === undefined ? inputs.at(-2) : inputs.findLast(({ time }) => time <= now - overMs)
  const rows = [...table.rows].map(([key, row]) => {
    const before = presentIn(inputs, key).find(past => past.row === other?.table.rows.get(key) && past.time === other.time)
    const cells = values.map(([name, value]): readonly [string, Cell] => [
      name,
      difference(value(row, key), before && value(before.row, key)),
    ])
    return [key, rowOf([...Object.entries(row), ...cells])] as const
  })
  const names = values.map(([name]) => name)
  return { ...table, columns: grownColumns(table.columns, names), rows: new Map(rows) }
}
