import { isIP } from 'node:net'
import type { HttpRefusal } from '../lib/http-refusal.ts'
import { formatSize } from '../lib/unit.ts'
import { headerValues, type TrustedProxies } from './trusted-proxies.ts'

/** Who may knock, judged before anything else is done for a request. */
export interface DoorRules {
  /** Names allowed in Host beside localhost and IP addresses; also as the host of Origin. */
  readonly hosts: readonly string[]
  /** Origins allowed beside the same host, such as `https://status.example`. */
  readonly origins: readonly string[]
  readonly proxies: TrustedProxies
  readonly maxHeaders: number
  readonly maxUrlBytes: number
}

/** What is judged of a request. */
export interface Knock {
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly socket: { readonly remoteAddress?: string | undefined }
}

function splitHost(text: string): { readonly name: string; readonly host: string } | undefined {
  if (!/^[\w.:[\]-]+$/.test(text)) return undefined
  try {
    const url = new URL(`http://${text}`)
    return { name: url.hostname.replace(/^\[|\]$/g, ''), host: url.host }
  } catch {
    return undefined
  }
}

/** A rebinding attack needs a name of its own: addresses and localhost are safe. */
function isKnownHost(name: string, rules: DoorRules): boolean {
  return name === 'localhost' || isIP(name) !== 0 || rules.hosts.includes(name)
}

const noHost: HttpRefusal = { status: 400, text: 'exactly one Host header with a name and port is needed' }

/**
 * Judges the size of a request, its Host (DNS rebinding) and its Origin (cross-site WebSocket hijacking).
 * No Origin is a program, not a page.
 */
export function judgeRequest({ url = '/', rawHeaders, socket }: Knock, rules: DoorRules): HttpRefusal | undefined {
  const { maxUrlBytes, maxHeaders } = rules
  if (url.length > maxUrlBytes) return { status: 414, text: `maxUrl: ${formatSize(maxUrlBytes)} exceeded`, limit: 'maxUrl' }
  if (rawHeaders.length > 2 * maxHeaders) return { status: 431, text: `maxHeaders: ${maxHeaders} exceeded`, limit: 'maxHeaders' }
  // One, also where another one counts: two requests in one, seen apart by two servers, begin like that.
  if (headerValues(rawHeaders, 'host').length !== 1) return noHost
  const hosts = rules.proxies.hostsOf(socket.remoteAddress ?? '', rawHeaders)
  const host = hosts.length === 1 ? splitHost(hosts[0] ?? '') : undefined
  if (host === undefined) return noHost
  // What a URL as target names goes before Host (RFC 9112 3.2.2): two names in one request are two requests to somebody on the way.
  if (!url.startsWith('/') && URL.canParse(url) && new URL(url).host !== host.host)
    return { status: 400, text: 'the request names one host as its target and another as its Host' }
  if (!isKnownHost(host.name, rules)) return { status: 403, text: `unknown host: add ${host.name} to server.hosts` }
  const origins = headerValues(rawHeaders, 'origin')
  const scheme = rules.proxies.schemeOf(socket.remoteAddress ?? '', rawHeaders)
  if (origins.length === 0 || (origins.length === 1 && isKnownOrigin(origins[0] ?? '', { host: host.host, scheme }, rules)))
    return undefined
  return {
    status: 403,
    text: `origin ${printable(origins.join(', '))} is not allowed: add it to server.origins, or its name to server.hosts`,
  }
}

/** What was asked for: `live.example:8443`, and by which scheme where a proxy says so. */
interface Asked {
  readonly host: string
  readonly scheme: string | undefined
}

function isKnownOrigin(origin: string, { host, scheme }: Asked, rules: DoorRules): boolean {
  if (rules.origins.includes(origin)) return true
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  // A page by http of a site that is served by https may be by anybody on the way.
  if (scheme === 'https' && url.protocol === 'http:') return false
  const port = url.protocol === 'https:' ? '443' : '80'
  return url.host === host || `${url.host}:${port}` === host || rules.hosts.includes(url.hostname)
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
}
