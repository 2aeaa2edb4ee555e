import type { z } from 'zod'
import { computation, mapOf } from '../lib/option.ts'

/** `derive: {share: bikes / capacity}`: these columns beside all others. */
export const deriveOptions = mapOf(computation(), 'columns by name: {name: expression}').meta({
  description: 'Columns by name, each a CEL expression over the row: these beside all others.',
})

export type DeriveOptions = z.output<typeof deriveOptions>
