import { z } from 'zod'
import { cap, defaultMaxGroups } from '../lib/cap.ts'
import { computation, isRowFunction, mapOf, orCode, text, type RowFunction } from '../lib/option.ts'

const column = text('a column')

/** What a column of a group or window is made with. */
export const aggregateNames = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'stddev',
  'first',
  'last',
  'distinct',
  'quantile',
  'p50',
  'p90',
  'p95',
  'p99',
  'p999',
] as const
export type AggregateName = (typeof aggregateNames)[number]

/** An aggregate of a function of the row: in TypeScript `{sum: row => row.bikes}`, `{quantile: row => row.docks, q: 0.9}`. */
export interface CodedAggregate {
  readonly name: AggregateName
  readonly value: RowFunction
  /** Which quantile, from 0 to 1. */
  readonly q?: number
}

function codedAggregate(written: unknown): CodedAggregate | undefined {
  if (typeof written !== 'object' || written === null) return undefined
  const { q, ...named } = written as Readonly<Record<string, unknown>>
  const [[key, value] = [], ...others] = Object.entries(named)
  const name = aggregateNames.find(known => known === key)
  if (name === undefined || !isRowFunction(value) || others.length > 0) return undefined
  if (name !== 'quantile') return q === undefined ? { name, value } : undefined
  return typeof q === 'number' && q >= 0 && q <= 1 ? { name, value, q } : undefined
}

/** `sum(bikes)`, the aggregate of a CEL expression, or that of a function. */
export function aggregate(example: string): z.ZodType<string | CodedAggregate, string | CodedAggregate> {
  return orCode(text(`an aggregate such as ${example}`), codedAggregate)
}

/** `group: {by: [region], columns: {bikes: sum(num_bikes_available)}, having: bikes > 0}`: a row per group. */
export const groupOptions = z.strictObject({
  by: z
    .union([column, z.array(column)], { error: 'expected a column or a list of columns' })
    .optional()
    .meta({ description: 'The columns whose values make the groups; none: one row of totals.' }),
  columns: mapOf(aggregate('sum(x)'), 'columns by name: {name: aggregate}').meta({
    description:
      'Columns by name, each one aggregate of a CEL expression over the row: count(), count(x), sum(x), avg(x), min(x), max(x), ' +
      'stddev(x), first(x), last(x), distinct(x), quantile(x, 0.9), p50(x), p90(x), p95(x), p99(x), p999(x). ' +
      'Null counts nowhere; count(x) counts the rows in which x is neither null nor false.',
  }),
  having: computation()
    .optional()
    .meta({ description: 'A CEL expression over the columns of the group: only the groups for which it is true.' }),
  maxGroups: cap('groups held; rows of further groups are left out', defaultMaxGroups),
})

export type GroupOptions = z.output<typeof groupOptions>
