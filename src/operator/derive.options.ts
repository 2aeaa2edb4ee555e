import { z } from 'zod'
import { namedMap } from '../lib/named-map.ts'

const expression = z.union([z.string().regex(/\S/), z.number(), z.boolean()], {
  error: 'expected an expression; one that begins with !, [, { or a quote, or holds a comma or ": ", must be quoted',
})

/** `derive: {share: bikes / capacity}`: these columns beside all others. */
export const deriveOptions = namedMap(expression, 'columns by name: {name: expression}').meta({
  description: 'Columns by name, each a CEL expression over the row: these beside all others.',
})

export type DeriveOptions = z.output<typeof deriveOptions>
