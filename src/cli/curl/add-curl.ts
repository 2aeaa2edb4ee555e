import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import type { HttpSourceConfig, SourceConfig } from '../../config/config.ts'
import { parseConfig } from '../../config/load.ts'
import { namePattern } from '../../config/name.ts'
import { isSecretName } from '../../lib/safe-text.ts'
import { reportProblems } from '../problems.ts'
import { addSource, printSource } from './add-source.ts'
import { parseCurl, type CurlRequest } from './curl-command.ts'
import { curlSource } from './curl-source.ts'
import { addVariables } from './env-file.ts'
import { nameOfSource, reportCurl, reportLeftOut } from './curl-report.ts'
import { writeWhole, type FileText } from './whole-files.ts'

export interface AddOptions {
  /** The YAML file; begun where there is none. */
  readonly config: string
  /** Default: found in the URL. */
  readonly name?: string
  /** Nothing is written. */
  readonly print?: boolean
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function refuse(sentence: string, exitCode: 1 | 2): undefined {
  process.stderr.write(`${sentence}\n`)
  process.exitCode = exitCode
}

/** `stations`, or `stations-2` where that is given away. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const tried = n === 1 ? name : `${name.slice(0, 60)}-${n}`
    if (!taken.has(tried)) return tried
  }
}

/** What is to be written. */
interface Addition {
  readonly name: string
  readonly source: object
  /** The whole config. */
  readonly text: string
  /** Variables that are not set yet. */
  readonly fresh: ReadonlyMap<string, string>
  readonly leftOut: readonly string[]
}

/** Who a source says that it is, whether by `auth` or by headers of its own. */
function credentialsOf({ http, auth }: HttpSourceConfig): unknown {
  const headers = [...http.headers].filter(([name]) => isSecretName(name))
  const isFixed = auth?.kind === 'fixed' && auth.as.kind === 'header'
  const all = isFixed ? [...headers, [auth.as.name, auth.as.prefix + auth.secret] as const] : headers
  return [all.toSorted(([one], [other]) => (one < other ? -1 : 1)), isFixed ? null : auth]
}

/** The source that asks what another one asks: the same URL, in the same way and as the same person. */
function twinOf(name: string, sources: readonly SourceConfig[]): string | undefined {
  const added = sources.find(source => source.name === name)
  if (added?.kind !== 'http') return undefined
  const asked = (source: HttpSourceConfig): string =>
    JSON.stringify([source.http.url, source.http.method, source.http.body, credentialsOf(source)])
  return sources.find(source => source.name !== name && source.kind === 'http' && asked(source) === asked(added))?.name
}

/** Undefined: it cannot be added, or is there already, which has been said. */
function planned(request: CurlRequest, options: AddOptions, dotEnv: string): Addition | undefined {
  const { config: file, name: wanted } = options
  const text = textOf(file)
  const before = text.trim() === '' ? undefined : parseConfig(text, file, { env: process.env })
  if (before?.ok === false) {
    reportProblems(before.problems)
    return refuse(`Nothing was added: ${file} has to be sound first`, 1)
  }
  const taken = new Set([...(before?.config.sources ?? []), ...(before?.config.feeds ?? [])].map(one => one.name))
  if (wanted !== undefined && taken.has(wanted)) return refuse(`'${wanted}' is given away in ${file} already`, 2)
  const name = wanted ?? freeName(nameOfSource(request.url), taken)
  const set = Object.entries({ ...parseEnv(dotEnv), ...process.env })
  const known = new Map(set.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))
  const { source, secrets, leftOut } = curlSource(request, name, known)
  const next = addSource(text, name, source)
  const after = parseConfig(next, file, { env: { ...process.env, ...Object.fromEntries(secrets) } })
  if (!after.ok) {
    reportProblems(after.problems)
    return refuse(`Nothing was added to ${file}`, 1)
  }
  const twin = wanted === undefined ? twinOf(name, after.config.sources) : undefined
  if (twin !== undefined) {
    process.stderr.write(`Nothing was added: source '${twin}' of ${file} asks this already; --name another adds it once more\n`)
    return undefined
  }
  return { name, source, text: next, fresh: new Map([...secrets].filter(([variable]) => !known.has(variable))), leftOut }
}

/** What keeps a source from being added whatever the command is; undefined: nothing. */
function objection({ config, name }: AddOptions): string | undefined {
  if (config.endsWith('.json')) return `${config} is JSON, which is not written here: add what --print shows of another file by hand`
  if (name === undefined || namePattern.test(name)) return undefined
  return `'${name}' is no name of a source: a-z, 0-9, _ and -, beginning with a letter`
}

/** Whether all were written; why not has been said. */
function written(files: readonly FileText[]): boolean {
  try {
    writeWhole(files)
    return true
  } catch (error) {
    const { code, path = '', message } = error as NodeJS.ErrnoException
    const because = code === 'EEXIST' ? `${path} is there: another \`add\` is at work, or was broken off; remove it then` : message
    refuse(`Nothing was added: ${because}`, 1)
    return false
  }
}

/** A URL by itself is that of the command that asks it; nothing in it is a pattern, or the shell's. */
function asCurl(request: string): string {
  return /^\s*https?:\/\//i.test(request) ? `curl -g '${request.trim().replaceAll("'", String.raw`'\''`)}'` : request
}

/** Adds a source to a config that is sound, and its secrets to the `.env` beside it. Exit 2: not as asked; 1: the config is not sound. */
export function addCurl(request: string, options: AddOptions): void {
  const parsed = parseCurl(asCurl(request))
  if (!parsed.ok) return reportCurl(parsed.problems)
  const wrong = objection(options)
  if (wrong !== undefined) return refuse(wrong, 2)
  const { config: file } = options
  const envFile = join(dirname(file), '.env')
  const dotEnv = textOf(envFile)
  const addition = planned(parsed.request, options, dotEnv)
  if (addition === undefined) return
  const { name, source, text, fresh, leftOut } = addition
  reportLeftOut(leftOut)
  const variables = [...fresh.keys()].join(', ')
  if (options.print === true) {
    process.stdout.write(printSource(name, source))
    if (fresh.size > 0) process.stderr.write(`Its secrets go into .env: ${variables}\n`)
    return
  }
  const lines = addVariables(dotEnv, fresh)
  if (lines === undefined) return refuse('A secret has quotes of every kind, which .env cannot hold: nothing was added', 1)
  const config = { file, text, isPrivate: false }
  if (!written(fresh.size > 0 ? [{ file: envFile, text: lines, isPrivate: true }, config] : [config])) return
  const secrets = fresh.size > 0 ? `, its secrets to ${envFile}, which belongs into no repository: ${variables}` : ''
  process.stderr.write(`Source '${name}' was added to ${file}${secrets}\nFollow it with: millrace run ${file}\n`)
}
