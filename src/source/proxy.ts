import { PollError } from './failure.ts'

/** What a request goes through instead of to its origin itself. */
export interface Proxy {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** Of its user name and password, as a Proxy-Authorization header; absent: it has none. */
  readonly authorization?: string
}

/** Whose proxies are taken: by the names that curl and most programs know. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>

interface Exemption {
  readonly hostname: string
  /** Undefined: any. */
  readonly port: number | undefined
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/**
 * Which origins are asked through a proxy: http ones by `http_proxy`, https ones by `https_proxy`, but for what `no_proxy` lists; names in
 * capitals count where there is no lower-case one. This machine itself (localhost, 127.0.0.0/8, ::1) is never asked through one.
 */
export class Proxies {
  readonly #byProtocol: Readonly<Record<string, { readonly name: string; readonly value: string } | undefined>>
  readonly #exempt: readonly Exemption[]
  readonly #exemptsAll: boolean

  constructor(env: ProxyEnvironment) {
    const told = (name: string): { readonly name: string; readonly value: string } | undefined => {
      const known = [name, name.toUpperCase()].find(written => (env[written] ?? '') !== '')
      return known === undefined ? undefined : { name: known, value: env[known] ?? '' }
    }
    this.#byProtocol = { 'http:': told('http_proxy'), 'https:': told('https_proxy') }
    const entries = (told('no_proxy')?.value ?? '').split(/[,\s]+/).filter(entry => entry !== '')
    this.#exemptsAll = entries.includes('*')
    this.#exempt = entries.map(exemption)
  }

  /**
   * The proxy of an origin; undefined: it is asked itself.
   * @throws PollError `refused` where the environment names what is no proxy
   */
  of(url: URL): Proxy | undefined {
    const told = this.#byProtocol[url.protocol]
    if (told === undefined || isThisMachine(url.hostname) || this.#isExempt(url)) return undefined
    return proxyOf(told.name, told.value)
  }

  #isExempt({ hostname, port, protocol }: URL): boolean {
    const asked = port === '' ? defaultPorts[protocol] : Number(port)
    return (
      this.#exemptsAll ||
      this.#exempt.some(entry => {
        const isNamed = hostname === entry.hostname || hostname.endsWith(`.${entry.hostname}`)
        return isNamed && (entry.port === undefined || entry.port === asked)
      })
    )
  }
}

/** `example.org`, `.example.org` and `*.example.org` are the name and all below it; a port may follow. */
function exemption(entry: string): Exemption {
  const isBareIpv6 = /^[^[]*:[^\]]*:/.test(entry)
  const [, name = entry, port] = isBareIpv6 ? [] : (/^(.+):(\d+)$/.exec(entry) ?? [])
  const hostname = (isBareIpv6 ? `[${entry}]` : name).replace(/^\*?\./, '').toLowerCase()
  return { hostname, port: port === undefined ? undefined : Number(port) }
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

/** Like curl takes it: without a scheme it is http. The value may hold a password and is not quoted. */
function proxyOf(name: string, value: string): Proxy {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`
  if (!URL.canParse(text)) throw new PollError('refused', `${name} names what is no URL of a proxy; write http://host:port`)
  const { protocol, hostname, port, username, password } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new PollError('refused', `${name} names a proxy of ${protocol}, which is not known here; use one of http: or https:`)
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization = username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  return { protocol, hostname, port: port === '' ? (defaultPorts[protocol] ?? 80) : Number(port), ...authorization }
}

/** `proxy.example:3128`, for people. */
export function proxyHost({ hostname, port }: Proxy): string {
  return `${hostname}:${port}`
}
