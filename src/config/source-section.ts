import { z } from 'zod'
import { suggest } from '../lib/suggest.ts'
import { sourceAuthOptions, sourceAuthSchema } from '../source/auth/source-auth.options.ts'
import { httpKeys, httpOptions } from '../source/http.options.ts'
import { pagesKeys, pagesOptions } from '../source/pages.options.ts'
import { sourceKeys, sourceOptions } from '../source/source.options.ts'
import { systemKeys, systemOptions } from '../source/system.options.ts'
import type { SourceConfig } from './config.ts'
import { isRecord, valueAt, type Path } from './finding.ts'
import { concealAuth, isOneIdentity } from './source-auth.ts'
import type { Judge } from './judge.ts'
import { pemFiles } from './pem-files.ts'

const { url: _url, ...httpDefaults } = httpKeys
const requestKeys = {
  ...pagesKeys,
  auth: sourceAuthSchema.optional().meta({ description: 'How it says who asks: one of basic, digest, bearer, apiKey, oauth2 and login.' }),
}

export const httpSourceSchema = z.strictObject({ ...httpKeys, ...requestKeys, ...sourceKeys })
export const systemSourceSchema = z.strictObject({ ...systemKeys, ...sourceKeys })
/** `defaults`: any key of a source but what it asks. A source takes of them what its kind knows. */
export const defaultsSchema = z.strictObject({ ...sourceKeys, ...httpDefaults, ...requestKeys }).partial()

/** A source before it is known what it asks: so that `ulr` is told from `url`. */
const anySourceSchema = z.strictObject({ ...httpKeys, ...requestKeys, ...systemKeys, ...sourceKeys }).partial()

/** What tells the kinds of source apart. */
const kindKeys = ['url', 'system']

type Members = Readonly<Record<string, unknown>>

/** The members of `defaults` that are sound; the others have been reported. */
export function soundDefaults(judge: Judge): Members {
  const written = (judge.tree.value as Members)['defaults'] ?? {}
  concealAuth(judge, valueAt(written, ['auth']), ['defaults', 'auth'])
  if (judge.check(defaultsSchema, written, ['defaults']) !== undefined) return written as Members
  if (!isRecord(written)) return {}
  return Object.fromEntries(Object.entries(written).filter(([key, value]) => defaultsSchema.safeParse({ [key]: value }).success))
}

/** One source; undefined where something is wrong with it, which has been reported. */
export function sourceConfig(judge: Judge, name: string, written: unknown, defaults: Members): SourceConfig | undefined {
  const base = ['sources', name]
  const own: unknown = typeof written === 'string' ? { url: written } : written
  if (!isRecord(own)) {
    judge.report({ path: base, at: 'value', expected: 'a URL, or a map with `url` or `system`' })
    return undefined
  }
  const origin = originOf(base, own, typeof written === 'string', defaults)
  if (Object.hasOwn(own, 'url') === Object.hasOwn(own, 'system')) return reportKind(judge, base, own)
  if (Object.hasOwn(own, 'system')) {
    const known = Object.entries(defaults).filter(([key]) => Object.hasOwn(sourceKeys, key))
    const system = judge.check(systemSourceSchema, Object.fromEntries([...known, ...Object.entries(own)]), base, origin)
    return system === undefined ? undefined : { name, kind: 'system', ...sourceOptions(system), system: systemOptions(system) }
  }
  concealAuth(judge, own['auth'], [...base, 'auth'])
  const http = judge.check(httpSourceSchema, Object.fromEntries([...Object.entries(defaults), ...Object.entries(own)]), base, origin)
  if (http === undefined || !isFormatSound(judge, base, http)) return undefined
  const pems = pemFiles(judge, origin([...base, 'tls']), http.tls ?? {})
  if (pems === undefined || !isOneIdentity(judge, origin([...base, 'auth']), http)) return undefined
  const options = sourceOptions(http)
  const auth = http.auth === undefined ? {} : { auth: sourceAuthOptions(http.auth) }
  return { name, kind: 'http', ...options, http: httpOptions(http, options.everyMs, pems), ...pagesOptions(http), ...auth }
}

/** `pattern` belongs to plain text, `header` to CSV. */
function isFormatSound(judge: Judge, base: Path, { format, pattern, header }: Readonly<z.output<typeof httpSourceSchema>>): boolean {
  if (format === 'text' && pattern === undefined)
    judge.report({ path: [...base, 'format'], at: 'value', message: '`format: text` needs a `pattern` with named groups' })
  else if (pattern !== undefined && format !== undefined && format !== 'text')
    judge.report({ path: [...base, 'pattern'], at: 'name', message: `a \`pattern\` reads \`format: text\`, not ${format}` })
  else if (header !== undefined && (pattern !== undefined || (format !== undefined && format !== 'csv')))
    judge.report({ path: [...base, 'header'], at: 'name', message: '`header` belongs to `format: csv`' })
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

/** Neither `url` nor `system`, or both; of a mistyped one the unknown key tells. */
function reportKind(judge: Judge, base: Path, own: Members): undefined {
  judge.check(anySourceSchema, own, base)
  const isMistyped = Object.keys(own).some(key => !Object.hasOwn(anySourceSchema.shape, key) && suggest(key, kindKeys) !== undefined)
  if (Object.hasOwn(own, 'url'))
    judge.report({ path: [...base, 'system'], at: 'name', message: 'a source has either `url` or `system`, not both' })
  else if (!isMistyped) judge.report({ path: base, at: 'name', message: 'nothing to ask', expected: 'one of `url` and `system`' })
}
