import { z } from 'zod'
import { count, flag, mapOf, oneOf, percentage, size, text, time } from '../lib/option.ts'

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

const oneOrMore = (what: string) => z.union([text(what), z.array(text(what)).min(1)], { error: `expected ${what} or a list of them` })

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'expected a text' }).transform(String)

const headerValue = scalar.refine(value => /^[\t\x20-\x7e\x80-\xff]*$/.test(value), { error: 'expected a text of one line' })

const formats = ['json', 'ndjson', 'geojson', 'csv', 'xml', 'syndication', 'prometheus', 'text'] as const

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== ''
  } catch {
    return false
  }
}

/** What is wrong with a regular expression is said by who reads it. */
function toPattern(written: string, ctx: { readonly issues: z.core.$ZodRawIssue[] }): RegExp {
  const refuse = (message: string): never => {
    ctx.issues.push({ code: 'custom', message, input: written })
    return z.NEVER
  }
  if (!/\(\?<[^=!]/.test(written)) return refuse('expected a regular expression with a named group, such as (?<name>\\w+)')
  try {
    return new RegExp(written, 'gmu')
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: .*: /s, '') : ''
    return refuse(`expected a regular expression (flags gmu): ${why}`)
  }
}

/** The keys of a source that asks a URL, beside `sourceKeys`. */
export const httpKeys = {
  url: z
    .string({ error: 'expected an http or https URL' })
    .refine(isHttpUrl, { error: 'expected an http or https URL, such as https://bikes.example/stations.json' })
    .meta({ description: 'What is asked: an http or https URL.', examples: ['https://bikes.example/stations.json'] }),
  method: oneOf(['GET', 'POST', 'PUT']).optional().meta({ description: 'Default GET.' }),
  headers: mapOf(headerValue, 'headers by name')
    .refine(areHeaderNames, { error: `expected names of headers, but for ${[...framing].join(', ')}` })
    .optional()
    .meta({ description: 'Sent with each request, but never to another origin.' }),
  query: mapOf(scalar, 'query parameters by name').optional().meta({ description: 'Added to the query of the URL, encoded.' }),
  body: z.unknown().optional().meta({ description: 'Sent with POST and PUT: a text as it is, anything else as JSON.' }),
  format: oneOf(formats).optional().meta({
    description:
      'What the answer is; detected by its media type, then by looking, when absent. csv is TSV too, syndication RSS, Atom and JSON Feed.',
  }),
  charset: text('a charset such as windows-1252')
    .refine(isCharset, { error: 'expected a charset that is known, such as windows-1252' })
    .optional()
    .meta({ description: 'What text the answer is; default UTF-8 or UTF-16, else what its media type says.' }),
  header: flag().optional().meta({ description: 'Whether the first record of CSV names the columns. Found by looking when absent.' }),
  pattern: text('a regular expression with named groups')
    .transform(toPattern)
    .optional()
    .meta({
      description: 'Of a plain text: each match is a row, the named groups are its columns (flags gmu).',
      examples: ['^(?<name>\\w+) (?<value>\\d+)$'],
    }),
  rows: text('a path such as data.stations').optional().meta({
    description:
      'Path to the array of rows; `.` is the document itself, `result.*` the members of an object as rows, `stops.*.departures` nested arrays joined. Found by looking when absent.',
  }),
  key: oneOrMore('a column or a dotted path')
    .optional()
    .meta({ description: 'A column, a dotted path into the row (adds a column of that name), or several. Found by looking when absent.' }),
  onDuplicateKey: oneOf(['last', 'fail'])
    .optional()
    .meta({ description: 'Rows of the same key: the last one wins and the source is degraded, or the poll fails; default last.' }),
  minRows: count()
    .optional()
    .meta({ description: 'An answer with fewer rows is not believed: the last rows are kept and the source is degraded; default: any.' }),
  maxDrop: percentage().optional().meta({
    description: 'A fall of rows by more than this needs two polls to be believed, such as 50%; default: only one from 20 to none.',
  }),
  removeAfter: count({ most: 100 })
    .optional()
    .meta({ description: 'A row that comes and goes leaves once it was gone from so many answers in a row; default 1: at once.' }),
  index: flag().optional().meta({ description: 'Adds a column `index`, the place in the array; default false.' }),
  ignore: oneOrMore('a column').optional().meta({ description: 'Columns whose change alone is no change.' }),
  bigNumbers: oneOf(['flag', 'text'])
    .optional()
    .meta({ description: 'Integers beyond 2^53: rounded and said in the log, or kept as text; default flag.' }),
  timeout: time({ least: 10, most: 3_600_000 })
    .optional()
    .meta({ description: 'One deadline for connecting, redirects, body and decoding; default every, at least 1s, at most 10s.' }),
  maxBody: size({ most: 2 ** 30 })
    .optional()
    .meta({ description: 'Most bytes of a body, decoded and on the wire; default 16MiB.' }),
  maxRows: count().optional().meta({ description: 'Most rows; default 100000.' }),
  maxColumns: count().optional().meta({ description: 'Most columns; default 1000.' }),
  maxCells: count().optional().meta({ description: 'Most values in a document, and most rows x columns; default 1000000.' }),
  maxDepth: count({ most: 1000 }).optional().meta({ description: 'Most levels of nesting, counted before parsing; default 64.' }),
  maxCell: size().optional().meta({ description: 'Most bytes of a text in a cell; default 64KiB.' }),
  maxKey: size().optional().meta({ description: 'Most bytes of a key; default 1KiB.' }),
  maxRedirects: count({ most: 20 }).optional().meta({ description: 'Most redirects followed in one poll; default 5.' }),
  redirects: oneOf(['strip', 'same-origin', 'none'])
    .optional()
    .meta({ description: 'strip: another origin is asked without any configured header; same-origin; none. Default strip.' }),
  tls: z
    .strictObject({
      insecure: flag().optional().meta({ description: 'Whether any certificate is taken, of the URL itself; default false.' }),
      ca: text('the path of a PEM file')
        .optional()
        .meta({ description: "Who may have signed its certificate, instead of the system's list: a PEM file." }),
      cert: text('the path of a PEM file').optional().meta({ description: 'The certificate that this server shows: a PEM file.' }),
      key: text('the path of a PEM file').optional().meta({ description: 'The private key of `cert`: a PEM file.' }),
    })
    .optional()
    .meta({
      description: 'How far the certificate of an https URL is trusted, and what is shown to it. Paths are meant from where the config is.',
    }),
  maxRetryAfter: time().optional().meta({ description: 'The longest Retry-After that is obeyed; default 1h.' }),
}

const httpSchema = z.strictObject(httpKeys)

/** A source that asks a URL, in code units, with all defaults filled in. */
export interface HttpOptions {
  /** With `query`, and without user name and password. */
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body?: string
  /** Undefined: detected. */
  readonly format?: (typeof formats)[number]
  readonly charset?: string
  readonly header?: boolean
  readonly pattern?: RegExp
  readonly rows?: string
  readonly key?: readonly string[]
  readonly onDuplicateKey: 'last' | 'fail'
  readonly minRows?: number
  /** From 0 to 1. */
  readonly maxDropPart?: number
  /** Answers in a row. */
  readonly removeAfter: number
  readonly index: boolean
  readonly ignore: readonly string[]
  readonly bigNumbers: 'flag' | 'text'
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  readonly maxRows: number
  readonly maxColumns: number
  readonly maxCells: number
  readonly maxDepth: number
  readonly maxCellBytes: number
  readonly maxKeyBytes: number
  readonly maxRedirects: number
  readonly redirects: 'strip' | 'same-origin' | 'none'
  readonly maxRetryAfterMs: number
  /** Of the URL's own origin; undefined: the system's trust. */
  readonly tls?: TlsOptions
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

function list(written: string | readonly string[]): readonly string[] {
  return typeof written === 'string' ? [written] : written
}

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

type Limit = 'maxRows' | 'maxColumns' | 'maxCells' | 'maxDepth' | 'maxCellBytes' | 'maxKeyBytes'

function decodeLimits(written: Written): Pick<HttpOptions, Limit> {
  return {
    maxRows: written.maxRows ?? 100_000,
    maxColumns: written.maxColumns ?? 1000,
    maxCells: written.maxCells ?? 1_000_000,
    maxDepth: written.maxDepth ?? 64,
    maxCellBytes: written.maxCell ?? 65_536,
    maxKeyBytes: written.maxKey ?? 1024,
  }
}

function format({ format, charset, header, pattern }: Written): Pick<HttpOptions, 'format' | 'charset' | 'header' | 'pattern'> {
  return {
    ...(format === undefined ? {} : { format }),
    ...(charset === undefined ? {} : { charset }),
    ...(header === undefined ? {} : { header }),
    ...(pattern === undefined ? {} : { pattern }),
  }
}

/** Fills in the defaults; `written` is the output of `httpKeys` (further members are not looked at). `pems`: the texts of its PEM files. */
export function httpOptions(written: Written, everyMs: number, pems: Omit<TlsOptions, 'isInsecure'> = {}): HttpOptions {
  return {
    ...target(written),
    method: written.method ?? 'GET',
    ...(written.body === undefined ? {} : { body: typeof written.body === 'string' ? written.body : JSON.stringify(written.body) }),
    ...format(written),
    ...(written.rows === undefined ? {} : { rows: written.rows }),
    ...(written.key === undefined ? {} : { key: list(written.key) }),
    onDuplicateKey: written.onDuplicateKey ?? 'last',
    ...(written.minRows === undefined ? {} : { minRows: written.minRows }),
    ...(written.maxDrop === undefined ? {} : { maxDropPart: written.maxDrop }),
    removeAfter: written.removeAfter ?? 1,
    index: written.index ?? false,
    ignore: list(written.ignore ?? []),
    bigNumbers: written.bigNumbers ?? 'flag',
    timeoutMs: written.timeout ?? Math.min(Math.max(everyMs, 1000), 10_000),
    maxBodyBytes: written.maxBody ?? 16 * 1024 ** 2,
    ...decodeLimits(written),
    maxRedirects: written.maxRedirects ?? 5,
    redirects: written.redirects ?? 'strip',
    maxRetryAfterMs: written.maxRetryAfter ?? 3_600_000,
    ...(written.tls === undefined ? {} : { tls: { isInsecure: written.tls.insecure ?? false, ...pems } }),
  }
}
