import type { Cancel, Clock } from '../lib/clock.ts'
import { version } from '../lib/version.ts'
import type { PollPhases } from './ask.ts'
import { noCredentials, type Asker, type Credentials } from './auth/authorizer.ts'
import type { Deadline } from './deadline.ts'
import { PollError, type Phase, type Scene } from './failure.ts'
import { followed, hopTo, type Hop } from './hop.ts'
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

const unauthorized = 401

/** Bodies of redirects that are larger cost the connection. */
const redirectBodyBytes = 16_384

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

const noPhases: PollPhases = {}

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
  /** What is asked first, and the headers it has where there is nothing to add. */
  readonly #own: Hop
  readonly #ownHeaders: Headers
  #at: URL
  #phase: Phase = 'connecting'
  #phases: PollPhases = noPhases
  /** The budget has let in the next request. */
  #isAdmitted = false

  constructor(options: RequestOptions, deps: ExchangeDeps) {
    this.#options = options
    this.#deps = deps
    const { url, method, body } = options
    this.#own = hopTo(new URL(url), method, method === 'GET' ? undefined : body)
    this.#at = this.#own.url
    this.#origin = this.#own.origin
    this.#general = {
      'user-agent': userAgent,
      accept: `${accepted[options.format ?? 'json'] ?? 'application/json'}, */*;q=0.5`,
      'accept-encoding': 'gzip, br, deflate',
    }
    const bodiless = [...options.headers].filter(([name]) => !name.startsWith('content-'))
    this.#configured = { all: Object.fromEntries(options.headers), bodiless: Object.fromEntries(bodiless) }
    this.#ownHeaders = { ...this.#general, ...this.#configured[this.#own.body === undefined ? 'bodiless' : 'all'] }
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
    this.#phases = noPhases
    return phases
  }

  /** The URL that was asked last, after redirects. */
  get url(): string {
    return this.#at.href
  }

  /** `url`: the configured one, or another page of it. @throws PollError, or what undici throws; then `drop` must be called */
  async request(url: string, validators: Validators | undefined, deadline: Deadline): Promise<Answer> {
    const { maxRedirects, redirects } = this.#options
    let hop = this.#first(url)
    for (let hops = 0; ; hops++) {
      const answer = await this.#askAs(hop, validators, deadline)
      const next = followed(hop, answer, { rule: redirects, origin: this.#origin })
      if (next === undefined) return answer
      if (hops >= maxRedirects)
        throw new PollError('http', `maxRedirects: ${maxRedirects} exceeded, at ${next.url.host}`, { limit: 'maxRedirects' })
      await answer.body.discard(redirectBodyBytes, deadline)
      hop = next
    }
  }

  /** Asks the URL itself, whatever it answers: a redirect is not followed. @throws as `request` */
  once(deadline: Deadline): Promise<Answer> {
    return this.#ask(this.#own, undefined, noCredentials, deadline)
  }

  #first(url: string): Hop {
    const { method, body } = this.#own
    return url === this.#options.url ? this.#own : hopTo(new URL(url), method, body)
  }

  /** Why the 401 that was answered last cannot be met; undefined: nothing is known of that. */
  objection({ statusCode, headers }: Answer): string | undefined {
    return statusCode === unauthorized && this.#at.origin === this.#origin ? this.#deps.auth?.objection?.(headers) : undefined
  }

  /** Drops every connection: an answer that was not read to its end must not stand before the next one. */
  async drop(): Promise<void> {
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map(link => link.close()))
  }

  #askAs(hop: Hop, validators: Validators | undefined, deadline: Deadline): Promise<Answer> {
    const { auth } = this.#deps
    if (auth === undefined || hop.origin !== this.#origin) return this.#ask(hop, validators, noCredentials, deadline)
    return this.#askKnown(auth, hop, validators, deadline)
  }

  /** Says who asks, where that is for the URL's own origin to know; other credentials are tried once. */
  async #askKnown(auth: Asker, hop: Hop, validators: Validators | undefined, deadline: Deadline): Promise<Answer> {
    const outgoing = { method: hop.method, path: hop.path }
    const used = await auth.credentials(outgoing, deadline.signal)
    const answer = await this.#ask(hop, validators, used, deadline)
    if (answer.statusCode !== unauthorized) auth.accepted(used)
    if (answer.statusCode !== unauthorized || !auth.refused(used, answer.headers)) return answer
    await answer.body.discard(redirectBodyBytes, deadline)
    const other = await auth.credentials(outgoing, deadline.signal)
    const second = await this.#ask(hop, validators, other, deadline)
    if (second.statusCode === unauthorized) auth.refused(other, second.headers)
    else auth.accepted(other)
    return second
  }

  async #ask(hop: Hop, validators: Validators | undefined, as: Credentials, deadline: Deadline): Promise<Answer> {
    const { url, path, method, body } = hop
    this.#at = url
    const headers = this.#headersOf(hop, validators, as)
    if (this.#options.isPublicOnly === true && isPrivateAddress(url.hostname)) throw refusedAddress(url.hostname)
    const turn = this.#pay(hop, deadline)
    if (turn !== undefined) await turn
    this.#phase = 'answering'
    const link = this.#link(hop)
    const began = this.#deps.clock.monotonic()
    try {
      const answer = await link.request({ path: withQuery(path, as.query), method, headers, body: body ?? null }, deadline)
      this.#phase = 'sending the body'
      return answer
    } finally {
      this.#spend(link, this.#deps.clock.monotonic() - began)
    }
  }

  #headersOf(hop: Hop, validators: Validators | undefined, as: Credentials): Headers {
    const { url, origin, body } = hop
    const conditions = validators?.url === url.href ? validators.headers : undefined
    if (hop === this.#own && conditions === undefined && as === noCredentials) return this.#ownHeaders
    const configured = origin === this.#origin ? this.#configured[body === undefined ? 'bodiless' : 'all'] : {}
    return { ...this.#general, ...conditions, ...configured, ...as.headers }
  }

  /** Undefined: it may ask at once. Rejects where the time is over before it is its turn. */
  #pay({ origin }: Hop, deadline: Deadline): Promise<void> | undefined {
    const { admitMore, spend } = this.#deps
    const isAdmitted = this.#isAdmitted
    this.#isAdmitted = false
    if (isAdmitted) return undefined
    if (admitMore !== undefined && origin === this.#origin) {
      this.#phase = 'waiting for its turn'
      return turn(admitMore, deadline)
    }
    spend?.(origin)
    return undefined
  }

  /** What did not go into connecting was waiting for the answer, if it came to that. */
  #spend(link: Link, tookMs: number): void {
    const connected = link.takeConnected()
    if (link.connecting) return
    const { dnsMs = 0, connectMs = 0, tlsMs = 0 } = connected ?? {}
    this.#phases = addPhases(this.#phases, { firstByteMs: Math.max(0, tookMs - dnsMs - connectMs - tlsMs), ...connected })
  }

  #link({ url, origin }: Hop): Link {
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
}

/** What is added stands in no URL that is kept or shown. */
function withQuery(path: string, query: Credentials['query']): string {
  if (query === noCredentials.query) return path
  const added = new URLSearchParams(query).toString()
  return path + (added === '' ? '' : (path.includes('?') ? '&' : '?') + added)
}

/** Both together: what is absent from one is that of the other. */
function addPhases(one: PollPhases, other: PollPhases): PollPhases {
  if (one === noPhases) return other
  const sum: { -readonly [phase in keyof PollPhases]: PollPhases[phase] } = { ...one }
  for (const phase of Object.keys(other) as (keyof PollPhases)[]) sum[phase] = (sum[phase] ?? 0) + (other[phase] ?? 0)
  return sum
}

/** Resolves with its turn, rejects when the time is over before. */
function turn(admitMore: (enter: () => void) => Cancel, deadline: Deadline): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = admitMore(resolve)
    deadline.whenOver(() => {
      cancel()
      reject(new Error('given up while waiting for its turn'))
    })
  })
}
