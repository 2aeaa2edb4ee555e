import { STATUS_CODES } from 'node:http'
import { isMembers, valueAt } from '../../decode/path.ts'
import { backoffDelay } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatDuration } from '../../lib/unit.ts'
import type { Cell } from '../../model/row.ts'
import { readBody } from '../body.ts'
import type { Deadline } from '../deadline.ts'
import { Exchange, type ExchangeDeps, type RequestOptions } from '../exchange.ts'
import { failureOf, PollError, timeoutAt, type Scene } from '../failure.ts'
import { retryAfterMs } from '../http-time.ts'
import type { Answer } from '../sent-request.ts'
import { credentialsOf, type Credentials } from './authorizer.ts'
import { Joint } from './joint.ts'
import type { TokenOptions } from './source-auth.options.ts'

/** The answer of a login is small. */
const maxAnswerBytes = 262_144
/** A token is renewed when so much of its life is over, lest it ends on its way. */
const renewedAfter = 0.9
const longestToken = 16_384
const longestRetryAfterMs = 3_600_000

export interface LoginDeps extends Omit<ExchangeDeps, 'auth'> {
  readonly tls?: RequestOptions['tls']
}

/** How often the source asks at most, ms, how seldom what fails is asked, and how long a login may take. */
export interface LoginRules {
  readonly everyMs: number
  readonly maxBackoffMs: number
  readonly timeoutMs: number
}

interface Token {
  readonly credentials: Credentials
  /** Ms of the monotonic clock. */
  readonly expiresAt: number
  /** Somebody was let in with it. */
  isProven: boolean
}

/** Why a login came to nothing, and when it may be asked again, ms of the monotonic clock. */
interface Vain {
  readonly times: number
  readonly notBefore: number
  readonly failure: PollError
  /** What it gave, where it was that which was refused. */
  readonly refused?: Credentials
}

/**
 * A token that a request of its own brings, kept until it expires or is refused. However many ask at a time there is one login under way;
 * and one that came to nothing, as it failed or what it gave was refused at once, is followed by another no sooner than a poll that failed
 * as often would be: an upstream that refuses whatever it gives out is not asked for more by everyone whom it refuses.
 */
export class Login {
  readonly #options: TokenOptions
  readonly #rules: LoginRules
  readonly #clock: Clock
  readonly #exchange: Exchange
  #token: Token | undefined
  /** Somebody was let in with the token before: this one may be as good to them, though it is not to whoever had it renewed. */
  #replacesProven = false
  /** The token before was good until it ended. */
  #hasEnded = false
  #underWay: Joint<Token> | undefined
  /** When the last one that was not given up began, ms of the monotonic clock. */
  #beganAt = Number.NEGATIVE_INFINITY
  #vain: Vain | undefined
  /** How far the last one had come when its time was over. */
  #stalled: Scene | undefined

  /** `tls`, of the source, counts where the login is of the same origin. */
  constructor(options: TokenOptions, rules: LoginRules, { tls, ...deps }: LoginDeps) {
    this.#options = options
    this.#rules = rules
    this.#clock = deps.clock
    const { request } = options
    const redirects = { maxRedirects: 0, redirects: 'none' } as const
    this.#exchange = new Exchange({ ...request, ...redirects, ...(tls === undefined ? {} : { tls }) }, deps)
  }

  /** Who is asked for a token; undefined: nobody is, nor was in vain. */
  get scene(): Scene | undefined {
    if (this.#underWay === undefined) return this.#stalled
    return { ...this.#exchange.scene, host: `${this.#options.what}: ${this.#exchange.scene.host}` }
  }

  /** The token that there is; undefined: none, or it is over. */
  get held(): Credentials | undefined {
    const { credentials, expiresAt = Number.POSITIVE_INFINITY } = this.#token ?? {}
    if (credentials !== undefined && this.#clock.monotonic() >= expiresAt) this.#forget(credentials, true)
    return this.#token?.credentials
  }

  /** Another token: of the login under way, where there is one. @throws PollError where it fails, or may not be asked yet */
  async renew(signal: AbortSignal): Promise<Credentials> {
    signal.throwIfAborted()
    if (this.#underWay === undefined && !this.#hasEnded && this.#vain !== undefined && this.#waitMs > 0) {
      const { kind, message } = this.#vain.failure
      const waitMs = this.#waitMs
      throw new PollError(kind, `${message}; it is asked again in ${formatDuration(Math.ceil(waitMs))}`, { retryAfterMs: waitMs })
    }
    this.#underWay ??= this.#begin()
    const token = await this.#underWay.wait(signal)
    return token.credentials
  }

  /** What it gave was refused to those it was asked for. */
  wasVain(used: Credentials): void {
    if (this.#vain?.refused === used) return
    const { host } = this.#exchange.scene
    this.#failed(new PollError('http', `${this.#options.what}: the token that ${host} gives is refused`), used)
    if (this.#token?.isProven !== true && !this.#replacesProven) this.#forget(used, false)
  }

  /** Somebody was let in. @returns whether by what there is now */
  wasAccepted(used: Credentials): boolean {
    if (this.#token?.credentials !== used) return false
    this.#token.isProven = true
    return true
  }

  /** It let in somebody who was shut out before. */
  hasHelped(): void {
    this.#vain = undefined
  }

  /**
   * It was refused. `hasEnded`: to somebody whom it let in before, so that another one is called for whatever came to nothing. `isOwn`: to whom
   * it was given, who is not held up; any other asks for one a step at most, lest an upstream that refuses at random is asked for one by each.
   * @returns whether there is another one, or may be
   */
  replace(used: Credentials, hasEnded: boolean, isOwn: boolean): boolean {
    if (this.held !== used) return true
    if (!isOwn && this.#clock.monotonic() - this.#beganAt < this.#stepMs(1)) return false
    if (!hasEnded && this.#waitMs > 0) return false
    this.#forget(used, hasEnded)
    return true
  }

  close(): Promise<void> {
    return this.#exchange.drop()
  }

  /** How long it may not be asked, ms; 0: it may. */
  get #waitMs(): number {
    return this.#vain === undefined ? 0 : Math.max(0, this.#vain.notBefore - this.#clock.monotonic())
  }

  /** It is sent to nobody any more. */
  #forget(used: Credentials, hasEnded: boolean): void {
    if (this.#token?.credentials !== used) return
    this.#hasEnded = hasEnded
    this.#replacesProven = this.#token.isProven
    this.#token = undefined
  }

  #failed(failure: PollError, refused?: Credentials): void {
    const times = (this.#vain?.times ?? 0) + 1
    const notBefore = this.#clock.monotonic() + Math.max(this.#stepMs(times), failure.retryAfterMs ?? 0)
    this.#vain = { times, notBefore, failure, ...(refused === undefined ? {} : { refused }) }
  }

  /** The least that a poll waits after so many failures, and a little less: a source that is alone never waits for its login. */
  #stepMs(failures: number): number {
    const { everyMs, maxBackoffMs } = this.#rules
    return backoffDelay(failures, { baseMs: everyMs, capMs: Math.max(maxBackoffMs, 4 * everyMs), jitter: 0.6 }, () => 0)
  }

  #begin(): Joint<Token> {
    this.#stalled = undefined
    this.#hasEnded = false
    this.#beganAt = this.#clock.monotonic()
    return new Joint(this.#clock, this.#rules.timeoutMs, deadline => this.#logIn(deadline))
  }

  async #logIn(deadline: Deadline): Promise<Token> {
    let late: PollError | undefined
    const stay = deadline.whenOver(() => {
      late = this.#givenUp(deadline)
    })
    try {
      const token = await this.#fetchToken(deadline)
      if (deadline.reason !== undefined) throw deadline.reason
      stay()
      this.#underWay = undefined
      return (this.#token = token)
    } catch (error) {
      if (deadline.isOver) throw late ?? error
      stay()
      const told = failureOf(error, this.#exchange.scene)
      // Its status is not that of what is asked: a 429 of an identity provider says nothing of the source's budget.
      const failure = new PollError(told.kind, `${this.#options.what}: ${told.message}`, { retryAfterMs: told.retryAfterMs })
      this.#failed(failure)
      this.#underWay = undefined
      await this.#exchange.drop()
      throw failure
    }
  }

  /** All at once: whoever asks next begins another login, on another connection. @returns the failure, where it is one */
  #givenUp(deadline: Deadline): PollError | undefined {
    const { scene } = this
    this.#underWay = undefined
    void this.#exchange.drop()
    if (deadline.isGivenUp) this.#beganAt = Number.NEGATIVE_INFINITY
    if (scene === undefined || deadline.isGivenUp) return undefined
    this.#stalled = scene
    const failure = timeoutAt(scene, this.#rules.timeoutMs)
    this.#failed(failure)
    return failure
  }

  async #fetchToken(deadline: Deadline): Promise<Token> {
    const { from, as, expiresMs, expiresPath } = this.#options
    const answer = await this.#exchange.once(deadline)
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
    return { credentials: credentialsOf(as, secret), expiresAt: this.#clock.monotonic() + lifeMs * renewedAfter, isProven: false }
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
