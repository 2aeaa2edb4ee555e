import { z } from 'zod'
import { count, rate, time } from '../lib/option.ts'

/** The keys of one of `budgets`. */
export const budgetSchema = z.strictObject({
  rate: rate().optional().meta({ description: 'Most requests a time of all of its sources together, such as 60/1m; default: any.' }),
  maxConcurrent: count({ most: 10_000 }).prefault(16).meta({ description: 'Most requests under way at once; the others wait.' }),
  spacing: time({ most: 3_600_000 }).optional().meta({ description: 'Least time from one request to the next; default: none.' }),
})

/** What the sources of a budget may ask together, in code units. */
export interface BudgetOptions {
  /** Undefined: any. */
  readonly ratePerSecond?: number
  readonly maxConcurrent: number
  readonly spacingMs?: number
}

export function budgetOptions({ rate, maxConcurrent, spacing }: z.output<typeof budgetSchema>): BudgetOptions {
  return {
    maxConcurrent,
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
    ...(spacing === undefined ? {} : { spacingMs: spacing }),
  }
}
