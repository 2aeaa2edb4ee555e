import { suggest } from '../lib/suggest.ts'

/** What `${NAME}` and `${file:..}` are taken from. */
export interface VariableSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** `.env` beside the config; the environment goes before it. */
  readonly dotEnv: Readonly<Record<string, string | undefined>>
  /** Reads a file named in the config; throws when it cannot. */
  readonly readFile: (path: string) => string
}

/** Part of a text that could not be resolved. */
export interface VariableFault {
  /** Where `${` begins, in the text as it is in the file. */
  readonly from: number
  readonly length: number
  readonly message: string
  readonly hint?: string
}

export interface Resolved {
  readonly text: string
  readonly faults: readonly VariableFault[]
  /** What was put in, by how it was written; these values are never shown. */
  readonly secrets: ReadonlyMap<string, string>
}

type Lookup = { readonly value: string } | { readonly message: string; readonly hint?: string }

const reference = /\$\$\{|\$\{([^{}]*)(\}?)/g
const named = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/

/** Replaces each `${NAME}`, `${NAME:-default}` and `${file:/path}` of a text; `$${` stands for `${` itself. */
export function resolveVariables(text: string, sources: VariableSources): Resolved {
  const faults: VariableFault[] = []
  const secrets = new Map<string, string>()
  const resolved = text.replaceAll(reference, (written: string, body: string | undefined, end: string, from: number) => {
    if (body === undefined) return '${'
    const found =
      end === '' ? { message: '`${` is not closed', hint: 'write ${NAME}, or $${ for the characters themselves' } : lookup(body, sources)
    if ('value' in found) {
      if (found.value !== '') secrets.set(written, found.value)
      return found.value
    }
    faults.push({ from, length: written.length, ...found })
    return ''
  })
  return { text: resolved, faults, secrets }
}

function lookup(body: string, sources: VariableSources): Lookup {
  if (body.startsWith('file:')) return lookupFile(body.slice('file:'.length), sources)
  const [, name, otherwise] = named.exec(body) ?? []
  if (name === undefined) return { message: '`${' + body + '}` is no variable', hint: 'write ${NAME}, ${NAME:-default} or ${file:/path}' }
  const value = variable(name, sources)
  // As in a shell, `:-` also stands in for a variable that is set but empty.
  if (value !== undefined && (value !== '' || otherwise === undefined)) return { value }
  return otherwise === undefined ? missing(name, sources) : { value: otherwise }
}

function variable(name: string, { env, dotEnv }: VariableSources): string | undefined {
  if (Object.hasOwn(env, name) && env[name] !== undefined) return env[name]
  return Object.hasOwn(dotEnv, name) ? dotEnv[name] : undefined
}

function missing(name: string, { env, dotEnv }: VariableSources): Lookup {
  const message = `the variable ${name} is set neither in the environment nor in .env beside the config`
  const best = suggest(name, [...Object.keys(dotEnv), ...Object.keys(env)])
  return { message, hint: best === undefined ? `set ${name}, or give a default: \${${name}:-default}` : `did you mean \${${best}}?` }
}

const codes: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

/** Why a file cannot be read, in words. */
export function readFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return codes[code] ?? (error instanceof Error ? error.message : 'it cannot be read')
}

/** The line end with which most editors and tools close a file is no part of a secret. */
function lookupFile(path: string, { readFile }: VariableSources): Lookup {
  if (path === '') return { message: '`${file:}` names no file', hint: 'write ${file:/path}' }
  try {
    return { value: readFile(path).replace(/\r?\n$/, '') }
  } catch (error) {
    return { message: `the file ${path} cannot be read: ${readFault(error)}` }
  }
}
