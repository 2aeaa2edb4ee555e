import { z } from 'zod'
import { text } from '../lib/option.ts'
import { answerKeys, answerOptions, type AnswerOptions } from './answer.options.ts'

/** The keys of a source that reads files, beside `sourceKeys`. */
export const fileKeys = {
  file: text('the path of a file or folder').meta({
    description:
      'A file, or a folder whose files are one table with a column `file`, from where the config is. Watched, and looked at `every` so long.',
    examples: ['readings.csv'],
  }),
  ...answerKeys,
}

const fileSchema = z.strictObject(fileKeys)

/** A source that reads files, in code units, with all defaults filled in. */
export interface FileOptions extends AnswerOptions {
  /** Absolute. */
  readonly path: string
}

/** Fills in the defaults; `written` is the output of `fileKeys` (further members are not looked at), `path` its file, made absolute. */
export function fileOptions(written: z.output<typeof fileSchema>, everyMs: number, path: string): FileOptions {
  return { path, ...answerOptions(written, everyMs) }
}
