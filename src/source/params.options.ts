import { z } from 'zod'
import { count, flag, mapOf, oneOf, text } from '../lib/option.ts'

/** The pattern stands for the whole value. What is wrong with one is said by who reads it. */
function toAnchored(written: string, ctx: { readonly issues: z.core.$ZodRawIssue[] }): RegExp {
  try {
    return new RegExp(`^(?:${written})$`, 'u')
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: .*: /s, '') : ''
    ctx.issues.push({ code: 'custom', message: `expected a regular expression (flag u): ${why}`, input: written })
    return z.NEVER
  }
}

const param = z.strictObject({
  type: oneOf(['string', 'number', 'integer', 'boolean']).optional().meta({ description: 'What it is; default string.' }),
  pattern: text('a regular expression')
    .transform(toAnchored)
    .optional()
    .meta({ description: 'A regular expression of which the whole value must be; default any.', examples: ['[A-Z]{1,5}'] }),
  default: z
    .union([z.string().min(1), z.number(), z.boolean()], { error: 'expected a text, a number or a boolean' })
    .optional()
    .meta({ description: 'Taken where a reader does not say; without it every reader must.' }),
  max: count({ most: 1024 }).optional().meta({ description: 'Most characters; default 64.' }),
})

/** The keys of a source whose readers fill in part of what is asked. */
export const paramsKeys = {
  params: mapOf(param, 'params by name')
    .refine(params => params.size > 0 && [...params.keys()].every(name => /^[A-Za-z_]\w{0,63}$/.test(name)), {
      error: 'expected names of letters, digits and _',
    })
    .optional()
    .meta({
      description: 'What readers fill in: each stands for `{name}` in url, query and headers. Every set of them is a table of its own.',
    }),
  private: flag().optional().meta({
    description: 'Whether what readers fill in may lead to loopback and private addresses; default false.',
  }),
}

const paramsSchema = z.strictObject(paramsKeys)

export interface ParamOptions {
  readonly name: string
  readonly type: 'string' | 'number' | 'integer' | 'boolean'
  /** Of the whole value. */
  readonly pattern?: RegExp
  readonly default?: string
  /** UTF-16 units. */
  readonly maxLength: number
}

/** Undefined: nothing is filled in by readers. `written` is the output of `paramsKeys` (further members are not looked at). */
export function paramsOptions({ params }: z.output<typeof paramsSchema>): readonly ParamOptions[] | undefined {
  if (params === undefined) return undefined
  return [...params].map(([name, { type = 'string', pattern, default: otherwise, max = 64 }]) => ({
    name,
    type,
    maxLength: max,
    ...(pattern === undefined ? {} : { pattern }),
    ...(otherwise === undefined ? {} : { default: String(otherwise) }),
  }))
}
