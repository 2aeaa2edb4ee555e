import { z } from 'zod'
import { formatDuration, formatSize, parseDuration, parseSize } from './unit.ts'

/**
 * The building blocks of every `*.options.ts`: one zod schema per kind of value that a config may hold, input as it is written
 * (`every: 10s`), output in code units (`10000`). A message that begins with `expected` says what was wanted and nothing of what
 * was found: the config shows that from the file, where a secret is still `${NAME}`.
 */

interface Bounds {
  /** The least value allowed, in code units; default: anything above 0. */
  readonly least?: number
  /** The greatest value allowed, in code units. */
  readonly most?: number
}

interface Unit {
  readonly what: string
  readonly example: string
  readonly pattern: string
  readonly parse: (text: string) => number | undefined
  readonly format: (value: number) => string
}

const timeUnit: Unit = {
  what: 'a time with a unit',
  example: '10s',
  pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
  parse: parseDuration,
  format: formatDuration,
}

const sizeUnit: Unit = {
  what: 'a size with a unit',
  example: '64KiB',
  pattern: '^\\d+(\\.\\d+)?(B|KiB|MiB|GiB)$',
  parse: parseSize,
  format: bytes => formatSize(bytes).replace(' ', ''),
}

function range(bounds: Bounds, format: (value: number) => string): string {
  if (bounds.least !== undefined && bounds.most !== undefined) return ` from ${format(bounds.least)} to ${format(bounds.most)}`
  if (bounds.least !== undefined) return ` from ${format(bounds.least)}`
  return bounds.most === undefined ? '' : ` up to ${format(bounds.most)}`
}

function isWithin(value: number, bounds: Bounds): boolean {
  return Number.isFinite(value) && value > 0 && value >= (bounds.least ?? 0) && value <= (bounds.most ?? Infinity)
}

/** Said to who writes `off` where nothing can be off. */
function mend(input: unknown): string {
  return input === 'off' ? '; this limit cannot be switched off' : ''
}

function withUnit(unit: Unit, bounds: Bounds): z.ZodType<number, string> {
  const wanted = `expected ${unit.what}${range(bounds, unit.format) || ' above 0'}, such as ${unit.example}`
  return z
    .string({ error: issue => wanted + mend(issue.input) })
    .transform((text, ctx) => {
      const value = unit.parse(text)
      if (value !== undefined && isWithin(value, bounds)) return value
      ctx.issues.push({ code: 'custom', message: wanted + mend(text), input: text })
      return z.NEVER
    })
    .meta({ pattern: unit.pattern, examples: [unit.example] })
}

/** `250ms`, `10s`, `5m`, `1h`, `7d` to ms. A bare number and 0 are refused. */
export function time(bounds: Bounds = {}): z.ZodType<number, string> {
  return withUnit(timeUnit, bounds)
}

/** `512B`, `64KiB`, `16MiB`, `1GiB` to bytes. A bare number and 0 are refused. */
export function size(bounds: Bounds = {}): z.ZodType<number, string> {
  return withUnit(sizeUnit, bounds)
}

/** A whole number from `least` (default 1). */
export function count(bounds: Bounds = {}): z.ZodType<number, number> {
  const least = bounds.least ?? 1
  const wanted = `expected a whole number${range({ ...bounds, least }, String)}`
  const error = (issue: { readonly input?: unknown }): string => wanted + mend(issue.input)
  return z
    .int({ error })
    .min(least, { error })
    .max(bounds.most ?? Number.MAX_SAFE_INTEGER, { error })
}

/** `60/1m` to 1: so many a time, to a second. */
export function rate(): z.ZodType<number, string> {
  const wanted = 'expected so many a time, such as 60/1m'
  return z
    .string({ error: wanted })
    .transform((text, ctx) => {
      const [count = '', over = ''] = text.split('/', 2)
      const overMs = parseDuration(over) ?? 0
      if (text === `${count}/${over}` && /^[1-9]\d{0,8}$/.test(count) && overMs > 0) return (Number(count) * 1000) / overMs
      ctx.issues.push({ code: 'custom', message: wanted, input: text })
      return z.NEVER
    })
    .meta({ pattern: '^[1-9]\\d{0,8}/\\d+(\\.\\d+)?(ms|s|m|h|d)$', examples: ['60/1m'] })
}

/** So many, the newest, or what is younger than a time. */
export type Extent = { readonly kind: 'count'; readonly count: number } | { readonly kind: 'time'; readonly ms: number }

/** `500` or `10m`. */
export function extent(): z.ZodType<Extent, number | string> {
  const error = 'expected a whole number from 1, such as 500, or a time with a unit, such as 10m'
  const counted = z
    .int()
    .min(1)
    .transform((many): Extent => ({ kind: 'count', count: many }))
  const timed = time().transform((ms): Extent => ({ kind: 'time', ms }))
  return z.union([counted, timed], { error })
}

/** `80%` to 0.8. */
export function percentage(): z.ZodType<number, string> {
  const wanted = 'expected a percentage from 1% to 100%, such as 80%'
  return z
    .string({ error: issue => wanted + mend(issue.input) })
    .regex(/^([1-9]\d?|100)%$/, { error: issue => wanted + mend(issue.input) })
    .transform(text => Number(text.slice(0, -1)) / 100)
}

/** A limit, or `off`: then there is none, and the value is undefined. */
export function orOff<T, I>(limit: z.ZodType<T, I>): z.ZodType<T | undefined, I | 'off'> {
  return z
    .custom<I | 'off'>()
    .transform((written, ctx): T | undefined => {
      if (written === 'off') return undefined
      const result = limit.safeParse(written)
      if (result.success) return result.data
      ctx.issues.push(
        ...result.error.issues.map(issue => ({ ...issue, message: `${issue.message}, or off`, input: written }) as z.core.$ZodRawIssue),
      )
      return z.NEVER
    })
    .meta({ orOff: limit })
}

/** A text that is not empty. */
export function text(what = 'a text'): z.ZodType<string, string> {
  const error = `expected ${what}`
  return z.string({ error }).min(1, { error })
}

/** `true` or `false`. */
export function flag(): z.ZodType<boolean, boolean> {
  return z.boolean({ error: 'expected true or false' })
}

/** One of a few words. */
export function oneOf<const W extends string>(words: readonly [W, ...W[]]): z.ZodType<W, W> {
  return z.enum(words, { error: `expected ${new Intl.ListFormat('en', { type: 'disjunction' }).format(words)}` })
}

/**
 * A map of names the writer chooses (headers, columns) to values of one schema. Entries are validated one by one and the result is a
 * Map, so that a name like `__proto__` survives, which zod's `record` drops.
 */
export function mapOf<T, I>(value: z.ZodType<T, I>, what = 'a map'): z.ZodType<ReadonlyMap<string, T>, Readonly<Record<string, I>>> {
  return z
    .custom<Readonly<Record<string, I>>>(isRecord, { error: `expected ${what}` })
    .transform((record, ctx) => {
      const map = new Map<string, T>()
      for (const [name, item] of Object.entries(record)) {
        const result = value.safeParse(item)
        if (result.success) map.set(name, result.data)
        else ctx.issues.push(...result.error.issues.map(issue => below(name, issue, item)))
      }
      return map
    })
    .meta({ type: 'object', mapOf: value })
}

function below(name: string, issue: z.core.$ZodIssue, input: unknown): z.core.$ZodRawIssue {
  return { ...issue, path: [name, ...issue.path], input } as z.core.$ZodRawIssue
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A CEL expression as text; numbers and booleans of YAML are taken as the expressions they are. */
export function expression(): z.ZodType<string, string | number | boolean> {
  const error = 'expected an expression'
  return z
    .union([z.string({ error }).min(1, { error }), z.number(), z.boolean()], { error })
    .transform(String)
    .meta({ format: 'cel' })
}

/** What a config of TypeScript has in the place of an expression: computes a value from a row and its key. */
export type RowFunction = (row: never, key: string) => unknown

export function isRowFunction(value: unknown): value is RowFunction {
  return typeof value === 'function'
}

/** A CEL expression or, in TypeScript, a function of the row. */
export type Computation = string | RowFunction

export function computation(): z.ZodType<Computation, number | boolean | Computation> {
  return orCode(expression(), value => (isRowFunction(value) ? value : undefined))
}

/**
 * What a file may say, or what only TypeScript can: `coded` gives that, undefined where it is none of it. JSON Schema, which knows no
 * functions, tells of what a file may say alone.
 */
export function orCode<T, I, C>(written: z.ZodType<T, I>, coded: (value: unknown) => C | undefined): z.ZodType<T | C, I | C> {
  return z
    .custom<I | C>()
    .transform((value, ctx): T | C => {
      const code = coded(value)
      if (code !== undefined) return code
      const result = written.safeParse(value)
      if (result.success) return result.data
      ctx.issues.push(...result.error.issues.map(issue => ({ ...issue, input: value }) as z.core.$ZodRawIssue))
      return z.NEVER
    })
    .meta({ orCode: written })
}
