import { z } from 'zod'
import { count, expression, mapOf, text } from '../lib/option.ts'

const column = text('a column')

/** What a column of a group is made with. */
export const aggregateNames = ['count', 'sum', 'avg', 'min', 'max'] as const
export type AggregateName = (typeof aggregateNames)[number]

/** How many groups a step holds when its options do not say; rows of further groups are left out (`degraded: cardinality`). */
export const defaultMaxGroups = 100_000

/** `group: {by: [region], columns: {bikes: sum(num_bikes_available)}, having: bikes > 0}`: a row per group. */
export const groupOptions = z.strictObject({
  by: z
    .union([column, z.array(column)], { error: 'expected a column or a list of columns' })
    .optional()
    .meta({ description: 'The columns whose values make the groups; none: one row of totals.' }),
  columns: mapOf(text('an aggregate such as sum(x)'), 'columns by name: {name: aggregate}').meta({
    description:
      'Columns by name, each one aggregate of a CEL expression over the row: count(), count(x), sum(x), avg(x), min(x), max(x). ' +
      'Null counts nowhere; count(x) counts the rows in which x is neither null nor false.',
  }),
  having: expression()
    .optional()
    .meta({ description: 'A CEL expression over the columns of the group: only the groups for which it is true.' }),
  maxGroups: count()
    .optional()
    .meta({ description: `Most groups held; default ${defaultMaxGroups}.` }),
})

export type GroupOptions = z.output<typeof groupOptions>
