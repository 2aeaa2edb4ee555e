import { didYouMean } from '../../lib/suggest.ts'
import { curlOption, curlOptionNames } from './curl-options.ts'
import { ShellError, shellWords, type Word } from './shell-words.ts'

/** What a curl command asks; each text as a config would write it (`${NAME}` is a variable). */
export interface CurlRequest {
  readonly url: Word
  readonly method?: string
  /** In the order given; names as they were written. */
  readonly headers: readonly (readonly [name: string, value: Word])[]
  readonly body?: Word
  /** Who says so by digest; by basic it is a header. */
  readonly digest?: { readonly user: Word; readonly password: Word }
  readonly insecure: boolean
  readonly timeout?: string
  /** What was left out because it has no bearing here. */
  readonly leftOut: readonly string[]
}

export type CurlResult =
  | { readonly ok: true; readonly request: CurlRequest }
  /** Each a sentence that names the option. */
  | { readonly ok: false; readonly problems: readonly string[] }

/** Reads a curl command that was copied: what it asks, or all that a source cannot do of it. */
export function parseCurl(text: string): CurlResult {
  try {
    const { words, rest } = shellWords(text.replace(/^\s*\$\s+(?=curl)/, ''))
    if (!/^curl(\.exe)?$/.test(words[0] ?? ''))
      return { ok: false, problems: ['it does not begin with curl, nor is it a URL with http:// or https://'] }
    const reading = new Reading(words.slice(1))
    if (rest !== '') reading.leftOut.push(`what follows the command (${rest.slice(0, 20)})`)
    return reading.result()
  } catch (error) {
    if (error instanceof ShellError) return { ok: false, problems: [`the command cannot be read: ${error.message}`] }
    throw error
  }
}

/** Where a config writes `${`, a `$` that stands before `{` by itself is doubled: nothing is to be encoded in a variable. */
function encoded(text: Word): Word {
  return text
    .split(/(?<!\$)(\$\{\w+\})/)
    .map((part, i) => (i % 2 === 1 ? part : encodeURIComponent(part.replaceAll('$${', '${'))))
    .join('')
}

/** Of one command, option by option. */
class Reading {
  readonly leftOut: string[] = []
  readonly #words: readonly Word[]
  readonly #problems: string[] = []
  readonly #urls: Word[] = []
  readonly #headers: (readonly [string, Word])[] = []
  readonly #data: Word[] = []
  #method: string | undefined
  #user: { readonly name: Word; readonly password: Word } | undefined
  #isDigest = false
  #isGet = false
  #isJson = false
  #insecure = false
  #isGlobOff = false
  #timeout: string | undefined
  #at = 0

  constructor(words: readonly Word[]) {
    this.#words = words
  }

  result(): CurlResult {
    while (this.#at < this.#words.length) this.#next(this.#words[this.#at++] ?? '')
    const url = this.#url()
    const method = this.#checkedMethod()
    const login = this.#login()
    if (this.#problems.length > 0) return { ok: false, problems: this.#problems }
    const joined = this.#data.join(this.#isJson ? '' : '&')
    const hasBody = this.#data.length > 0 && !this.#isGet
    const query = this.#isGet && joined !== '' ? `${url.includes('?') ? '&' : '?'}${joined}` : ''
    const sent = method ?? (hasBody ? 'POST' : undefined)
    const request = {
      url: url.replace(/#.*$/, '') + query,
      ...(sent === undefined || sent === 'GET' ? {} : { method: sent }),
      headers: this.#allHeaders(hasBody, login.headers),
      ...(login.digest === undefined ? {} : { digest: login.digest }),
      ...(hasBody ? { body: joined } : {}),
      insecure: this.#insecure,
      ...(this.#timeout === undefined ? {} : { timeout: this.#timeout }),
      leftOut: this.leftOut,
    }
    return { ok: true, request }
  }

  #next(word: Word): void {
    if (word.startsWith('--') && word.length > 2) this.#long(word)
    else if (word.startsWith('-') && word.length > 1) this.#short(word)
    else this.#urls.push(word)
  }

  /** `--data x`; curl takes `--no-x` for the contrary of a switch. */
  #long(word: Word): void {
    const known = curlOption(word) ?? curlOption(word.replace('--no-', '--'))
    if (known === undefined) this.#problems.push(`curl's ${word} is not known here${didYouMean(word, curlOptionNames)}`)
    else if (word.startsWith('--no-') && known.name === word.slice(5)) this.leftOut.push(word)
    else this.#apply(word, known.takesValue ? this.#words[this.#at++] : '')
  }

  /** `-sSL`, `-XPOST`, `-X POST` */
  #short(word: Word): void {
    for (let i = 1; i < word.length; i++) {
      const written = `-${word[i] ?? ''}`
      const known = curlOption(written)
      if (known === undefined) {
        this.#problems.push(`curl's ${written} is not known here`)
        return
      }
      if (known.takesValue) return this.#apply(written, i + 1 < word.length ? word.slice(i + 1) : this.#words[this.#at++])
      this.#apply(written, '')
    }
  }

  #apply(written: string, value: Word | undefined): void {
    if (value === undefined) return void this.#problems.push(`curl's ${written} needs a value`)
    switch (curlOption(written)?.does) {
      case 'url':
        return void this.#urls.push(value)
      case 'method':
        this.#method = value.toUpperCase()
        return
      case 'header':
        return this.#header(value)
      case 'data':
        return value.startsWith('@') ? this.#refuseFile(written, value) : void this.#data.push(value)
      case 'data-raw':
        return void this.#data.push(value)
      case 'data-urlencode':
        return this.#urlEncoded(written, value)
      case 'json':
        this.#isJson = true
        return value.startsWith('@') ? this.#refuseFile(written, value) : void this.#data.push(value)
      case 'get':
        this.#isGet = true
        return
      case 'user':
        return this.#takeUser(value)
      case 'digest':
        this.#isDigest = true
        return
      case 'bearer':
        return void this.#headers.push(['Authorization', `Bearer ${value}`])
      case 'cookie':
        return value.includes('=') ? void this.#headers.push(['Cookie', value]) : this.#refuseFile(written, value)
      case 'user-agent':
        return void this.#headers.push(['User-Agent', value])
      case 'referer':
        return void this.#headers.push(['Referer', value.replace(/;auto$/, '')])
      case 'insecure':
        this.#insecure = true
        return
      case 'max-time':
        this.#timeout = `${value}s`
        return
      case 'glob-off':
        this.#isGlobOff = true
        return
      case 'unsupported':
        return void this.#problems.push(`curl's ${written} is not supported${whyNot[curlOption(written)?.name ?? ''] ?? ''}`)
      default:
        return
    }
  }

  #refuseFile(written: string, value: Word): void {
    this.#problems.push(`curl's ${written} reads a file (${value}), which is not supported; put its text there`)
  }

  /** `Name: value`; `Name;` is one without a value, `Name:` takes a header of curl's own away. */
  #header(written: Word): void {
    if (written.startsWith('@')) return this.#refuseFile('-H', written)
    const [, name, mark, value = ''] = /^([^:;]+)([:;])\s*([^]*)$/.exec(written) ?? []
    if (name === undefined) this.#problems.push(`curl's -H ${JSON.stringify(written.slice(0, 30))} has no colon`)
    else if (mark === ';' || value !== '') this.#headers.push([name.trim(), value.trimEnd()])
  }

  /** `content`, `=content`, `name=content`; with `@` from a file. */
  #urlEncoded(option: string, written: Word): void {
    const [, name = '', mark = '', content = ''] = /^([^=@]*)([=@])([^]*)$/.exec(written) ?? []
    if (mark === '@') return this.#refuseFile(option, `@${content}`)
    this.#data.push(mark === '' ? encoded(written) : `${name === '' ? '' : `${name}=`}${encoded(content)}`)
  }

  #takeUser(value: Word): void {
    const at = value.indexOf(':')
    if (at < 0) return void this.#problems.push(`curl's -u ${value} has no password; write it as user:password`)
    this.#user = { name: value.slice(0, at), password: value.slice(at + 1) }
  }

  /** What is known once all options are: `--digest` may stand before `-u`, or behind it. */
  #login(): { readonly headers: CurlRequest['headers']; readonly digest?: CurlRequest['digest'] } {
    if (this.#user === undefined) {
      if (this.#isDigest) this.#problems.push("curl's --digest needs -u user:password")
      return { headers: [] }
    }
    const { name, password } = this.#user
    if (this.#isDigest) return { headers: [], digest: { user: name, password } }
    const both = `${name}:${password}`
    if (/\$\{/.test(both.replaceAll('$${', '')))
      this.#problems.push("curl's -u with a variable of the shell is not supported; put the user and password there")
    return { headers: [['Authorization', `Basic ${Buffer.from(both.replaceAll('$${', '${')).toString('base64')}`]] }
  }

  #checkedMethod(): string | undefined {
    const method = this.#method
    if (method !== undefined && !['GET', 'POST', 'PUT'].includes(method))
      this.#problems.push(`curl's -X ${method} is not supported: a source asks by GET, POST or PUT`)
    return method
  }

  #url(): Word {
    const [url, ...others] = this.#urls
    if (url === undefined) {
      this.#problems.push('there is no URL in the command')
      return ''
    }
    if (others.length > 0) this.#problems.push(`there are ${this.#urls.length} URLs in the command, and a source has one`)
    if (!this.#isGlobOff && /\[[^\]]*-[^\]]*\]|(?<!\$)\{[^}]*,[^}]*\}/.test(url.replace(/^\w+:\/\/\[[^\]]*\]/, '')))
      this.#problems.push('the URL is a pattern of several ([1-3] or {a,b}), and a source has one')
    if (/^\w+:\/\//.test(url) && !/^https?:\/\//i.test(url))
      this.#problems.push(`${url.split(':', 1)[0] ?? ''} is not supported: a source asks by http or https`)
    return /^\w+:\/\//.test(url) || url.startsWith('${') ? url : `http://${url}`
  }

  #allHeaders(hasBody: boolean, login: CurlRequest['headers']): CurlRequest['headers'] {
    const has = (name: string): boolean => this.#headers.some(([other]) => other.toLowerCase() === name)
    const added: [string, string][] = []
    if (hasBody && !has('content-type'))
      added.push(['Content-Type', this.#isJson ? 'application/json' : 'application/x-www-form-urlencoded'])
    if (this.#isJson && !has('accept')) added.push(['Accept', 'application/json'])
    return [...this.#headers, ...login, ...added]
  }
}

const whyNot: Readonly<Record<string, string>> = {
  head: ': a source reads bodies',
  form: ': a source sends a text or JSON, no multipart form',
  'form-string': ': a source sends a text or JSON, no multipart form',
  next: ': a source asks once',
  ntlm: ': only basic, digest and bearer are',
  negotiate: ': only basic, digest and bearer are',
  anyauth: '; say which one it is: --digest, or -u alone',
}
