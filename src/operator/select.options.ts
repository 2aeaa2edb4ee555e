import type { z } from 'zod'
import { computation, mapOf } from '../lib/option.ts'

/** `select: {docks: num_docks_available}`: only these columns; the key stays. */
export const selectOptions = mapOf(computation(), 'columns by name: {name: expression}').meta({
  description: 'Columns by name, each a CEL expression over the row: only these columns, and the key.',
})

export type SelectOptions = z.output<typeof selectOptions>
