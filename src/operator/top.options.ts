import { z } from 'zod'
import { count, text } from '../lib/option.ts'

const wanted = 'a column or a list of columns'
const column = text('a column')
const term = column.refine(by => by !== '-', { error: "expected a column after '-'" })

/** `top: {by: -price, limit: 20, per: [region]}`: the first rows of an order, of each group where `per` is given. */
export const topOptions = z.strictObject({
  by: z
    .union([term, z.array(term).min(1)], { error: `expected ${wanted}; '-' before a name is descending` })
    .meta({ description: 'One column or several; `-` before a name is descending. Null comes last.' }),
  limit: count().meta({ description: 'How many rows are kept, per group where `per` is given.' }),
  per: z
    .union([column, z.array(column).min(1)], { error: `expected ${wanted}` })
    .optional()
    .meta({ description: 'Columns whose values make the groups.' }),
})

export type TopOptions = z.output<typeof topOptions>
