import { z } from 'zod'
import { expression, mapOf } from '../lib/option.ts'

const metricName = 'expected a name of a-z, A-Z, 0-9, _ and :, beginning with no digit'

const metric = z.strictObject({
  name: z
    .string({ error: metricName })
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, { error: metricName })
    .meta({ description: 'The name of the metric, such as bikes_available.' }),
  value: expression().meta({
    description: 'A CEL expression over the row: a number, or true (1) or false (0); rows without one are left out.',
  }),
  labels: mapOf(expression(), 'labels by name')
    .refine(labels => [...labels.keys()].every(name => /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)), {
      error: 'expected names of a-z, A-Z, 0-9 and _, beginning with no digit and not with __',
    })
    .optional()
    .meta({ description: 'What tells the rows apart: a CEL expression by label. Default: {key: key}.' }),
})

/** `export: {metrics: {name, value, labels}}`: numbers of a feed for a Prometheus to scrape. */
export const exportOptions = z.strictObject({
  metrics: z
    .union([metric, z.array(metric).min(1)], { error: 'expected a map with `name` and `value`, or a list of them' })
    .meta({ description: 'One metric or several, on /metrics/feeds while the feed is fresh or degraded.' }),
})

/** One metric of a feed: a sample for each row. */
export type MetricOptions = z.output<typeof metric>
