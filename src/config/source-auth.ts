import { isRecord, type Path } from './finding.ts'
import type { Judge } from './judge.ts'

/** What of an `auth` is no secret; anything else may be one. */
const plainKeys = new Set(['user', 'header', 'query', 'tokenUrl', 'clientId', 'scope', 'url', 'method', 'token', 'cookie', 'expires'])

/** No message shows a secret of an `auth`. */
export function concealAuth(judge: Judge, value: unknown, path: Path): void {
  if (isRecord(value) || Array.isArray(value)) {
    for (const [key, member] of Object.entries(value)) concealAuth(judge, member, [...path, Array.isArray(value) ? Number(key) : key])
    return
  }
  if (typeof value === 'string' && !plainKeys.has(String(path.at(-1)))) judge.tree.conceal(path)
}

interface Identified {
  readonly url: string
  readonly headers?: ReadonlyMap<string, string> | undefined
  readonly auth?: object | undefined
}

/** Who asks is said once: by `auth`, by a header, or in the URL. */
export function isOneIdentity(judge: Judge, path: Path, { url, headers, auth }: Identified): boolean {
  if (auth === undefined) return true
  const isInUrl = new URL(url).username !== ''
  const isInHeaders = [...(headers ?? [])].some(([name]) => name.toLowerCase() === 'authorization')
  if (!isInUrl && !isInHeaders) return true
  const other = isInUrl ? 'the user name in the URL' : 'the header Authorization'
  judge.report({ path, at: 'name', message: `\`auth\` and ${other} both say who asks`, hint: 'keep one of them' })
  return false
}
