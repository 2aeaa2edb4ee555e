import { z } from 'zod'
import { cap, defaultMaxGroups, defaultMaxPanes } from '../lib/cap.ts'
import { computation, mapOf, time } from '../lib/option.ts'
import { formatDuration } from '../lib/unit.ts'
import { aggregate } from './group.options.ts'

/** The column that says whether a window has ended. */
export const finalColumn = 'final'

/** How long a tumbling window waits for rows whose time lies in it, in ms, when its options do not say: as long as a poll is apart by default. */
export const defaultLatenessMs = 10_000

/** `window: {size: 5m, slide: 10s, columns: {average: avg(bikes)}}`: aggregates of a row over time. */
export const windowOptions = z
  .strictObject({
    size: time({ least: 10 }).meta({ description: 'How much time a window holds. Windows begin at whole multiples of it since 1970 UTC.' }),
    slide: time({ least: 10 }).optional().meta({
      description: 'Windows overlap, and begin so often; a whole part of `size`. Without it each begins where the last one ends.',
    }),
    columns: mapOf(aggregate('avg(x)'), 'columns by name: {name: aggregate}').meta({
      description:
        'Columns by name, each one aggregate, as in `group`, of a CEL expression over the row: of every sample the window has of the row.',
    }),
    time: computation().optional().meta({
      description:
        'A CEL expression over the row: when it happened, ms since 1970 or ISO 8601. A row then counts once, and again when it or its time changes.',
    }),
    lateness: time()
      .optional()
      .meta({
        description: `How long a window without \`slide\` waits for rows whose \`time\` lies in it; default ${formatDuration(defaultLatenessMs)}. What comes later is dropped and counted.`,
      }),
    maxGroups: cap('rows it holds windows of; further ones are left out', defaultMaxGroups),
    maxPanes: cap('slides in a window', defaultMaxPanes),
  })
  .superRefine(({ size, slide, time: when, lateness, maxPanes = defaultMaxPanes }, ctx) => {
    const refuse = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message })
    if (slide !== undefined && size % slide !== 0) refuse('slide', 'expected a whole part of `size`')
    else if (slide !== undefined && size / slide > maxPanes) refuse('slide', `expected at most ${maxPanes} slides in \`size\` (maxPanes)`)
    if (lateness === undefined) return
    if (when === undefined) refuse('lateness', 'goes with `time`: samples are never late')
    else if (slide !== undefined) refuse('lateness', 'goes without `slide`: a window that slides takes what lies in it')
  })

export type WindowOptions = z.output<typeof windowOptions>
