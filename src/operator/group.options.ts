import { z } from 'zod'
import { cap, defaultMaxGroups } from '../lib/cap.ts'
import { expression, mapOf, text } from '../lib/option.ts'

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

/** `group: {by: [region], columns: {bikes: sum(num_bikes_available)}, having: bikes > 0}`: a row per group. */
export const groupOptions = z.strictObject({
  by: z
    .union([column, z.array(column)], { error: 'expected a column or a list of columns' })
    .optional()
    .meta({ description: 'The columns whose values make the groups; none: one row of totals.' }),
  columns: mapOf(text('an aggregate such as sum(x)'), 'columns by name: {name: aggregate}').meta({
    description:
      'Columns by name, each one aggregate of a CEL expression over the row: count(), count(x), sum(x), avg(x), min(x), max(x), ' +
      'stddev(x), first(x), last(x), distinct(x), quantile(x, 0.9), p50(x), p90(x), p95(x), p99(x), p999(x). ' +
      'Null counts nowhere; count(x) counts the rows in which x is neither null nor false.',
  }),
  having: expression()
    .optional()
    .meta({ description: 'A CEL expression over the columns of the group: only the groups for which it is true.' }),
  maxGroups: cap('groups held; rows of further groups are left out', defaultMaxGroups),
})

export type GroupOptions = z.output<typeof groupOptions>
