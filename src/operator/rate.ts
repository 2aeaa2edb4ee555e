import type { Clock } from '../lib/clock.ts'
import { rowOf, type Cell } from '../model/row.ts'
import type { Table } from '../model/table.ts'
import { lookBack, type Looker, type LookBack } from './look-back.ts'
import { grownColumns } from './output.ts'
import type { Past, Runs } from './past.ts'
import { valuesBeside } from './select.ts'
import { presentIn, type PastTable } from './past-table.ts'
import type { Operator } from './stage.ts'

export interface Rate extends LookBack {
  /** How far it looks back, in ms. */
  readonly overMs: number
}

/** First and last number of the samples that count, and the sum of those before each fall; all from a handful of runs. */
function rateOf(past: Past, runs: Runs): Cell {
  const [first] = runs
  const last = runs.at(-1)
  if (first === undefined || last === undefined) return null
  let before = 0
  for (const [i, { value }] of runs.entries()) {
    const previous = runs[i - 1]
    if (previous !== undefined && value < previous.value) before += previous.value
  }
  const ms = past.timeOf(Math.min(last.to, past.last)) - past.timeOf(Math.max(first.from, past.first))
  return perSecond(last.value - first.value + before, ms)
}

function perSecond(rise: number, ms: number): Cell {
  const rate = rise / (ms / 1000)
  return ms > 0 && Number.isFinite(rate) ? rate : null
}

/**
 * How fast counters rise, a second, over the samples of the last `overMs`: last number minus first, plus the number before each fall
 * (a reset), by the time between first and last. Null where there are fewer than two; nothing is extrapolated.
 */
export function rate(options: Rate, clock: Clock): Operator {
  const looker: Looker = {
    firstOf: (past, now) => past.firstAfter(now - options.overMs),
    cellOf: rateOf,
    // A number that stays through two samples rises by 0 from then on; all else moves with each sample.
    moves: (past, runs) => {
      const [only, second] = runs
      if (only === undefined) return false
      return second !== undefined || only.to !== Infinity || rateOf(past, runs) === null
    },
    // With one sample left there is no rate, not even of what stays.
    state: past => past.timeOf(past.last) > past.timeOf(past.first),
  }
  return lookBack(options, looker, clock)
}

/** The definition of `rate` (L10). */
export function naiveRate(inputs: readonly PastTable[], now: number, { overMs, columns }: Omit<Rate, 'maxPoints'>): Table {
  const { table } = inputs.at(-1) ?? { table: undefined }
  if (table === undefined) throw new RangeError('there is no sample')
  const values = valuesBeside(table.key, columns)
  const rows = [...table.rows].map(([key, row]) => {
    const cells = values.map(([name, value]): readonly [string, Cell] => {
      const points = presentIn(inputs, key)
        .filter(({ time }) => time > now - overMs)
        .flatMap(past => {
          const cell = value(past.row, key)
          return typeof cell === 'number' ? [{ time: past.time, cell }] : []
        })
      const [first] = points
      const last = points.at(-1)
      if (first === undefined || last === undefined) return [name, null]
      const resets = points.map(({ cell }, i) => ((points[i - 1]?.cell ?? cell) > cell ? (points[i - 1]?.cell ?? 0) : 0))
      return [name, perSecond(last.cell - first.cell + resets.reduce((a, b) => a + b, 0), last.time - first.time)]
    })
    return [key, rowOf([...Object.entries(row), ...cells])] as const
  })
  const names = values.map(([name]) => name)
  return { ...table, columns: grownColumns(table.columns, names), rows: new Map(rows) }
}
