import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { buildConnector, Client, type Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import type { PollPhases } from './ask.ts'
import type { Deadline } from './deadline.ts'
import type { TlsOptions } from './http.options.ts'
import { publicLookup } from './private-address.ts'
import type { Proxy } from './proxy.ts'
import { SentRequest, type Answer } from './sent-request.ts'
import { openTunnel } from './tunnel.ts'

/** Idle connections are kept so long, in ms, unless the upstream says less. */
const keepAliveMs = 60_000

/** How long it took to connect. */
export type Connected = Pick<PollPhases, 'dnsMs' | 'connectMs' | 'tlsMs'>

/** How far a link has come. */
export interface Linking {
  /** A connection is being made, or could not be. */
  connecting: boolean
}

/** Stands between a link and its connection: hears all that is asked and answered there, or answers itself. */
export type Tap = (link: Linking, origin: string) => Dispatcher.DispatcherComposeInterceptor

export interface LinkOptions {
  readonly origin: string
  /** Undefined: the system's own trust, and no certificate of ours. */
  readonly tls: TlsOptions | undefined
  /** Undefined: the origin is asked itself. */
  readonly proxy: Proxy | undefined
  readonly clock: Clock
  /** A name that leads to a private address is not asked. */
  readonly isPublicOnly: boolean
  /** Default: nobody does. */
  readonly tap?: Tap | undefined
}

/**
 * One connection to one origin, by a proxy where there is one. One client with one connection per source, no pipelining: bytes on a
 * shared connection could be taken for another source's answer, and two hanging requests in a shared pool stop all others. undici's own
 * timeouts are off, because they are coarse and per phase: the caller has one deadline for the whole poll.
 */
export class Link implements Linking {
  connecting = false
  /** It is made to this proxy, and not to the origin. */
  readonly proxy: Proxy | undefined
  readonly #options: LinkOptions
  readonly #client: Client
  readonly #dispatcher: Dispatcher
  readonly #connector: buildConnector.connector
  /** Breaks off what is being made, or is there. */
  #giveUp: (error?: Error) => void = () => undefined
  #connected: Connected | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    const { origin, proxy, tls, isPublicOnly, tap } = options
    this.proxy = proxy
    // The trust in the URL itself is none in a proxy on the way.
    const settings = tls === undefined || this.#isForwarded ? {} : tlsSettings(tls)
    // The names behind a proxy are for it to resolve.
    const resolving = isPublicOnly && proxy === undefined ? { lookup: publicLookup } : {}
    this.#connector = buildConnector({ timeout: 0, allowH2: false, ...settings, ...resolving })
    this.#client = new Client(this.#isForwarded && proxy !== undefined ? proxyOrigin(proxy) : origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: 32_768,
      connect: (target, callback) => this.#connect(target, callback),
    })
    this.#dispatcher = tap === undefined ? this.#client : this.#client.compose(tap(this, origin))
  }

  /** @throws what undici does */
  request(options: Dispatcher.DispatchOptions, deadline: Deadline): Promise<Answer> {
    if (deadline.reason !== undefined) return Promise.reject(deadline.reason)
    // undici knows of a request only once it is connected: one whose handshake never ends could never be given up.
    const request = new SentRequest(deadline, () => {
      if (this.connecting) this.#giveUp(new Error('given up while connecting'))
    })
    this.#dispatcher.dispatch(this.#forwarded(options), request)
    return request.answer
  }

  /** How long connecting took; undefined where that was not done since it was asked last. */
  takeConnected(): Connected | undefined {
    const connected = this.#connected
    this.#connected = undefined
    return connected
  }

  /** Drops the connection at once, also one that is still being made. */
  async close(): Promise<void> {
    this.#giveUp()
    await this.#client.destroy()
  }

  /** What is not encrypted a proxy asks in our place; else it opens a way to the origin. */
  get #isForwarded(): boolean {
    return this.#options.proxy !== undefined && this.#options.origin.startsWith('http:')
  }

  #forwarded(options: Dispatcher.DispatchOptions): Dispatcher.DispatchOptions {
    const { origin, proxy } = this.#options
    if (!this.#isForwarded || proxy === undefined) return options
    const authorization = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }
    const headers = { ...(options.headers as Readonly<Record<string, string>>), host: new URL(origin).host, ...authorization }
    return { ...options, path: origin + options.path, headers }
  }

  #connect(target: buildConnector.Options, callback: buildConnector.Callback): void {
    this.connecting = true
    const { clock, proxy } = this.#options
    const began = clock.monotonic()
    const settle: buildConnector.Callback = (...outcome) => {
      this.connecting = outcome[0] !== null
      callback(...outcome)
    }
    if (proxy === undefined || this.#isForwarded) return this.#follow(this.#connector(target, settle), target.protocol === 'https:', began)
    const authority = `${target.hostname}:${target.port === '' ? 443 : target.port}`
    this.#giveUp = openTunnel(proxy, authority, (error, socket) => {
      if (error !== undefined || socket === undefined) return settle(error ?? new Error('no socket'), null)
      this.#follow(this.#connector({ ...target, httpSocket: socket }, settle), true, began, clock.monotonic())
    })
  }

  /** A connector answers by its callback; it returns the socket all the same, which a client cannot drop while it connects. */
  #follow(made: unknown, isSecure: boolean, began: number, tunnelledAt?: number): void {
    const { clock } = this.#options
    const socket = made as Socket
    this.#giveUp = error => void socket.destroy(error)
    let resolvedAt = began
    let connectedAt = tunnelledAt ?? began
    socket.once('lookup', () => {
      resolvedAt = clock.monotonic()
    })
    socket.once('connect', () => {
      if (tunnelledAt === undefined) connectedAt = clock.monotonic()
      if (!isSecure) this.#connected = { dnsMs: resolvedAt - began, connectMs: connectedAt - resolvedAt }
    })
    socket.once('secureConnect', () => {
      const tlsMs = clock.monotonic() - connectedAt
      this.#connected = { dnsMs: resolvedAt - began, connectMs: connectedAt - resolvedAt, tlsMs }
    })
  }
}

function proxyOrigin({ protocol, hostname, port }: Proxy): string {
  return `${protocol}//${hostname}:${port}`
}

/** As Node takes them. */
export function tlsSettings({
  isInsecure,
  ca,
  cert,
  key,
}: TlsOptions): Pick<ConnectionOptions, 'rejectUnauthorized' | 'ca' | 'cert' | 'key'> {
  return {
    ...(isInsecure ? { rejectUnauthorized: false } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}
