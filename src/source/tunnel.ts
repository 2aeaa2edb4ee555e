import { request as httpRequest, type ClientRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { PollError } from './failure.ts'
import { proxyHost, type Proxy } from './proxy.ts'

/** Breaks off a tunnel that is being made; once it stands that does nothing. */
export type GiveUp = (error?: Error) => void

/**
 * Asks a proxy for a connection to `authority` (`api.example:443`), on a connection of its own, and hands it over.
 * @returns what breaks it off: `done` is then told the error
 */
export function openTunnel(proxy: Proxy, authority: string, done: (error: Error | undefined, socket?: Socket) => void): GiveUp {
  const request: ClientRequest = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port,
    path: authority,
    agent: false,
    headers: { host: authority, ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }) },
  })
  const refuse = (status: number | undefined): void => done(refused(proxy, authority, status))
  request.once('connect', ({ statusCode }, socket: Socket, early: Buffer) => {
    if (statusCode === 200 && early.length === 0) return done(undefined, socket)
    socket.on('error', () => undefined).destroy()
    refuse(statusCode)
  })
  request.once('response', response => {
    response.on('error', () => undefined).destroy()
    refuse(response.statusCode)
  })
  request.once('error', error => done(error))
  request.end()
  return error => void request.destroy(error)
}

function refused(proxy: Proxy, authority: string, status: number | undefined): PollError {
  const mend = status === 407 ? '; name user and password in the URL of the proxy' : ''
  const answered = status === 200 ? 'spoke before it was asked' : `answered ${status ?? 'nothing'}`
  return new PollError('refused', `the proxy ${proxyHost(proxy)} opens no way to ${authority}: it ${answered}${mend}`)
}
