import { z } from 'zod'
import { cronProblem, cronTimes, longestGapMs, looksLikeCron } from '../lib/cron.ts'
import { flag, oneOf, orOff, text, time } from '../lib/option.ts'

const adaptive = z
  .strictObject({
    average: time({ least: 250, most: 24 * 86_400_000 }).meta({ description: 'One request per so long, on average over a day.' }),
    min: time({ least: 250 }).optional().meta({ description: 'Never sooner; default average / 10, at least 250ms.' }),
    max: time({ most: 24 * 86_400_000 })
      .optional()
      .meta({ description: 'Never later; default 8 x average.' }),
  })
  .refine(({ average, min = average, max = average }) => min <= average && average <= max, {
    error: 'expected min to be at most average, and max at least average',
  })

const cron = z
  .string()
  .refine(pattern => looksLikeCron(pattern) && cronProblem(pattern) === undefined, { error: ({ input }) => everyProblem(input) })

/** What is wrong with an `every`: a cron pattern says so itself. */
function everyProblem(written: unknown): string {
  const problem = typeof written === 'string' && looksLikeCron(written) ? cronProblem(written) : undefined
  if (problem !== undefined) return `expected a cron pattern such as "*/5 * * * *" (${problem})`
  return 'expected a time with a unit from 10ms to 24d, such as 10s, or {average: 10s}, or a cron pattern'
}

/** The keys that every source may have, whatever it asks. Composed with those of its kind: `z.strictObject({...sourceKeys, ...httpKeys})`. */
export const sourceKeys = {
  every: z
    .union([time({ least: 10, most: 24 * 86_400_000 }), adaptive, cron], { error: ({ input }) => everyProblem(input) })
    .optional()
    .meta({
      description:
        'How often it is asked: on a fixed grid with a stable phase (10s), so often on average, each time when it is worth most ({average: 10s}), or at the instants of a cron pattern, in the time zone of the process; default 10s.',
    }),
  staleAfter: time().optional().meta({
    description:
      'Without a good answer for so long it is stale; default 3 x every, of {average, max} max + 2 x average, of a cron pattern 1.5 x its longest gap.',
  }),
  downAfter: time().optional().meta({ description: 'Failing for so long it is down; default 10 x every, at least 60s.' }),
  expire: orOff(time())
    .optional()
    .meta({ description: 'Rows that no good answer proved for so long are gone, and the source is down or stale; default off.' }),
  maxBackoff: time().optional().meta({ description: 'The longest pause after failures; default 5m (4 x every where that is longer).' }),
  linger: time().optional().meta({ description: 'How long it is asked after the last reader left; default 30s.' }),
  demand: oneOf(['auto', 'readers', 'always']).optional().meta({
    description: 'When it is asked: auto (while a reader or a feed that must not sleep wants it), readers, always; default auto.',
  }),
  priority: z
    .number({ error: 'expected a number from 0.01 to 100' })
    .min(0.01, { error: 'expected a number from 0.01 to 100' })
    .max(100, { error: 'expected a number from 0.01 to 100' })
    .optional()
    .meta({
      description:
        'The weight of its freshness among the sources that learn when to ask, where their budget allows fewer requests than they want; default 1.',
    }),
  budget: text('the name of one of `budgets`')
    .optional()
    .meta({ description: "Whose requests it counts among; default: those of its URL's origin, which have no rate." }),
  public: flag().optional().meta({ description: 'Whether readers may follow it by its own name; default true.' }),
  description: text().optional().meta({ description: 'One sentence for people.' }),
}

const sourceSchema = z.strictObject(sourceKeys)

/** What every source has, in code units, with all defaults filled in. */
export interface SourceOptions {
  /** The interval of a fixed grid, the average one, or the longest gap of a cron pattern. */
  readonly everyMs: number
  /** Set where it is asked at the instants of a cron pattern. */
  readonly cron?: string
  /** Set where the schedule learns: the least and the longest gap between two requests. */
  readonly adaptive?: { readonly minMs: number; readonly maxMs: number }
  readonly staleAfterMs: number
  readonly downAfterMs: number
  /** Undefined: rows are kept however old they are. */
  readonly expireMs?: number
  readonly maxBackoffMs: number
  readonly lingerMs: number
  readonly demand: 'auto' | 'readers' | 'always'
  /** Its weight among the adaptive sources of its budget. */
  readonly priority: number
  /** One of `budgets`; undefined: that of its URL's origin. */
  readonly budget?: string
  readonly public: boolean
  readonly description?: string
}

/** Fills in the defaults; `written` is the output of `sourceKeys` (further members are not looked at). */
export function sourceOptions(written: z.output<typeof sourceSchema>): SourceOptions {
  const { staleAfterMs, ...pace } = paceOf(written.every ?? 10_000)
  const { everyMs } = pace
  return {
    ...pace,
    staleAfterMs: written.staleAfter ?? staleAfterMs,
    downAfterMs: written.downAfter ?? Math.max(10 * everyMs, 60_000),
    ...(written.expire === undefined ? {} : { expireMs: written.expire }),
    maxBackoffMs: written.maxBackoff ?? 300_000,
    lingerMs: written.linger ?? 30_000,
    demand: written.demand ?? 'auto',
    priority: written.priority ?? 1,
    ...(written.budget === undefined ? {} : { budget: written.budget }),
    public: written.public ?? true,
    ...(written.description === undefined ? {} : { description: written.description }),
  }
}

type Pace = Pick<SourceOptions, 'everyMs' | 'adaptive' | 'cron' | 'staleAfterMs'>

function paceOf(every: number | string | z.output<typeof adaptive>): Pace {
  if (typeof every === 'number') return { everyMs: every, staleAfterMs: 3 * every }
  if (typeof every === 'string') {
    const everyMs = longestGapMs(cronTimes(every))
    return { everyMs, cron: every, staleAfterMs: 1.5 * everyMs }
  }
  const { average, min = Math.max(250, average / 10), max = 8 * average } = every
  return { everyMs: average, adaptive: { minMs: Math.min(min, average), maxMs: max }, staleAfterMs: max + 2 * average }
}
