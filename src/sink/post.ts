import { Client, type Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import { version } from '../lib/version.ts'

/** Connect, send, and the whole answer. */
const timeoutMs = 10_000
/** What an answer says is not read any further. */
const maxAnswerBytes = 65_536

/** Refusals by 4xx that may not be one later. */
const passing: ReadonlySet<number> = new Set([408, 425, 429])
const longestRetryAfterMs = 3_600_000

/** A message that did not get there, in one sentence without secrets. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  /** Whether the same message may get there later. */
  readonly canRetry: boolean
  /** The receiver asked to be left alone for so long. */
  readonly retryAfterMs: number | undefined
  /** Whether it is certain that the receiver saw nothing of it: there was no connection. */
  readonly isUnsent: boolean

  constructor(message: string, canRetry: boolean, more: { readonly retryAfterMs?: number | undefined; readonly isUnsent?: boolean } = {}) {
    super(message)
    this.canRetry = canRetry
    this.retryAfterMs = more.retryAfterMs
    this.isUnsent = more.isUnsent ?? false
  }
}

/** Posts to one URL, one request at a time, each with a time limit; redirects are not followed. */
export class Poster {
  /** Name and port of the receiver. */
  readonly host: string
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #clock: Clock
  #client: Client | undefined
  #giveUp: AbortController | undefined
  #isConnected = false
  /** Whether there was a connection for the message under way. */
  #hadConnection = false
  #isClosed = false

  constructor(url: URL, headers: ReadonlyMap<string, string> | undefined, clock: Clock) {
    this.#url = url
    this.host = url.host
    this.#headers = { 'user-agent': `millrace/${version}`, ...lowerCase(headers) }
    this.#clock = clock
  }

  /** @throws DeliveryError unless it is answered by 2xx. */
  async post(body: string, headers: Readonly<Record<string, string>>): Promise<void> {
    if (this.#isClosed) throw new DeliveryError('the server stops', false)
    this.#hadConnection = this.#isConnected
    const giveUp = new AbortController()
    this.#giveUp = giveUp
    let isLate = false
    const cancel = this.#clock.after(timeoutMs, () => {
      isLate = true
      giveUp.abort()
      // undici looks at a signal only once it is connected.
      this.#drop()
    })
    try {
      this.#judge(await this.#request(body, headers, giveUp.signal))
    } catch (error) {
      this.#drop()
      if (error instanceof DeliveryError) throw error
      const said = isLate ? `${this.host} did not answer within ${timeoutMs / 1000}s` : this.#said(error)
      throw new DeliveryError(said, true, { isUnsent: !this.#hadConnection })
    } finally {
      cancel()
      this.#giveUp = undefined
    }
  }

  /** Ends what is under way, too; nothing is posted any more. */
  close(): void {
    this.#isClosed = true
    this.#giveUp?.abort()
    this.#drop()
  }

  async #request(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    this.#client ??= this.#createClient()
    const { pathname, search } = this.#url
    const answer = await this.#client.request({
      path: pathname + search,
      method: 'POST',
      // What a config says of a header stands before what is the default of one.
      headers: { ...headers, ...this.#headers },
      body,
      signal,
    })
    await answer.body.dump({ limit: maxAnswerBytes, signal })
    return answer
  }

  #createClient(): Client {
    const client = new Client(this.#url.origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: timeoutMs, allowH2: false },
    })
    client.on('connect', () => {
      if (client !== this.#client) return
      this.#isConnected = true
      this.#hadConnection = true
    })
    client.on('disconnect', () => {
      if (client === this.#client) this.#isConnected = false
    })
    return client
  }

  #judge({ statusCode: status, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>): void {
    if (status >= 200 && status < 300) return
    if (status >= 300 && status < 400) throw new DeliveryError(`${this.host} answered ${status}: redirects are not followed`, false)
    const isPassing = status >= 500 || passing.has(status)
    throw new DeliveryError(`${this.host} answered ${status}`, isPassing, {
      retryAfterMs: isPassing ? retryAfterOf(headers['retry-after']) : undefined,
    })
  }

  #said(error: unknown): string {
    const code = codeOf(error)
    return `${this.host} cannot be told${code === undefined ? '' : ` (${code})`}`
  }

  #drop(): void {
    const client = this.#client
    this.#client = undefined
    this.#isConnected = false
    client?.destroy().catch(() => undefined)
  }
}

function lowerCase(headers: ReadonlyMap<string, string> = new Map()): Readonly<Record<string, string>> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value]))
}

/** Seconds; a date is not looked at. */
function retryAfterOf(header: unknown): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return undefined
  return Math.min(Number(header) * 1000, longestRetryAfterMs)
}

/** `ECONNREFUSED`; of several addresses that were tried, of the first. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0])
  return 'cause' in error ? codeOf(error.cause) : undefined
}
