import { z } from 'zod'
import { cap, defaultMaxPoints } from '../lib/cap.ts'
import { extent, text } from '../lib/option.ts'

/** The columns that each event has of itself, in their order. */
export const eventColumns = ['seq', 'time', 'change', 'key'] as const

/** `events: {keep: 500, columns: [status]}`: what happened to rows. */
export const eventsOptions = z.strictObject({
  keep: extent().meta({ description: 'The last so many events, such as 500, or those of a time, such as 10m.' }),
  columns: z
    .array(text('a column'), { error: 'expected a list of columns' })
    .min(1, { error: 'expected a list of columns' })
    .optional()
    .meta({ description: 'Only a change of one of these columns is an event; default: of any.' }),
  maxPoints: cap('events held; the oldest go', defaultMaxPoints),
})

export type EventsOptions = z.output<typeof eventsOptions>
