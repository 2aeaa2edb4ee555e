import { z } from 'zod'
import { oneOf } from '../lib/option.ts'

/** The keys of `log`. */
export const logSchema = z.strictObject({
  level: oneOf(['debug', 'info', 'warn', 'error', 'silent'])
    .prefault('info')
    .meta({ description: 'The least weighty lines that are written.' }),
  format: oneOf(['pretty', 'json']).optional().meta({ description: 'Default: pretty on a terminal, else json.' }),
})

/** `log`; without `format` a terminal gets pretty lines, all else JSON. */
export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly format?: 'pretty' | 'json'
}

export function logOptions({ level, format }: z.output<typeof logSchema>): LogOptions {
  return format === undefined ? { level } : { level, format }
}
