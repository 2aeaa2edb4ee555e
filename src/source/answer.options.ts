import { z } from 'zod'
import { count, flag, mapOf, oneOf, percentage, size, text, time } from '../lib/option.ts'

const oneOrMore = (what: string) => z.union([text(what), z.array(text(what)).min(1)], { error: `expected ${what} or a list of them` })

const width = z.number({ error: 'expected a number above 0, such as 0.01' }).positive({ error: 'expected a number above 0, such as 0.01' })

function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

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

/** The keys of every source whose answers are read as a document: what it is, where its rows stand, what of it is believed. */
export const answerKeys = {
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
  ignore: oneOrMore('a column or a path into one')
    .optional()
    .meta({ description: 'Columns, or dotted paths into them (`*` goes over items), whose change alone is no change.' }),
  deadband: mapOf(width, 'numbers by column')
    .optional()
    .meta({ description: 'By column: a change of a number that is smaller is no change, and the value from before stays.' }),
  shape: z
    .union([text(), z.custom<Readonly<Record<string, unknown>>>(isSchema)], {
      error: 'expected learn, any, the path of a JSON Schema, or one',
    })
    .optional()
    .meta({
      description:
        'What a row has to be: a JSON Schema, written here or the path of a file, which fails a poll that does not meet it; `learn` (default): columns that were long there stay; `any`.',
    }),
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
}

const answerSchema = z.strictObject(answerKeys)

/** How answers are read, in code units, with all defaults filled in. */
export interface AnswerOptions {
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
  readonly deadband: ReadonlyMap<string, number>
  /** A JSON Schema that rows have to meet. */
  readonly shape: 'learn' | 'any' | Readonly<Record<string, unknown>>
  readonly bigNumbers: 'flag' | 'text'
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  readonly maxRows: number
  readonly maxColumns: number
  readonly maxCells: number
  readonly maxDepth: number
  readonly maxCellBytes: number
  readonly maxKeyBytes: number
}

type Written = z.output<typeof answerSchema>

function list(written: string | readonly string[]): readonly string[] {
  return typeof written === 'string' ? [written] : written
}

type Limit = 'maxRows' | 'maxColumns' | 'maxCells' | 'maxDepth' | 'maxCellBytes' | 'maxKeyBytes'

function decodeLimits(written: Written): Pick<AnswerOptions, Limit> {
  return {
    maxRows: written.maxRows ?? 100_000,
    maxColumns: written.maxColumns ?? 1000,
    maxCells: written.maxCells ?? 1_000_000,
    maxDepth: written.maxDepth ?? 64,
    maxCellBytes: written.maxCell ?? 65_536,
    maxKeyBytes: written.maxKey ?? 1024,
  }
}

function format({ format, charset, header, pattern }: Written): Pick<AnswerOptions, 'format' | 'charset' | 'header' | 'pattern'> {
  return {
    ...(format === undefined ? {} : { format }),
    ...(charset === undefined ? {} : { charset }),
    ...(header === undefined ? {} : { header }),
    ...(pattern === undefined ? {} : { pattern }),
  }
}

/** Fills in the defaults; `written` is the output of `answerKeys` (further members are not looked at). */
export function answerOptions(written: Written, everyMs: number): AnswerOptions {
  return {
    ...format(written),
    ...(written.rows === undefined ? {} : { rows: written.rows }),
    ...(written.key === undefined ? {} : { key: list(written.key) }),
    onDuplicateKey: written.onDuplicateKey ?? 'last',
    ...(written.minRows === undefined ? {} : { minRows: written.minRows }),
    ...(written.maxDrop === undefined ? {} : { maxDropPart: written.maxDrop }),
    removeAfter: written.removeAfter ?? 1,
    index: written.index ?? false,
    ignore: list(written.ignore ?? []),
    deadband: written.deadband ?? new Map(),
    // A path was read, and the schema put in its place, by whoever read the config.
    shape: typeof written.shape === 'object' ? written.shape : written.shape === 'any' ? 'any' : 'learn',
    bigNumbers: written.bigNumbers ?? 'flag',
    timeoutMs: written.timeout ?? Math.min(Math.max(everyMs, 1000), 10_000),
    maxBodyBytes: written.maxBody ?? 16 * 1024 ** 2,
    ...decodeLimits(written),
  }
}
