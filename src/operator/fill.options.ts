import { z } from 'zod'
import { mapOf, time } from '../lib/option.ts'

const wanted = 'expected last, a number, true or false'

/** `fill: {columns: {price: last, n: 0}, maxAge: 1m}`: what stands where a cell is null. */
export const fillOptions = z.strictObject({
  columns: mapOf(z.union([z.literal('last'), z.number(), z.boolean()], { error: wanted }), 'columns by name: {name: last}').meta({
    description: 'By column what stands for null: `last`, the last cell of the row that was not; a number; true or false.',
  }),
  maxAge: time().optional().meta({ description: 'How old `last` may be; default: as old as the row.' }),
})

export type FillOptions = z.output<typeof fillOptions>
