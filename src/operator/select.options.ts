import { z } from 'zod'
import { computation, mapOf, text } from '../lib/option.ts'

const wanted = 'expected columns by name, {name: expression}, or a list of columns that stay as they are'

const named = z.array(text('a column'), { error: wanted }).min(1, { error: wanted })

/** `select: {docks: num_docks_available}`, `select: [name, docks]`: only these columns; the key stays. */
export const selectOptions = z.union([named, mapOf(computation(), 'columns by name: {name: expression}')], { error: wanted }).meta({
  description: 'Columns by name, each a CEL expression over the row, or a list of columns as they are: only these, and the key.',
})

export type SelectOptions = z.output<typeof selectOptions>
