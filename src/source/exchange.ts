import { Client, type Dispatcher } from 'undici'
import type { HttpOptions } from './http.options.ts'
import { PollError } from './failure.ts'

/** An answer whose body is still to be read. */
export type Answer = Dispatcher.ResponseData

const redirects = new Set([301, 302, 303, 307, 308])

/**
 * One request and the redirects it leads to. One client, one connection a source, no pipelining: bytes on a shared
 * connection could be taken for another source's answer.
 */
export class Exchange {
  readonly #options: HttpOptions
  readonly #client: Client

  constructor(options: HttpOptions) {
    this.#options = options
    this.#client = newClient(new URL(options.url).origin)
  }

  /** @throws PollError, or what undici throws. `done` must be called when the body was read. */
  async request(validators: Readonly<Record<string, string>>, signal: AbortSignal): Promise<{ answer: Answer; done: () => Promise<void> }> {
    const { url, headers, maxRedirects } = this.#options
    let at = new URL(url)
    const origin = at.origin
    let method: string = this.#options.method
    for (let hop = 0; ; hop++) {
      const own = at.origin === origin
      const client = own ? this.#client : newClient(at.origin)
      const done = async (): Promise<void> => (own ? undefined : client.destroy())
      const configured = own ? Object.fromEntries(headers) : {}
      const answer = await client.request({
        path: at.pathname + at.search,
        method: method as Dispatcher.HttpMethod,
        headers: {
          'user-agent': userAgent,
          accept: 'application/json, */*;q=0.5',
          'accept-encoding': 'gzip, br, deflate',
          ...configured,
          ...validators,
        },
        body: method === 'GET' ? null : (this.#options.body ?? null),
        signal,
      })
      const location = answer.headers['location']
      if (!redirects.has(answer.statusCode) || typeof location !== 'string') return { answer, done }
      await answer.body.dump()
      await done()
      if (hop >= maxRedirects) throw new PollError('http', `${at.host}: maxRedirects: ${maxRedirects} exceeded`)
      if (answer.statusCode === 303 || (method === 'POST' && answer.statusCode < 303)) method = 'GET'
      at = this.#follow(at, location, origin)
    }
  }

  async close(): Promise<void> {
    await this.#client.destroy()
  }

  #follow(from: URL, location: string, origin: string): URL {
    const { redirects: rule } = this.#options
    if (rule === 'none') throw new PollError('http', `${from.host}: it redirects, and redirects: none`)
    if (!URL.canParse(location, from.href)) throw new PollError('http', `${from.host}: it redirects to what is no URL`)
    const to = new URL(location, from)
    if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new PollError('http', `${from.host}: it redirects to ${to.protocol}`)
    if (from.protocol === 'https:' && to.protocol === 'http:') throw new PollError('http', `${from.host}: it redirects from https to http`)
    if (rule === 'same-origin' && to.origin !== origin)
      throw new PollError('http', `${from.host}: it redirects to ${to.host}, and redirects: same-origin`)
    return to
  }
}

/** Honest, so that an owner who wonders can find out who asks. */
const userAgent = 'millrace/0.1.0'

/** undici's own timeouts are coarse and per phase: one deadline for the whole poll is the caller's signal. */
function newClient(origin: string): Client {
  return new Client(origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0, maxHeaderSize: 32_768 })
}
