import { STATUS_CODES } from 'node:http'
import { isMembers, valueAt } from '../../decode/path.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Cell } from '../../model/row.ts'
import { readBody } from '../body.ts'
import { Exchange, type ExchangeDeps, type RequestOptions } from '../exchange.ts'
import { failureOf, PollError, type Scene } from '../failure.ts'
import { retryAfterMs } from '../http-time.ts'
import type { Answer } from '../sent-request.ts'
import { credentialsOf, type Authorizer, type Credentials, type Outgoing } from './authorizer.ts'
import type { TokenOptions } from './source-auth.options.ts'

/** The answer of a login is small. */
const maxAnswerBytes = 262_144
/** A token is renewed when so much of its life is over, lest it ends on its way. */
const renewedAfter = 0.9
const longestToken = 16_384
const longestRetryAfterMs = 3_600_000

interface Token {
  readonly credentials: Credentials
  /** Ms of the monotonic clock. */
  readonly expiresAt: number
}

/**
 * A token that a request of its own brings, kept until it expires or is refused. However many ask at a time there is one login under way,
 * and one a poll at most: an upstream that refuses whatever it gives out is not asked for more by each refusal.
 */
export class TokenAuthorizer implements Authorizer {
  readonly #options: TokenOptions
  readonly #clock: Clock
  readonly #exchange: Exchange
  #token: Token | undefined
  /** Of this poll. */
  #login: Promise<Token> | undefined
  /** What that login gave. */
  #fresh: Credentials | undefined
  #isLoggingIn = false
  /** How far that login had come when the time was over. */
  #stalled: Scene | undefined

  /** `tls`, of the source, counts where the login is of the same origin. */
  constructor(options: TokenOptions, tls: RequestOptions['tls'], deps: Omit<ExchangeDeps, 'auth'>) {
    this.#options = options
    this.#clock = deps.clock
    const { request } = options
    const rules = { maxRedirects: 0, redirects: 'none' } as const
    this.#exchange = new Exchange({ ...request, ...rules, ...(tls === undefined ? {} : { tls }) }, deps)
  }

  get scene(): Scene | undefined {
    return this.#isLoggingIn ? { ...this.#exchange.scene, host: `${this.#options.what}: ${this.#exchange.scene.host}` } : this.#stalled
  }

  begin(): void {
    if (this.#isLoggingIn) return
    this.#login = undefined
    this.#fresh = undefined
    this.#stalled = undefined
  }

  async credentials(_outgoing: Outgoing, signal: AbortSignal): Promise<Credentials> {
    if (this.#token !== undefined && this.#clock.monotonic() >= this.#token.expiresAt) this.#token = undefined
    if (this.#token === undefined) {
      // One that was made for this poll and has failed, or been refused, is what it comes to.
      this.#login ??= this.#logIn(signal)
      this.#token = await this.#login
      this.#fresh = this.#token.credentials
    }
    return this.#token.credentials
  }

  refused(used: Credentials): boolean {
    if (this.#token?.credentials === used) this.#token = undefined
    return used !== this.#fresh
  }

  close(): Promise<void> {
    return this.#exchange.drop()
  }

  async #logIn(signal: AbortSignal): Promise<Token> {
    this.#isLoggingIn = true
    try {
      return await this.#fetchToken(signal)
    } catch (error) {
      const { scene } = this.#exchange
      if (signal.aborted) this.#stalled = this.scene
      await this.#exchange.drop()
      if (signal.aborted) throw error
      const failure = failureOf(error, scene)
      // Its status is not that of what is asked: a 429 of an identity provider says nothing of the source's budget.
      throw new PollError(failure.kind, `${this.#options.what}: ${failure.message}`, { retryAfterMs: failure.retryAfterMs })
    } finally {
      this.#isLoggingIn = false
    }
  }

  async #fetchToken(signal: AbortSignal): Promise<Token> {
    const { from, as, expiresMs, expiresPath } = this.#options
    const answer = await this.#exchange.once(signal)
    // A form sends whoever it let in elsewhere.
    const isGood = answer.statusCode < 300 || (from.kind !== 'path' && answer.statusCode < 400)
    const body = await readBody(answer.body, String(answer.headers['content-encoding'] ?? ''), maxAnswerBytes)
    const { host } = this.#exchange.scene
    if (!isGood) {
      const waitMs = retryAfterMs(answer.headers, this.#clock.now())
      const more = waitMs === undefined ? {} : { retryAfterMs: Math.min(waitMs, longestRetryAfterMs) }
      throw new PollError('http', `${host} answered ${statusText(answer)}${oauthError(body)}`, more)
    }
    const document = from.kind === 'path' ? parsed(body, host) : null
    const secret = from.kind === 'path' ? textOf(valueAt(document, from.name)) : fromHeaders(answer, from)
    if (secret === undefined) throw new PollError('http', `the answer of ${host} has no ${from.kind} ${from.name}`)
    if (secret.length > longestToken || !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(secret))
      throw new PollError('http', `what ${host} gives as ${from.name} is no token`)
    const seconds = expiresPath === undefined ? undefined : Number(valueAt(document, expiresPath) ?? Number.NaN)
    const lifeMs = expiresMs ?? (seconds !== undefined && seconds > 0 ? seconds * 1000 : Number.POSITIVE_INFINITY)
    return { credentials: credentialsOf(as, secret), expiresAt: this.#clock.monotonic() + lifeMs * renewedAfter }
  }
}

function statusText({ statusCode }: Answer): string {
  return `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim()
}

function parsed(body: Buffer, host: string): Cell {
  try {
    return JSON.parse(body.toString()) as Cell
  } catch {
    throw new PollError('decode', `the answer of ${host} is no JSON`)
  }
}

function textOf(value: Cell | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function fromHeaders({ headers }: Answer, { kind, name }: TokenOptions['from']): string | undefined {
  const value = headers[kind === 'header' ? name : 'set-cookie']
  const values = typeof value === 'string' ? [value] : (value ?? [])
  if (kind === 'header') return values[0]
  return values
    .map(cookie => cookie.split(';', 1)[0] ?? '')
    .find(cookie => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1)
}

/** The word by which a token endpoint says why (RFC 6749 5.2); nothing else of an answer is quoted. */
function oauthError(body: Buffer): string {
  try {
    const document = JSON.parse(body.toString()) as Cell
    const error = isMembers(document) ? document['error'] : undefined
    return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ''
  } catch {
    return ''
  }
}
