import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { isSecretName, withoutSecrets } from '../lib/safe-text.ts'

/** A text with what is known to be a secret as it is written in the config: `${TOKEN}`. */
export type Tell = (text: string) => string

const hidden = '***'

/** What a request of ours says beside what is configured. */
const plainHeaders = new Set([
  'user-agent',
  'accept',
  'accept-encoding',
  'if-none-match',
  'if-modified-since',
  'last-event-id',
  'content-type',
  'host',
])

/** The headers of a request: what was configured is nobody else's business, whatever it is called. */
export function sentWithoutSecrets(headers: Iterable<readonly [string, unknown]>, tell: Tell): Record<string, string> {
  return Object.fromEntries(
    [...headers].map(([name, value]) => {
      const lower = name.toLowerCase()
      return [lower, plainHeaders.has(lower) ? withoutSecrets(tell(String(value))) : hidden]
    }),
  )
}

/** The headers of an answer. */
export function answeredWithoutSecrets(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  tell: Tell,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return []
      const shown = (text: string): string => (isSecretName(name) ? hiddenCookie(text) : withoutSecrets(tell(text)))
      return [[name, typeof value === 'string' ? shown(value) : value.map(shown)]]
    }),
  )
}

/** Of a cookie its name is left, by which a login may look for it. */
function hiddenCookie(text: string): string {
  const [, name] = /^([\w!#$%&'*+.^`|~-]+)=/.exec(text) ?? []
  return name === undefined ? hidden : `${name}=${hidden}`
}

export function urlWithoutSecrets(url: string, tell: Tell): string {
  return withoutSecrets(tell(url))
}

/** What the head of an answer to a login says beside a token. */
const plainOfLogins = new Set(['content-type', 'date', 'retry-after'])
/** The answer of a login is small. In bytes. */
const longestLogin = 262_144

const decoders: Readonly<Record<string, (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

/**
 * The answer to a login: JSON with all in it covered but for how long it is good; any other body is left out. Of the head everything is
 * covered that may be a token.
 */
export function loginWithoutSecrets(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): { readonly headers: Record<string, string | string[]>; readonly body: Buffer } {
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || name === 'content-length' || name === 'content-encoding') return []
    if (plainOfLogins.has(name)) return [[name, value] as const]
    return [[name, typeof value === 'string' ? hiddenCookie(value) : value.map(hiddenCookie)] as const]
  })
  return { headers: Object.fromEntries(kept), body: coveredBody(body, String(headers['content-encoding'] ?? '')) }
}

function coveredBody(body: Buffer, coding: string): Buffer {
  try {
    const plain = decoders[coding]?.(body, { maxOutputLength: longestLogin }) ?? body
    return Buffer.from(JSON.stringify(covered('', JSON.parse(plain.toString()))))
  } catch {
    // No JSON, or torn: nothing of it can be told.
    return Buffer.alloc(0)
  }
}

function covered(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(item => covered(name, item))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([member, of]: [string, unknown]) => [member, covered(member, of)]))
  if (typeof value === 'string') return hidden
  return typeof value === 'number' && !/^expires/i.test(name) ? 0 : value
}
