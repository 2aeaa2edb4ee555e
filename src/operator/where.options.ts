import type { z } from 'zod'
import { computation } from '../lib/option.ts'

/** `where: num_bikes_available > 3`: the rows for which a CEL expression over their columns is true. */
export const whereOptions = computation().meta({
  description: 'A CEL expression over the columns of a row: only the rows for which it is true.',
})

export type WhereOptions = z.output<typeof whereOptions>
