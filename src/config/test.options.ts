import { z } from 'zod'
import { mapOf, oneOf, text, time } from '../lib/option.ts'

const cells = mapOf(z.unknown(), 'a row: columns and what they hold')
/** A key is a text, also where YAML reads a number: as the name of a row in `set` it is one too. */
const key = z.union([text('a key'), z.number()], { error: 'expected a key' }).transform(String)
const names = z.array(key, { error: 'expected a list of keys' })

const delta = z.strictObject({
  set: mapOf(cells, 'rows by key').optional().meta({ description: 'Rows that are new or other, by key; of each the columns that count.' }),
  del: names.optional().meta({ description: 'Keys of rows that left.' }),
})

const kinds = ['answer', 'fail', 'wait', 'expect', 'changes', 'state'] as const

const step = z
  .strictObject({
    answer: mapOf(z.unknown(), 'answers by source')
      .optional()
      .meta({ description: 'What sources answer, by name: a text as it is, anything else as JSON.' }),
    fail: z
      .union([text('a source'), z.array(text('a source')).min(1)], { error: 'expected a source or a list of them' })
      .optional()
      .meta({ description: 'Sources whose next poll fails.' }),
    wait: time().optional().meta({ description: 'How far the clock moves on.' }),
    expect: mapOf(z.array(cells, { error: 'expected a list of rows' }), 'rows by feed')
      .optional()
      .meta({
        description: 'All rows of feeds, in their order; of each the columns that count.',
      }),
    changes: mapOf(delta, 'changes by feed').optional().meta({ description: 'What is other in feeds than at the last `changes` of them.' }),
    state: mapOf(oneOf(['fresh', 'degraded', 'stale', 'waiting', 'down']), 'states by feed')
      .optional()
      .meta({ description: 'How far feeds can be believed.' }),
  })
  .refine(written => kinds.filter(kind => written[kind] !== undefined).length === 1, { error: `expected one of ${kinds.join(', ')}` })

/** `tests: {name: {start, steps}}`: what feeds show, given what sources answer and when. */
export const testSchema = z.strictObject({
  start: z
    .string({ error: 'expected a time such as 2026-01-22T14:40:00Z' })
    .refine(at => !Number.isNaN(Date.parse(at)), { error: 'expected a time such as 2026-01-22T14:40:00Z' })
    .optional()
    .meta({ description: 'What the clock says at first; default 2026-01-01T00:00:00Z.' }),
  steps: z.array(step, { error: 'expected a list of steps' }).min(1).meta({ description: 'What happens, and what is expected, in order.' }),
})

export type TestStep = z.output<typeof step>

/** One case of a config. */
export interface TestConfig {
  readonly name: string
  /** ms since 1970 UTC. */
  readonly startMs: number
  readonly steps: readonly TestStep[]
}
