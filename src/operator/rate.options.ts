import { z } from 'zod'
import { cap, defaultMaxPoints } from '../lib/cap.ts'
import { computation, mapOf, time } from '../lib/option.ts'

/** `rate: {over: 1m, columns: {perSecond: requests_total}}`: how fast counters rise. */
export const rateOptions = z.strictObject({
  over: time().meta({ description: 'How far it looks back: the samples of this time.' }),
  columns: mapOf(computation(), 'columns by name: {name: counter}').meta({
    description: 'Columns by name, each the rise a second of a CEL expression over the row: these beside all others. A fall is a reset.',
  }),
  maxPoints: cap('numbers held; the oldest samples are forgotten', defaultMaxPoints),
})

export type RateOptions = z.output<typeof rateOptions>
