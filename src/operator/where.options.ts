import { z } from 'zod'

/** `where: num_bikes_available > 3`: the rows for which a CEL expression over their columns is true. */
export const whereOptions = z
  .union([z.string().regex(/\S/), z.boolean()], {
    error: 'expected an expression; one that begins with !, [, { or a quote, or holds ": " or " #", must be quoted',
  })
  .meta({ description: 'A CEL expression over the columns of a row: only the rows for which it is true.' })

export type WhereOptions = z.output<typeof whereOptions>
