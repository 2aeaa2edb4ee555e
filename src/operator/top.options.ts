import { z } from 'zod'

const column = z.string().min(1)
const term = z.string().regex(/^-?[^-]|^--/)

/** `top: {by: -price, limit: 20, per: [region]}`: the first rows of an order, of each group where `per` is given. */
export const topOptions = z.strictObject({
  by: z
    .union([term, z.array(term).min(1)], { error: "expected a column or a list of columns; '-' before a name is descending" })
    .meta({ description: 'One column or several; `-` before a name is descending. Null comes last.' }),
  limit: z.int().min(1).meta({ description: 'How many rows are kept, per group where `per` is given.' }),
  per: z
    .union([column, z.array(column).min(1)], { error: 'expected a column or a list of columns' })
    .optional()
    .meta({ description: 'Columns whose values make the groups.' }),
})

export type TopOptions = z.output<typeof topOptions>
