import { z } from 'zod'
import { cap, defaultMaxPoints } from '../lib/cap.ts'
import { computation, extent, mapOf } from '../lib/option.ts'

/** The column that says when a point was measured. */
export const timeColumn = 'time'

/** `series: {keep: 10m, columns: {bikes: bikes}}`: the last points, so that a chart opens full. */
export const seriesOptions = z.strictObject({
  keep: extent().meta({ description: 'The points of so many samples, such as 500, or of a time, such as 10m.' }),
  columns: mapOf(computation(), 'columns by name: {name: expression}').meta({
    description: 'Columns by name, each a CEL expression over the row: the values of a point.',
  }),
  maxPoints: cap('points held; the oldest go', defaultMaxPoints),
})

export type SeriesOptions = z.output<typeof seriesOptions>
