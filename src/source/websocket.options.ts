import { z } from 'zod'
import { text } from '../lib/option.ts'
import { answerKeys, answerOptions, type AnswerOptions } from './answer.options.ts'
import { headersOption, tlsOption, type TlsOptions } from './http.options.ts'
import { streamKeys, streamOptions, type StreamOptions } from './stream.options.ts'

const { events: _events, ...messageKeys } = streamKeys

function isWebSocketUrl(address: string): boolean {
  return URL.canParse(address) && /^wss?:$/.test(new URL(address).protocol)
}

/** The keys of a source that follows a WebSocket, beside `sourceKeys`. */
export const webSocketKeys = {
  url: z
    .string({ error: 'expected a ws or wss URL' })
    .refine(isWebSocketUrl, { error: 'expected a ws or wss URL, such as wss://market.example/ticker' })
    .meta({ description: 'What is followed: a ws or wss URL.', examples: ['wss://market.example/ticker'] }),
  headers: headersOption.optional().meta({ description: 'Sent with the request that opens it.' }),
  subscribe: z
    .union([text('a text'), z.array(text('a text')).min(1)], { error: 'expected a text to send, or a list of them' })
    .optional()
    .meta({
      description: 'What is sent first, each time it is opened: a text, or several.',
      examples: ['{"op":"subscribe","channel":"ticker"}'],
    }),
  tls: tlsOption.optional().meta({
    description: 'How far the certificate of a wss URL is trusted, and what is shown to it. Paths are meant from where the config is.',
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
  /** Undefined: the system's trust. */
  readonly tls?: TlsOptions
}

/** Fills in the defaults; `written` is the output of `webSocketKeys` (further members are not looked at). `pems`: the texts of its PEM files. */
export function webSocketOptions(
  written: z.output<typeof webSocketSchema>,
  everyMs: number,
  pems: Omit<TlsOptions, 'isInsecure'> = {},
): WebSocketOptions {
  const { url, headers, subscribe = [], tls } = written
  return {
    url,
    headers: headers ?? new Map(),
    subscribe: typeof subscribe === 'string' ? [subscribe] : subscribe,
    ...(tls === undefined ? {} : { tls: { isInsecure: tls.insecure ?? false, ...pems } }),
    ...streamOptions(written),
    ...answerOptions(written, everyMs),
  }
}
