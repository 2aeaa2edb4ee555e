import { z } from 'zod'
import { count, flag, mapOf, oneOf, text, time } from '../lib/option.ts'
import { answerKeys, answerOptions, type AnswerOptions } from './answer.options.ts'
import { streamKeys, streamOptions, type StreamOptions } from './stream.options.ts'

function isHttpUrl(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, username, password } = new URL(address)
  // A stray % in a user name or password could not be read back.
  return /^https?:$/.test(protocol) && !/%(?![0-9a-f]{2})/i.test(username + password)
}

/** These say how the message is framed, which is not for a config to say. */
const framing = new Set(['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

function areHeaderNames(headers: ReadonlyMap<string, string>): boolean {
  return [...headers.keys()].every(name => /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) && !framing.has(name.toLowerCase()))
}

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'expected a text' }).transform(String)

const headerValue = scalar.refine(value => /^[\t\x20-\x7e\x80-\xff]*$/.test(value), { error: 'expected a text of one line' })

/** Header fields by name, whose values are of one line. */
export const headersOption = mapOf(headerValue, 'headers by name').refine(areHeaderNames, {
  error: `expected names of headers, but for ${[...framing].join(', ')}`,
})

/** How far a certificate is trusted, and what is shown to who has it. */
export const tlsOption = z.strictObject({
  insecure: flag().optional().meta({ description: 'Whether any certificate is taken, of the URL itself; default false.' }),
  ca: text('the path of a PEM file')
    .optional()
    .meta({ description: "Who may have signed its certificate, instead of the system's list: a PEM file." }),
  cert: text('the path of a PEM file').optional().meta({ description: 'The certificate that this server shows: a PEM file.' }),
  key: text('the path of a PEM file').optional().meta({ description: 'The private key of `cert`: a PEM file.' }),
})

/** The keys of a source that asks a URL, beside `sourceKeys`. */
export const httpKeys = {
  url: z
    .string({ error: 'expected an http, https, ws or wss URL' })
    .refine(isHttpUrl, { error: 'expected an http, https, ws or wss URL, such as https://bikes.example/stations.json' })
    .meta({ description: 'What is asked: an http or https URL.', examples: ['https://bikes.example/stations.json'] }),
  method: oneOf(['GET', 'POST', 'PUT']).optional().meta({ description: 'Default GET.' }),
  headers: headersOption.optional().meta({ description: 'Sent with each request, but never to another origin.' }),
  query: mapOf(scalar, 'query parameters by name').optional().meta({ description: 'Added to the query of the URL, encoded.' }),
  body: z.unknown().optional().meta({ description: 'Sent with POST and PUT: a text as it is, anything else as JSON.' }),
  ...answerKeys,
  ...streamKeys,
  maxRedirects: count({ most: 20 }).optional().meta({ description: 'Most redirects followed in one poll; default 5.' }),
  redirects: oneOf(['strip', 'same-origin', 'none'])
    .optional()
    .meta({ description: 'strip: another origin is asked without any configured header; same-origin; none. Default strip.' }),
  tls: tlsOption.optional().meta({
    description: 'How far the certificate of an https URL is trusted, and what is shown to it. Paths are meant from where the config is.',
  }),
  maxRetryAfter: time().optional().meta({ description: 'The longest Retry-After that is obeyed; default 1h.' }),
}

const httpSchema = z.strictObject(httpKeys)

/** A source that asks a URL, in code units, with all defaults filled in. */
export interface HttpOptions extends AnswerOptions, StreamOptions {
  /** With `query`, and without user name and password. */
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body?: string
  readonly maxRedirects: number
  readonly redirects: 'strip' | 'same-origin' | 'none'
  readonly maxRetryAfterMs: number
  /** Of a stream of events: after so long without anything it is opened anew, as it may be dead without showing it, and not believed. */
  readonly silenceMs: number
  /** Of the URL's own origin; undefined: the system's trust. */
  readonly tls?: TlsOptions
  /** Nothing that is asked may be at a private address; default false. */
  readonly isPublicOnly?: boolean
}

export interface TlsOptions {
  /** Any certificate is taken. */
  readonly isInsecure: boolean
  /** PEM texts. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

type Written = z.output<typeof httpSchema>

/** The URL that is asked, and the headers, in which a user name and password of the URL have become `authorization`. */
function target(written: Written): Pick<HttpOptions, 'url' | 'headers'> {
  const url = new URL(written.url)
  for (const [name, value] of written.query ?? []) url.searchParams.append(name, value)
  const headers = new Map([...(written.headers ?? [])].map(([name, value]) => [name.toLowerCase(), value]))
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    if (!headers.has('authorization')) headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
    url.username = url.password = ''
  }
  if (written.body !== undefined && typeof written.body !== 'string' && !headers.has('content-type'))
    headers.set('content-type', 'application/json')
  url.hash = ''
  return { url: url.href, headers }
}

/** Fills in the defaults; `written` is the output of `httpKeys` (further members are not looked at). `pems`: the texts of its PEM files. */
export function httpOptions(written: Written, everyMs: number, pems: Omit<TlsOptions, 'isInsecure'> = {}): HttpOptions {
  return {
    ...target(written),
    method: written.method ?? 'GET',
    ...(written.body === undefined ? {} : { body: typeof written.body === 'string' ? written.body : JSON.stringify(written.body) }),
    ...answerOptions(written, everyMs),
    ...streamOptions(written),
    silenceMs: Math.max(10 * everyMs, 60_000),
    maxRedirects: written.maxRedirects ?? 5,
    redirects: written.redirects ?? 'strip',
    maxRetryAfterMs: written.maxRetryAfter ?? 3_600_000,
    ...(written.tls === undefined ? {} : { tls: { isInsecure: written.tls.insecure ?? false, ...pems } }),
  }
}
