import { z } from 'zod'
import { oneOf, text } from '../lib/option.ts'

/** The keys of a source that may push: over a WebSocket, or where a URL answers with server-sent events. */
export const streamKeys = {
  message: oneOf(['table', 'rows']).optional().meta({
    description:
      'Of a source that pushes: each message is the whole table, or brings rows that are set while the others stay (needs a `key`); default: rows where a `key` is configured and the first message is one object.',
  }),
  events: z
    .union([text('the name of an event'), z.array(text('the name of an event')).min(1)], {
      error: 'expected the name of an event or a list of them',
    })
    .optional()
    .meta({ description: 'Of server-sent events: the names of those that are taken (`message` has none); default: all.' }),
}

const streamSchema = z.strictObject(streamKeys)

/** How what is pushed is read. */
export interface StreamOptions {
  /** Undefined: as the first message looks. */
  readonly message?: 'table' | 'rows'
  /** Undefined: all. */
  readonly events?: readonly string[]
}

/** `written` is the output of `streamKeys` (further members are not looked at). */
export function streamOptions({ message, events }: z.output<typeof streamSchema>): StreamOptions {
  return {
    ...(message === undefined ? {} : { message }),
    ...(events === undefined ? {} : { events: typeof events === 'string' ? [events] : events }),
  }
}
