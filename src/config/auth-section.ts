import { suggest } from '../lib/suggest.ts'
import { authOptions, authSchema, shortestToken, type AuthOptions } from './auth.options.ts'
import type { Config } from './config.ts'
import { isRecord, valueAt, type Path, type Report } from './finding.ts'
import type { Judge } from './judge.ts'

/** `auth`; undefined where it is absent, or something is wrong with it, which has been reported. */
export function authConfig(judge: Judge, warn: Report): 'none' | AuthOptions | undefined {
  const path = ['auth']
  const written = valueAt(judge.tree.value, path)
  if (written === undefined || written === 'none') return written
  if (!isRecord(written)) {
    // Long enough for a token that was written there.
    if (typeof written === 'string' && written.length >= shortestToken) judge.tree.conceal(path)
    judge.report({ path, at: 'value', expected: 'none, or a map with `tokens`' })
    return undefined
  }
  const literals = concealTokens(judge, written['tokens'])
  const auth = judge.check(authSchema, written, path)
  if (auth === undefined) return undefined
  for (const at of literals) warn(literalToken(at))
  const options = authOptions(auth)
  checkUnique(judge, options)
  warnOfGrants(judge, options, warn)
  return options
}

/** No message shows a token that stands in the file; returns where some do. */
function concealTokens(judge: Judge, tokens: unknown): Path[] {
  if (!Array.isArray(tokens)) {
    judge.tree.conceal(['auth', 'tokens'])
    return []
  }
  for (const [index, entry] of tokens.entries()) if (typeof entry === 'string') judge.tree.conceal(['auth', 'tokens', index])
  const paths = tokens.map((_, index) => ['auth', 'tokens', index, 'token'])
  return paths.filter(path => judge.tree.conceal(path))
}

function literalToken(path: Path): Parameters<Report>[0] {
  return {
    path,
    at: 'name',
    message: 'a token stands in the config itself, and whoever reads the file has it',
    hint: 'take it from the environment, `token: ${TOKEN}`, or from a file, `token: ${file:/run/secrets/token}`',
  }
}

function checkUnique(judge: Judge, { tokens }: AuthOptions): void {
  const first = { name: new Map<string, number>(), token: new Map<string, number>() }
  for (const [index, entry] of tokens.entries()) {
    for (const key of ['name', 'token'] as const) {
      const before = first[key].get(entry[key])
      if (before === undefined) first[key].set(entry[key], index)
      else {
        const message = `the same ${key} as that of tokens[${before}]: each has its own`
        judge.report({ path: ['auth', 'tokens', index, key], at: key === 'token' ? 'name' : 'value', message })
      }
    }
  }
}

function warnOfGrants(judge: Judge, { tokens }: AuthOptions, warn: Report): void {
  const names = ['sources', 'feeds'].flatMap(section => Object.keys(valueAt(judge.tree.value, [section]) ?? {}))
  for (const [index, { feeds, admin }] of tokens.entries()) {
    // Without `feeds` the default is in force, which names nothing.
    for (const [place, grant] of feeds.entries()) {
      const path = ['auth', 'tokens', index, 'feeds', place]
      if (grant === '$clients' && !admin) warn({ path, at: 'value', message: '`$clients` is there for tokens with `admin: true` alone' })
      else if (!isKnown(grant, names)) warn({ path, at: 'value', ...unknownGrant(grant, names) })
    }
  }
}

/** The server's own feeds are not those of the config. */
function isKnown(grant: string, names: readonly string[]): boolean {
  if (grant === '*' || grant.startsWith('$')) return true
  return grant.endsWith('*') ? names.some(name => name.startsWith(grant.slice(0, -1))) : names.includes(grant)
}

function unknownGrant(grant: string, names: readonly string[]): { readonly message: string; readonly hint?: string } {
  if (grant.endsWith('*')) return { message: `no source or feed begins with \`${grant.slice(0, -1)}\`` }
  const best = suggest(grant, names)
  return { message: `there is no source or feed \`${grant}\``, ...(best === undefined ? {} : { hint: `did you mean \`${best}\`?` }) }
}

/** Whether there is anybody for the feeds and routes of an admin. */
export function hasAdmin({ auth }: Config): boolean {
  return auth !== undefined && auth !== 'none' && auth.tokens.some(({ admin }) => admin)
}
