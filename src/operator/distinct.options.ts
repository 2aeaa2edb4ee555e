import { z } from 'zod'
import { text } from '../lib/option.ts'

const wanted = 'expected a column or a list of columns'
const column = text('a column')

/** `distinct: {by: [venue]}`: one row for each value. */
export const distinctOptions = z.strictObject(
  {
    by: z.union([column, z.array(column).min(1)], { error: wanted }).meta({
      description: 'The columns whose values are to differ: of the rows that have the same, the first one in the order of the table.',
    }),
  },
  { error: 'expected a map of the columns that are to differ, such as {by: [venue]}' },
)

export type DistinctOptions = z.output<typeof distinctOptions>
