import type { z } from 'zod'
import { extent } from '../lib/option.ts'

/** `keep: 500`, `keep: 10m`: rows that left the upstream stay. */
export const keepOptions = extent().meta({
  description:
    'Rows that left stay: the newest by first sight, up to so many rows in all, such as 500, or those first seen within a time, such as 10m.',
})

export type KeepOptions = z.output<typeof keepOptions>
