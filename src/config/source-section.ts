import { resolve } from 'node:path'
import { z } from 'zod'
import { suggest } from '../lib/suggest.ts'
import { sourceAuthOptions, sourceAuthSchema } from '../source/auth/source-auth.options.ts'
import { eachKeys, eachOptions } from '../source/each.options.ts'
import { execKeys, execOptions } from '../source/exec.options.ts'
import { fileKeys, fileOptions } from '../source/file.options.ts'
import { httpKeys, httpOptions } from '../source/http.options.ts'
import { pagesKeys, pagesOptions } from '../source/pages.options.ts'
import { paramsKeys, paramsOptions } from '../source/params.options.ts'
import { sourceKeys, sourceOptions } from '../source/source.options.ts'
import { systemKeys, systemOptions } from '../source/system.options.ts'
import { webSocketKeys, webSocketOptions } from '../source/websocket.options.ts'
import type { SourceConfig } from './config.ts'
import { isRecord, valueAt, type Path } from './finding.ts'
import { areParamsSound, isAllFilled } from './params-section.ts'
import { isFilled } from './each-section.ts'
import { hintKeys, hintOptions } from './hint.options.ts'
import { shapeOf } from './shape-file.ts'
import { concealAuth, isOneIdentity } from './source-auth.ts'
import type { Judge } from './judge.ts'
import { pemFiles } from './pem-files.ts'

const { url: _url, ...httpDefaults } = httpKeys
const authKeys = {
  auth: sourceAuthSchema.optional().meta({ description: 'How it says who asks: one of basic, digest, bearer, apiKey, oauth2 and login.' }),
}
const requestKeys = {
  ...pagesKeys,
  private: paramsKeys.private,
  ...authKeys,
}

/** What every source may have: how it is asked, and how its columns are shown. */
const commonKeys = { ...sourceKeys, ...hintKeys }

function commonOptions(written: z.output<typeof commonSchema>) {
  return { ...sourceOptions(written), ...hintOptions(written) }
}

const commonSchema = z.strictObject(commonKeys)

const httpSourceSchema = z.strictObject({ ...httpKeys, ...eachKeys, ...paramsKeys, ...requestKeys, ...commonKeys })
const webSocketSourceSchema = z.strictObject({ ...webSocketKeys, ...authKeys, ...commonKeys })
const systemSourceSchema = z.strictObject({ ...systemKeys, ...commonKeys })
const fileSourceSchema = z.strictObject({ ...fileKeys, ...commonKeys })
const execSourceSchema = z.strictObject({ ...execKeys, ...commonKeys })

/** The kinds of source, by the key that says what is asked. */
export const sourceSchemas = {
  url: httpSourceSchema,
  system: systemSourceSchema,
  file: fileSourceSchema,
  exec: execSourceSchema,
  /** A `url` of another scheme. */
  webSocket: webSocketSourceSchema,
}
type Kind = keyof typeof sourceSchemas
const kinds = ['url', 'system', 'file', 'exec'] as const

/** `defaults`: any key of a source but what it asks. A source takes of them what its kind knows. */
export const defaultsSchema = z.strictObject({ ...sourceKeys, ...httpDefaults, ...requestKeys }).partial()

/** A source before it is known what it asks: so that `ulr` is told from `url`. */
const anySourceSchema = z
  .strictObject({
    ...execKeys,
    ...fileKeys,
    ...webSocketKeys,
    ...httpKeys,
    ...eachKeys,
    ...paramsKeys,
    ...requestKeys,
    ...systemKeys,
    ...commonKeys,
  })
  .partial()

function isWebSocket(url: unknown): boolean {
  return typeof url === 'string' && /^wss?:/i.test(url)
}

/** The place, among the kinds, of a source as it is written; a text is a URL. */
export function kindOf(written: unknown): number {
  const url = isRecord(written) ? written['url'] : written
  if (typeof url === 'string') return Object.keys(sourceSchemas).indexOf(isWebSocket(url) ? 'webSocket' : 'url')
  return isRecord(written) ? kinds.findIndex(kind => Object.hasOwn(written, kind)) : 0
}

type Members = Readonly<Record<string, unknown>>

/** The members of `defaults` that are sound; the others have been reported. */
export function soundDefaults(judge: Judge): Members {
  const written = (judge.tree.value as Members)['defaults'] ?? {}
  concealAuth(judge, valueAt(written, ['auth']), ['defaults', 'auth'])
  if (judge.check(defaultsSchema, written, ['defaults']) !== undefined) return written as Members
  if (!isRecord(written)) return {}
  return Object.fromEntries(Object.entries(written).filter(([key, value]) => defaultsSchema.safeParse({ [key]: value }).success))
}

/** What is known beside a source as it is written. */
interface Surroundings {
  readonly defaults: Members
  /** From which relative paths are meant. */
  readonly folder: string
}

/** One source; undefined where something is wrong with it, which has been reported. */
export function sourceConfig(judge: Judge, name: string, written: unknown, around: Surroundings): SourceConfig | undefined {
  const base = ['sources', name]
  const own: unknown = typeof written === 'string' ? { url: written } : written
  if (!isRecord(own)) {
    judge.report({ path: base, at: 'value', expected: `a URL, or a map with ${anyOf(kinds)}` })
    return undefined
  }
  const asked = kinds.filter(kind => Object.hasOwn(own, kind))
  const [first] = asked
  if (first === undefined || asked.length > 1) return reportKind(judge, base, own, asked)
  const kind = first === 'url' && isWebSocket(own['url']) ? 'webSocket' : first
  if (kind === 'url' || kind === 'webSocket') concealAuth(judge, own['auth'], [...base, 'auth'])
  const known = Object.entries(around.defaults).filter(([key]) => Object.hasOwn(sourceSchemas[kind].shape, key))
  const whole = Object.fromEntries([...known, ...Object.entries(own)])
  const origin = originOf(base, own, typeof written === 'string', around.defaults)
  const shape = shapeOf(judge, origin([...base, 'shape']), whole['shape'])
  if (shape === undefined) return undefined
  return ofKind(kind, {
    name,
    folder: around.folder,
    judge,
    at: key => origin([...base, key]),
    check: schema => {
      const checked = judge.check(schema, { ...whole, ...shape }, base, origin)
      return checked === undefined || !isFormatSound(judge, base, checked as FormatKeys) ? undefined : checked
    },
  })
}

interface Written {
  readonly name: string
  readonly folder: string
  readonly judge: Judge
  /** Where a key was written. */
  readonly at: (key: string) => Path
  /** The output of a schema; undefined where it is wrong, which is then reported. */
  readonly check: <S extends z.ZodType>(schema: S) => z.output<S> | undefined
}

function ofKind(kind: Kind, { name, folder, judge, at, check }: Written): SourceConfig | undefined {
  switch (kind) {
    case 'system': {
      const system = check(systemSourceSchema)
      return system && { name, kind: 'system', ...commonOptions(system), system: systemOptions(system) }
    }
    case 'file': {
      const file = check(fileSourceSchema)
      if (file === undefined) return undefined
      const options = commonOptions(file)
      return { name, kind: 'file', ...options, file: fileOptions(file, options.everyMs, resolve(folder, file.file)) }
    }
    case 'exec': {
      const exec = check(execSourceSchema)
      if (exec === undefined) return undefined
      const options = commonOptions(exec)
      return { name, kind: 'exec', ...options, exec: execOptions(exec, options.everyMs, folder) }
    }
    case 'webSocket':
      return ofWebSocket(name, judge, at, check(webSocketSourceSchema))
    case 'url':
      return ofUrl(name, judge, at, check(httpSourceSchema))
  }
}

function ofWebSocket(
  name: string,
  judge: Judge,
  at: Written['at'],
  written: z.output<typeof webSocketSourceSchema> | undefined,
): SourceConfig | undefined {
  const pems = written?.tls === undefined ? {} : pemFiles(judge, at('tls'), written.tls)
  if (written === undefined || pems === undefined || !isOneIdentity(judge, at('auth'), written)) return undefined
  const options = commonOptions(written)
  const auth = written.auth === undefined ? {} : { auth: sourceAuthOptions(written.auth) }
  return { name, kind: 'webSocket', ...options, webSocket: webSocketOptions(written, options.everyMs, pems), ...auth }
}

function ofUrl(
  name: string,
  judge: Judge,
  at: Written['at'],
  http: z.output<typeof httpSourceSchema> | undefined,
): SourceConfig | undefined {
  const pems = http?.tls === undefined ? {} : pemFiles(judge, at('tls'), http.tls)
  if (http === undefined || pems === undefined || !isOneIdentity(judge, at('auth'), http)) return undefined
  const base = ['sources', name]
  const options = commonOptions(http)
  const params = paramsOptions(http)
  const isPublicOnly = params === undefined || http.private === true ? {} : { isPublicOnly: true }
  const asked = { ...httpOptions(http, options.everyMs, pems), ...isPublicOnly }
  const each = eachOptions(http)
  const names = [...(params ?? []).map(param => param.name), ...(each === undefined ? [] : [each.name])]
  if (!isAllFilled(judge, at('url'), http.url, names)) return undefined
  if (each !== undefined && !isFilled(judge, base, each, asked)) return undefined
  if (params !== undefined && !areParamsSound(judge, base, params, { asked, each, isPrivate: http.private })) return undefined
  const auth = http.auth === undefined ? {} : { auth: sourceAuthOptions(http.auth) }
  const filled = { ...(each === undefined ? {} : { each }), ...(params === undefined ? {} : { params }) }
  return { name, kind: 'http', ...options, http: asked, ...pagesOptions(http), ...auth, ...filled }
}

type FormatKeys = Readonly<Partial<Pick<z.output<typeof httpSourceSchema>, 'format' | 'pattern' | 'header' | 'message' | 'key'>>>

/** `pattern` belongs to plain text, `header` to CSV. */
function isFormatSound(judge: Judge, base: Path, { format, pattern, header, message, key }: FormatKeys): boolean {
  if (format === 'text' && pattern === undefined)
    judge.report({ path: [...base, 'format'], at: 'value', message: '`format: text` needs a `pattern` with named groups' })
  else if (pattern !== undefined && format !== undefined && format !== 'text')
    judge.report({ path: [...base, 'pattern'], at: 'name', message: `a \`pattern\` reads \`format: text\`, not ${format}` })
  else if (header !== undefined && (pattern !== undefined || (format !== undefined && format !== 'csv')))
    judge.report({ path: [...base, 'header'], at: 'name', message: '`header` belongs to `format: csv`' })
  else if (message === 'rows' && key === undefined)
    judge.report({ path: [...base, 'message'], at: 'value', message: '`message: rows` needs a `key`, by which rows are set' })
  else return true
  return false
}

/** Where a member of a source was written: in the source, as its only text, or in `defaults`. */
function originOf(base: Path, own: Members, isText: boolean, defaults: Members): (path: Path) => Path {
  return path => {
    const [key, ...rest] = path.slice(base.length)
    if (key === undefined) return path
    if (isText && key === 'url') return base
    return !Object.hasOwn(own, key) && Object.hasOwn(defaults, key) ? ['defaults', key, ...rest] : path
  }
}

/** Nothing that is asked, or more than one; of a mistyped key the unknown one tells. */
function reportKind(judge: Judge, base: Path, own: Members, asked: readonly string[]): undefined {
  judge.check(anySourceSchema, own, base)
  const isMistyped = Object.keys(own).some(key => !Object.hasOwn(anySourceSchema.shape, key) && suggest(key, kinds) !== undefined)
  const [first = '', second] = asked
  if (second !== undefined)
    judge.report({ path: [...base, second], at: 'name', message: `a source has either \`${first}\` or \`${second}\`, not both` })
  else if (!isMistyped) judge.report({ path: base, at: 'name', message: 'nothing to ask', expected: `one of ${anyOf(kinds)}` })
}

function anyOf(keys: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(keys.map(key => `\`${key}\``))
}
