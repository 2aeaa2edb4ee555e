/** What names something that is nobody else's business: a header, a query parameter or a member of a body. */
const secretName =
  /authorization|auth(?!or)|cookie|token|secret|passw|pwd|session|signature|credential|csrf|xsrf|api[-_]?key|access[-_]?key|[-_]key$|^(key|sig|appid|pat|sid|pin|otp)$/i

/** Whether a header, query parameter or member of that name probably holds a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

/** What stands in the place of a secret. */
export const hidden = '***'

/** User name and password of a URL; also where the password was not encoded as it must be, and is no port. */
const userInfo = /(:\/\/)(?:[^\s/?#@]*|[^\s/?#@:"']{0,256}:(?!\d{1,5}[/?#])[^\s@"']{0,256})@/g

/**
 * A text without the secrets that it may quote: user names and passwords of URLs, values of query parameters that are called like
 * secrets, and what follows `Bearer` or `Basic`.
 */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(userInfo, `$1${hidden}@`)
    .replaceAll(/(^|[?&;])([^\s?&;=#]+)=([^\s&;#"']*)/g, (all, mark: string, name: string) =>
      isSecretName(name) ? `${mark}${name}=${hidden}` : all,
    )
    .replaceAll(/\b(Bearer|Basic)\s+[\w~+/.=-]+/gi, `$1 ${hidden}`)
}

/** An http URL of which no more is shown than its origin, where a path or query follows; any other text as it is. */
export function withoutPath(url: string): string {
  return url.replace(/^(https?:\/\/[^/?#]+)[/?#][^]+$/i, `$1/${hidden}`)
}

/**
 * A value without secrets: texts as above, and members of maps that are called like secrets. `told` may replace a part of a text that
 * is known to be a secret by what may be told of it, such as `${TOKEN}`; a member in which it did so is shown. A text that is JSON,
 * such as a body, is looked into. `isSecret`: whether a member of that name is one.
 */
export function valueWithoutSecrets(
  value: unknown,
  told: (text: string) => string,
  isSecret: (name: string) => boolean = isSecretName,
  name = '',
): unknown {
  const inner = (member: unknown, called = ''): unknown => valueWithoutSecrets(member, told, isSecret, called)
  if (Array.isArray(value)) return value.map(item => inner(item, name))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([called, member]: [string, unknown]) => [called, inner(member, called)]))
  if (typeof value !== 'string') return isSecret(name) ? hidden : value
  const members = membersIn(value)
  if (members !== undefined && !isSecret(name)) return JSON.stringify(inner(members))
  const text = told(value)
  return isSecret(name) && text === value ? hidden : withoutSecrets(text)
}

/** The map or list that a text is as JSON; undefined: none. */
function membersIn(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

/** A text as one line that no terminal obeys: control and format characters, and line and paragraph separators, are written out. */
export function asOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/** What moves a cursor, paints or turns text around: control characters, separators of lines, overrides of direction. */
const steering = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** A text that no terminal obeys, each character that it might taking one column. */
export function forTerminal(text: string): string {
  return text.replace(steering, '\ufffd')
}

/** The same JSON, with what a terminal might obey as escapes; blanks between its parts stay. */
export function jsonForTerminal(json: string): string {
  return json.replace(steering, c => (/[\t\n\r]/.test(c) ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
}
