import type { z } from 'zod'
import { count } from './option.ts'

/** How much a step holds when its options do not say; over it the newest stay out or the oldest go (`degraded: cardinality`). */
export const defaultMaxGroups = 100_000
export const defaultMaxPanes = 10_000
export const defaultMaxPoints = 1_000_000

/** An option that bounds what a step holds. */
export function cap(what: string, most: number): z.ZodOptional<z.ZodType<number, number>> {
  return count()
    .optional()
    .meta({ description: `Most ${what}; default ${most}.` })
}
