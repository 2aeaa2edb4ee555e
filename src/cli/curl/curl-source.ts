import { isSecretName } from '../../lib/safe-text.ts'
import type { CurlRequest } from './curl-command.ts'
import type { Word } from './shell-words.ts'

/** A source as a config would have it. */
export interface CurlSource {
  readonly source: Readonly<Record<string, unknown>>
  /** What was taken out of it: the values of its variables, for .env. */
  readonly secrets: ReadonlyMap<string, string>
  /** Headers that are left out, and why in a word or two. */
  readonly leftOut: readonly string[]
}

/**
 * Headers that a browser sends with all that it asks, or that make an answer conditional or coded: Millrace has its own.
 */
const ownHeaders =
  /^(accept-encoding|connection|content-length|host|te|trailer|transfer-encoding|upgrade|keep-alive|expect|if-none-match|if-modified-since|if-match|if-unmodified-since|if-range|range|priority|dnt|pragma|cache-control|upgrade-insecure-requests|sec-.*|proxy-connection)$/i

function hasVariable(text: Word): boolean {
  return /(?<!\$)\$\{\w+\}/.test(text)
}

/** Takes secrets out of texts, a variable for each. */
class Vault {
  readonly secrets = new Map<string, string>()
  readonly #prefix: string
  readonly #taken: ReadonlyMap<string, string>

  /** @param taken variables that are set already, whose values may be used but not changed */
  constructor(prefix: string, taken: ReadonlyMap<string, string>) {
    this.#prefix = prefix.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
    this.#taken = taken
  }

  /** `${STATIONS_TOKEN}` for a secret; what has a variable of the shell in it stays. */
  keep(name: string, text: Word): Word {
    if (text === '' || hasVariable(text)) return text
    const value = text.replaceAll('$${', '${')
    const base = `${this.#prefix}_${name
      .toUpperCase()
      .replace(/^X-/, '')
      .replace(/[^A-Z0-9]+/g, '_')}`
    let variable = base
    for (let n = 2; this.#isOther(variable, value); n++) variable = `${base}_${n}`
    this.secrets.set(variable, value)
    return `\${${variable}}`
  }

  #isOther(variable: string, value: string): boolean {
    const known = this.secrets.get(variable) ?? this.#taken.get(variable)
    return known !== undefined && known !== value
  }
}

/** `Bearer ${..}`: what says how is no secret. */
function headerValue(name: string, value: Word, vault: Vault): Word {
  if (!isSecretName(name)) return value
  const [, scheme = '', rest = value] = /^((?:Basic|Bearer|Token|ApiKey|Digest|Key) +)([^]*)$/i.exec(value) ?? []
  return scheme + vault.keep(name, rest)
}

/** `a=1&key=${..}`, as it is encoded. */
function parameters(text: Word, vault: Vault): Word {
  return text
    .split('&')
    .map(part => {
      const at = part.indexOf('=')
      const name = at < 0 ? part : part.slice(0, at)
      return at >= 0 && isSecretName(name) ? `${name}=${vault.keep(name, part.slice(at + 1))}` : part
    })
    .join('&')
}

function url(text: Word, vault: Vault): Word {
  const plain = text.replace(/^(https?:\/\/)([^/?#@]*)@/i, (_, scheme: string, credentials: string) => {
    const at = credentials.indexOf(':')
    return at < 0
      ? `${scheme}${credentials}@`
      : `${scheme}${credentials.slice(0, at)}:${vault.keep('password', credentials.slice(at + 1))}@`
  })
  const at = plain.indexOf('?')
  return at < 0 ? plain : `${plain.slice(0, at)}?${parameters(plain.slice(at + 1), vault)}`
}

/** A JSON document with its secrets taken out; other values stay as they are. */
function jsonBody(value: unknown, name: string, vault: Vault): unknown {
  if (typeof value === 'string') return isSecretName(name) ? vault.keep(name, value) : value
  if (Array.isArray(value)) return value.map(item => jsonBody(item, name, vault))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, jsonBody(inner, member, vault)]))
}

/** A body that is a JSON object or list stands in the config as such, where that says the same; anything else as a text. */
function bodyOf(text: Word, headers: CurlRequest['headers'], vault: Vault): unknown {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (/json/i.test(type) || /^\s*[{[]/.test(text)) {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !/\d{16}/.test(text)) return jsonBody(value, '', vault)
    } catch {
      return text
    }
    return text
  }
  return /urlencoded/i.test(type) ? parameters(text, vault) : text
}

/**
 * The source that asks what a curl command asks, with its secrets as variables.
 * @param name of the source, with which the variables begin
 * @param taken variables that are set already, by name
 */
export function curlSource(request: CurlRequest, name: string, taken: ReadonlyMap<string, string> = new Map()): CurlSource {
  const vault = new Vault(name, taken)
  const leftOut = [...request.leftOut]
  const headers: [string, Word][] = []
  for (const [header, value] of request.headers) {
    const isBrowser = header.toLowerCase() === 'user-agent' && value.startsWith('Mozilla/')
    if (ownHeaders.test(header) || isBrowser) leftOut.push(header.toLowerCase())
    else headers.push([header, headerValue(header, value, vault)])
  }
  const { method, timeout, digest } = request
  const source = {
    url: url(request.url, vault),
    ...(method === undefined ? {} : { method }),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...(digest === undefined ? {} : { auth: { digest: { user: digest.user, password: vault.keep('password', digest.password) } } }),
    ...(request.body === undefined ? {} : { body: bodyOf(request.body, request.headers, vault) }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(request.insecure ? { tls: { insecure: true } } : {}),
  }
  return { source, secrets: vault.secrets, leftOut }
}
