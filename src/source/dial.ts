import type { IncomingHttpHeaders } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { WebSocket, type ClientOptions } from 'ws'
import { version } from '../lib/version.ts'
import type { Credentials } from './auth/authorizer.ts'
import { tlsSettings } from './link.ts'
import type { Proxy } from './proxy.ts'
import { openTunnel } from './tunnel.ts'
import type { WebSocketOptions } from './websocket.options.ts'

/** Header fields of an answer that opens nothing. */
export type RefusalHeaders = IncomingHttpHeaders

/** Begins to open a WebSocket as somebody; undefined `proxy`: at its origin itself. */
export function dial(options: WebSocketOptions, as: Credentials, proxy: Proxy | undefined): WebSocket {
  const url = new URL(options.url)
  for (const [name, value] of Object.entries(as.query)) url.searchParams.append(name, value)
  const tls = options.tls === undefined ? {} : tlsSettings(options.tls)
  const tunnel = proxy === undefined ? undefined : new Tunnel(proxy, url, tls)
  const socket = new WebSocket(url, {
    headers: { 'user-agent': `millrace/${version}`, ...Object.fromEntries(options.headers), ...as.headers },
    maxPayload: options.maxBodyBytes,
    followRedirects: false,
    ...tls,
    ...(tunnel === undefined ? {} : { createConnection: tunnel.connect as unknown as NonNullable<ClientOptions['createConnection']> }),
  })
  // One that is given up while its way is still being made.
  if (tunnel !== undefined) socket.on('close', () => tunnel.giveUp())
  return socket
}

/** As Node's HTTP client calls it, of which the types of `ws` know another form. */
type Connect = (options: unknown, done: (error: Error | null, socket?: Socket) => void) => undefined

/** The way to one origin that a proxy opens: what is not encrypted goes through it as well, as a WebSocket is no request to be handed on. */
class Tunnel {
  readonly #proxy: Proxy
  readonly #url: URL
  readonly #tls: object
  giveUp: () => void = () => undefined

  constructor(proxy: Proxy, url: URL, tls: object) {
    this.#proxy = proxy
    this.#url = url
    this.#tls = tls
  }

  readonly connect: Connect = (_options, done) => {
    const { hostname, port, protocol } = this.#url
    const isSecure = protocol === 'wss:'
    const authority = `${hostname}:${port === '' ? (isSecure ? 443 : 80) : port}`
    const host = hostname.replace(/^\[|\]$/g, '')
    this.giveUp = openTunnel(this.#proxy, authority, (error, socket) => {
      if (error !== undefined || socket === undefined) return done(error ?? new Error('no socket'))
      done(null, isSecure ? connectSecurely({ ...this.#tls, socket, servername: isIP(host) === 0 ? host : '' }) : socket)
    })
    return undefined
  }
}
