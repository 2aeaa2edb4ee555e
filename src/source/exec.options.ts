import { z } from 'zod'
import { commandWords } from '../lib/command-words.ts'
import { mapOf } from '../lib/option.ts'
import { answerKeys, answerOptions, type AnswerOptions } from './answer.options.ts'

const scalar = z.union([z.string(), z.number()]).transform(String)

/** What is wrong with a command is said by who reads it. */
function toWords(written: string | readonly string[], ctx: { readonly issues: z.core.$ZodRawIssue[] }): readonly string[] {
  if (typeof written !== 'string') return written
  try {
    return commandWords(written)
  } catch (error) {
    ctx.issues.push({ code: 'custom', message: error instanceof Error ? error.message : String(error), input: written })
    return z.NEVER
  }
}

const variable = z.union([z.string(), z.number(), z.boolean()], { error: 'expected a text' }).transform(String)

/** The keys of a source that runs a command, beside `sourceKeys`. */
export const execKeys = {
  exec: z
    .union([z.string(), z.array(scalar).min(1, { error: 'expected a command' })], { error: 'expected a command, or a list of its words' })
    .transform(toWords)
    .meta({
      description: 'A command whose output is the answer; no shell runs it. A list is its words as they are.',
      examples: ['psql --csv -c "select * from stations"'],
    }),
  env: mapOf(variable, 'variables by name')
    .refine(names => [...names.keys()].every(name => /^[A-Za-z_]\w*$/.test(name)), { error: 'expected names of variables' })
    .optional()
    .meta({ description: 'Its environment, beside PATH, HOME, USER, LANG and the like: nothing else is passed on.' }),
  ...answerKeys,
}

const execSchema = z.strictObject(execKeys)

/** A source that runs a command, in code units, with all defaults filled in. */
export interface ExecOptions extends AnswerOptions {
  /** The program and its arguments. */
  readonly command: readonly string[]
  readonly env: ReadonlyMap<string, string>
  /** Where it runs, absolute. */
  readonly folder: string
}

/** Fills in the defaults; `written` is the output of `execKeys` (further members are not looked at). */
export function execOptions(written: z.output<typeof execSchema>, everyMs: number, folder: string): ExecOptions {
  return { command: written.exec, env: written.env ?? new Map(), folder, ...answerOptions(written, everyMs) }
}
