import type { Dispatcher } from 'undici'
import { quotable } from '../decode/decode-error.ts'
import { PollError } from './failure.ts'
import type { HttpOptions } from './http.options.ts'
import type { Answer } from './sent-request.ts'

/** One request of all that redirects lead to. Parts of its URL are made anew by each look at them. */
export interface Hop {
  readonly url: URL
  readonly origin: string
  /** With its query. */
  readonly path: string
  readonly method: Dispatcher.HttpMethod
  readonly body: string | undefined
}

interface RedirectRules {
  readonly rule: HttpOptions['redirects']
  /** Of what was asked first. */
  readonly origin: string
}

const redirectStatuses = new Set([301, 302, 303, 307, 308])

export function hopTo(url: URL, method: Dispatcher.HttpMethod, body: string | undefined): Hop {
  return { url, origin: url.origin, path: url.pathname + url.search, method, body }
}

/** Where an answer sends who asked; undefined: nowhere. @throws PollError where that must not be followed */
export function followed(
  hop: Hop,
  { statusCode: status, headers: { location } }: Answer,
  { rule, origin }: RedirectRules,
): Hop | undefined {
  if (!redirectStatuses.has(status) || typeof location !== 'string') return undefined
  const from = hop.url
  if (rule === 'none') throw new PollError('http', `redirects: none, and ${from.host} answered ${status}`)
  if (!URL.canParse(location, from.href)) throw new PollError('http', `${from.host} redirects to what is no URL`)
  const url = new URL(location, from)
  url.hash = url.username = url.password = ''
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new PollError('http', `${from.host} redirects to ${quotable(url.protocol, 20)}, which is not HTTP`)
  if (from.protocol === 'https:' && url.protocol === 'http:')
    throw new PollError('http', `${from.host} redirects from https to http, at ${url.host}`)
  const leaves = url.origin !== origin
  if (rule === 'same-origin' && leaves) throw new PollError('http', `redirects: same-origin, and ${from.host} redirects to ${url.host}`)
  const asGet = status === 303 || (hop.method === 'POST' && status < 303)
  const body = asGet ? undefined : hop.body
  if (leaves && body !== undefined)
    throw new PollError('http', `${from.host} redirects to ${url.host}, where the configured body must not go`)
  return hopTo(url, asGet ? 'GET' : hop.method, body)
}
