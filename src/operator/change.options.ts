import { z } from 'zod'
import { cap, defaultMaxPoints } from '../lib/cap.ts'
import { computation, mapOf, time } from '../lib/option.ts'

/** `change: {over: 10m, columns: {moved: price}}`: by how much numbers differ from what they were. */
export const changeOptions = z.strictObject({
  over: time().optional().meta({ description: 'How long ago the other value is; without it: the previous sample.' }),
  columns: mapOf(computation(), 'columns by name: {name: expression}').meta({
    description: 'Columns by name, each the difference of a CEL expression over the row to what it was: these beside all others.',
  }),
  maxPoints: cap('numbers held; the oldest samples are forgotten', defaultMaxPoints),
})

export type ChangeOptions = z.output<typeof changeOptions>
