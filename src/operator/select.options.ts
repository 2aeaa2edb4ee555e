import { z } from 'zod'
import { namedMap } from '../lib/named-map.ts'

const expression = z.union([z.string().regex(/\S/), z.number(), z.boolean()], {
  error: 'expected an expression; one that begins with !, [, { or a quote, or holds a comma or ": ", must be quoted',
})

/** `select: {docks: num_docks_available}`: only these columns; the key stays. */
export const selectOptions = namedMap(expression, 'columns by name: {name: expression}').meta({
  description: 'Columns by name, each a CEL expression over the row: only these columns, and the key.',
})

export type SelectOptions = z.output<typeof selectOptions>
