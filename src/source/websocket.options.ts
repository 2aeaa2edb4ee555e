import { z } from 'zod'
import { mapOf, text } from '../lib/option.ts'
import { answerKeys, answerOptions, type AnswerOptions } from './answer.options.ts'
import { streamKeys, streamOptions, type StreamOptions } from './stream.options.ts'

const { events: _events, ...messageKeys } = streamKeys

function isWebSocketUrl(address: string): boolean {
  return URL.canParse(address) && /^wss?:$/.test(new URL(address).protocol)
}

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'expected a text' }).transform(String)

/** The keys of a source that follows a WebSocket, beside `sourceKeys`. */
export const webSocketKeys = {
  url: z
    .string({ error: 'expected a ws or wss URL' })
    .refine(isWebSocketUrl, { error: 'expected a ws or wss URL, such as wss://market.example/ticker' })
    .meta({ description: 'What is followed: a ws or wss URL.', examples: ['wss://market.example/ticker'] }),
  headers: mapOf(scalar, 'headers by name').optional().meta({ description: 'Sent with the request that opens it.' }),
  subscribe: z
    .union([text('a text'), z.array(text('a text')).min(1)], { error: 'expected a text to send, or a list of them' })
    .optional()
    .meta({
      description: 'What is sent first, each time it is opened: a text, or several.',
      examples: ['{"op":"subscribe","channel":"ticker"}'],
    }),
  ...messageKeys,
  ...answerKeys,
}

const webSocketSchema = z.strictObject(webSocketKeys)

/** A source that follows a WebSocket, in code units, with all defaults filled in. */
export interface WebSocketOptions extends AnswerOptions, StreamOptions {
  readonly url: string
  readonly headers: ReadonlyMap<string, string>
  readonly subscribe: readonly string[]
}

/** Fills in the defaults; `written` is the output of `webSocketKeys` (further members are not looked at). */
export function webSocketOptions(written: z.output<typeof webSocketSchema>, everyMs: number): WebSocketOptions {
  const { url, headers, subscribe = [] } = written
  return {
    url,
    headers: headers ?? new Map(),
    subscribe: typeof subscribe === 'string' ? [subscribe] : subscribe,
    ...streamOptions(written),
    ...answerOptions(written, everyMs),
  }
}
