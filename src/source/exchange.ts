import type { Dispatcher } from 'undici'
import { quotable } from '../decode/decode-error.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import { version } from '../lib/version.ts'
import type { PollPhases } from './ask.ts'
import { noCredentials, type Asker, type Credentials } from './auth/authorizer.ts'
import { PollError, type Phase, type Scene } from './failure.ts'
import type { HttpOptions } from './http.options.ts'
import { Link, type Tap } from './link.ts'
import { isPrivateAddress, refusedAddress } from './private-address.ts'
import { proxyHost, type Proxies } from './proxy.ts'
import type { Answer } from './sent-request.ts'

/** What makes a request conditional, and the URL that gave it. */
export interface Validators {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Honest, so that an owner who wonders can find out who asks. */
const userAgent = `millrace/${version}`

/** What is asked for first, by the configured format; anything else is taken too. */
const accepted: Partial<Readonly<Record<NonNullable<HttpOptions['format']>, string>>> = {
  ndjson: 'application/x-ndjson, application/jsonl',
  geojson: 'application/geo+json, application/json;q=0.9',
  csv: 'text/csv, text/tab-separated-values;q=0.9',
  xml: 'application/xml, text/xml',
  syndication: 'application/atom+xml, application/rss+xml, application/feed+json;q=0.9, application/xml;q=0.8',
  prometheus: 'application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4;q=0.9',
  text: 'text/plain',
}

const redirectStatuses = new Set([301, 302, 303, 307, 308])

const unauthorized = 401

/** Bodies of redirects that are larger cost the connection. */
const redirectBodyBytes = 16_384

interface Hop {
  readonly url: URL
  readonly method: Dispatcher.HttpMethod
  readonly body: string | undefined
}

/** What a request is made of, and how far its redirects are followed. */
export type RequestOptions = Pick<
  HttpOptions,
  'url' | 'method' | 'headers' | 'body' | 'format' | 'maxRedirects' | 'redirects' | 'tls' | 'isPublicOnly'
>

export interface ExchangeDeps {
  readonly clock: Clock
  readonly proxies: Proxies
  /** Says who asks; default: nobody does, beyond what the headers say. */
  readonly auth?: Asker
  /** Calls back once the budget allows a further request of a poll under way to its own origin. Default: at once, and `spend` hears of it. */
  readonly admitMore?: (enter: () => void) => Cancel
  /** Told of the origin of each request that no budget let in: logins, redirects to elsewhere. Default: nobody. */
  readonly spend?: (origin: string) => void
  /** Default: nobody hears of what is asked, or answers in place of an origin. */
  readonly tap?: Tap
}

type Headers = Readonly<Record<string, string>>

/** Asks a URL and follows its redirects, on one connection per origin. */
export class Exchange {
  readonly #options: RequestOptions
  readonly #deps: ExchangeDeps
  readonly #origin: string
  readonly #links = new Map<string, Link>()
  /** Of each request, wherever it goes. */
  readonly #general: Headers
  /** For its own origin alone: of a request with a body, and of one without. */
  readonly #configured: { readonly all: Headers; readonly bodiless: Headers }
  readonly #url: URL
  #at: URL
  #phase: Phase = 'connecting'
  #phases: PollPhases = {}
  /** The budget has let in the next request. */
  #isAdmitted = false

  constructor(options: RequestOptions, deps: ExchangeDeps) {
    this.#options = options
    this.#deps = deps
    this.#url = this.#at = new URL(options.url)
    this.#origin = this.#at.origin
    this.#general = {
      'user-agent': userAgent,
      accept: `${accepted[options.format ?? 'json'] ?? 'application/json'}, */*;q=0.5`,
      'accept-encoding': 'gzip, br, deflate',
    }
    const bodiless = [...options.headers].filter(([name]) => !name.startsWith('content-'))
    this.#configured = { all: Object.fromEntries(options.headers), bodiless: Object.fromEntries(bodiless) }
  }

  /** Who is being asked, and how far that has come. */
  get scene(): Scene {
    const loggingIn = this.#deps.auth?.scene
    if (loggingIn !== undefined) return loggingIn
    const { hostname, port, protocol } = this.#at
    const host = `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`
    const link = this.#phase === 'answering' ? this.#links.get(this.#at.origin) : undefined
    if (link?.connecting !== true) return { host, phase: this.#phase }
    return { host: link.proxy === undefined ? host : `the proxy ${proxyHost(link.proxy)}`, phase: 'connecting' }
  }

  /** A poll was let in, and its first request with it; every other one waits for its turn: pages, redirects, second tries. */
  admitted(): void {
    this.#isAdmitted = true
  }

  /** Where the time went since this was asked last, but for the body. */
  takePhases(): PollPhases {
    const phases = this.#phases
    this.#phases = {}
    return phases
  }

  /** The URL that was asked last, after redirects. */
  get url(): string {
    return this.#at.href
  }

  /** `url`: the configured one, or another page of it. @throws PollError, or what undici throws; then `drop` must be called */
  async request(url: string, validators: Validators | undefined, signal: AbortSignal): Promise<Answer> {
    const { maxRedirects } = this.#options
    let hop = this.#first(url)
    for (let hops = 0; ; hops++) {
      const answer = await this.#askAs(hop, validators, signal)
      const { location } = answer.headers
      if (!redirectStatuses.has(answer.statusCode) || typeof location !== 'string') return answer
      const next = this.#follow(hop, answer.statusCode, location)
      if (hops >= maxRedirects)
        throw new PollError('http', `maxRedirects: ${maxRedirects} exceeded, at ${next.url.host}`, { limit: 'maxRedirects' })
      await answer.body.discard(redirectBodyBytes, signal)
      hop = next
    }
  }

  /** Asks the URL itself, whatever it answers: a redirect is not followed. @throws as `request` */
  once(signal: AbortSignal): Promise<Answer> {
    return this.#ask(this.#first(this.#options.url), undefined, noCredentials, signal)
  }

  #first(url: string): Hop {
    const { method, body } = this.#options
    return { url: url === this.#options.url ? this.#url : new URL(url), method, body: method === 'GET' ? undefined : body }
  }

  /** Drops every connection: an answer that was not read to its end must not stand before the next one. */
  async drop(): Promise<void> {
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map(link => link.close()))
  }

  /** Says who asks, where that is for the URL's own origin to know; other credentials are tried once. */
  async #askAs(hop: Hop, validators: Validators | undefined, signal: AbortSignal): Promise<Answer> {
    const { auth } = this.#deps
    if (auth === undefined || hop.url.origin !== this.#origin) return this.#ask(hop, validators, noCredentials, signal)
    const outgoing = { method: hop.method, path: hop.url.pathname + hop.url.search }
    const used = await auth.credentials(outgoing, signal)
    const answer = await this.#ask(hop, validators, used, signal)
    if (answer.statusCode !== unauthorized) auth.accepted(used)
    if (answer.statusCode !== unauthorized || !auth.refused(used, answer.headers)) return answer
    await answer.body.discard(redirectBodyBytes, signal)
    const other = await auth.credentials(outgoing, signal)
    const second = await this.#ask(hop, validators, other, signal)
    if (second.statusCode === unauthorized) auth.refused(other, second.headers)
    else auth.accepted(other)
    return second
  }

  async #ask({ url, method, body }: Hop, validators: Validators | undefined, as: Credentials, signal: AbortSignal): Promise<Answer> {
    this.#at = url
    this.#phase = 'answering'
    const conditions = validators?.url === url.href ? validators.headers : {}
    const configured = url.origin === this.#origin ? this.#configured[body === undefined ? 'bodiless' : 'all'] : {}
    const headers = { ...this.#general, ...conditions, ...configured, ...as.headers }
    if (this.#options.isPublicOnly === true && isPrivateAddress(url.hostname)) throw refusedAddress(url.hostname)
    await this.#pay(url, signal)
    const link = this.#link(url)
    const began = this.#deps.clock.monotonic()
    try {
      const answer = await link.request({ path: pathOf(url, as.query), method, headers, body: body ?? null }, signal)
      this.#phase = 'sending the body'
      return answer
    } finally {
      this.#spend(link, this.#deps.clock.monotonic() - began)
    }
  }

  /** @throws Error where the time is over before it is its turn */
  async #pay({ origin }: URL, signal: AbortSignal): Promise<void> {
    const { admitMore, spend } = this.#deps
    if (!this.#isAdmitted && admitMore !== undefined && origin === this.#origin) {
      this.#phase = 'waiting for its turn'
      await turn(admitMore, signal)
      this.#phase = 'answering'
    } else if (!this.#isAdmitted) spend?.(origin)
    this.#isAdmitted = false
  }

  /** What did not go into connecting was waiting for the answer, if it came to that. */
  #spend(link: Link, tookMs: number): void {
    const connected = link.takeConnected()
    const connectingMs = Object.values(connected).reduce((sum, ms) => sum + ms, 0)
    this.#phases = addPhases(this.#phases, link.connecting ? {} : { ...connected, firstByteMs: Math.max(0, tookMs - connectingMs) })
  }

  #link(url: URL): Link {
    const { origin } = url
    let link = this.#links.get(origin)
    if (link === undefined) {
      const tls = origin === this.#origin ? this.#options.tls : undefined
      link = new Link({
        origin,
        tls,
        proxy: this.#deps.proxies.of(url),
        clock: this.#deps.clock,
        isPublicOnly: this.#options.isPublicOnly === true,
        tap: this.#deps.tap,
      })
      this.#links.set(origin, link)
    }
    return link
  }

  #follow(hop: Hop, status: number, location: string): Hop {
    const from = hop.url
    const { redirects: rule } = this.#options
    if (rule === 'none') throw new PollError('http', `redirects: none, and ${from.host} answered ${status}`)
    if (!URL.canParse(location, from.href)) throw new PollError('http', `${from.host} redirects to what is no URL`)
    const url = new URL(location, from)
    url.hash = url.username = url.password = ''
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new PollError('http', `${from.host} redirects to ${quotable(url.protocol, 20)}, which is not HTTP`)
    if (from.protocol === 'https:' && url.protocol === 'http:')
      throw new PollError('http', `${from.host} redirects from https to http, at ${url.host}`)
    const leaves = url.origin !== this.#origin
    if (rule === 'same-origin' && leaves) throw new PollError('http', `redirects: same-origin, and ${from.host} redirects to ${url.host}`)
    const asGet = status === 303 || (hop.method === 'POST' && status < 303)
    const body = asGet ? undefined : hop.body
    if (leaves && body !== undefined)
      throw new PollError('http', `${from.host} redirects to ${url.host}, where the configured body must not go`)
    return { url, method: asGet ? 'GET' : hop.method, body }
  }
}

/** What is added stands in no URL that is kept or shown. */
function pathOf({ pathname, search }: URL, query: Credentials['query']): string {
  if (query === noCredentials.query) return pathname + search
  const added = new URLSearchParams(query).toString()
  return pathname + search + (added === '' ? '' : (search === '' ? '?' : '&') + added)
}

/** Both together: what is absent from one is that of the other. */
export function addPhases(one: PollPhases, other: PollPhases): PollPhases {
  const sum: { -readonly [phase in keyof PollPhases]: PollPhases[phase] } = { ...one }
  for (const phase of Object.keys(other) as (keyof PollPhases)[]) sum[phase] = (sum[phase] ?? 0) + (other[phase] ?? 0)
  return sum
}

/** Resolves with its turn, rejects when the time is over before. */
function turn(admitMore: (enter: () => void) => Cancel, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = admitMore(resolve)
    const giveUp = (): void => {
      cancel()
      reject(new Error('given up while waiting for its turn'))
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}
