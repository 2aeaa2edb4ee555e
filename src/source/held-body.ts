import type { Validators } from './exchange.ts'
import type { Answer } from './sent-request.ts'

/** Every so many conditional requests one goes without: an ETag may stand still while the body moves. */
const unconditionalEvery = 20

/** Of what was stored a 304 leaves these as they are: they tell of its own message, or of a body that it does not have (RFC 9111 3.2). */
const ofTheMessage = /^(connection|content-(encoding|length|range|type)|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/
/** These tell of one answer on its way, and are not kept for the next. */
const ofTheWay = /^(age|date)$/

const noHeaders: Answer['headers'] = {}

/** A whole answer, and whether its body is the one held. */
export interface BodyHeld {
  readonly body: Buffer
  readonly headers: Answer['headers']
  readonly url: string
  readonly isSame: boolean
}

/** The body that the source's table was made of, its header fields, and what makes the next request conditional on it. */
export class HeldBody {
  #body: Buffer | undefined
  #headers = noHeaders
  #validators: Validators | undefined
  #sent = 0
  /** It was confirmed to who had not asked for that: its upstream says so whatever it has. */
  #isDoubted = false
  /** The upstream's validators stood still while its body changed. */
  frozen = false

  /** What a 304 confirms; undefined: no table was made of a body yet, so that a 304 cannot be believed. */
  get body(): Buffer | undefined {
    return this.#body
  }

  /** For the next request; nothing now and then, to see whether they can be trusted. */
  conditions(): Validators | undefined {
    if (this.#validators === undefined || this.frozen || this.#isDoubted) return undefined
    this.#sent = (this.#sent + 1) % unconditionalEvery
    return this.#sent === 0 ? undefined : this.#validators
  }

  isSame(body: Buffer): boolean {
    return this.#body?.equals(body) === true
  }

  /** A body of which a table was made. @returns whether it shows for the first time that validators are frozen */
  hold({ body, headers, url, isSame }: BodyHeld): boolean {
    const validators = validatorsOf(headers, url)
    const etag = validators?.headers['if-none-match']
    const lies = this.#body !== undefined && etag !== undefined && etag === this.#validators?.headers['if-none-match'] && !isSame
    const isNews = lies && !this.frozen
    this.frozen ||= lies
    this.#isDoubted = false
    // What is the same stays what it was, and what nothing can confirm needs no headers: a heap of what lives from poll to poll is costly.
    if (!isSame) this.#body = body
    this.#headers = validators === undefined ? noHeaders : headers
    this.#validators = validators
    return isNews
  }

  /** Whether an answer has other validators than the one held: its upstream made it anew, whether or not it is another one. */
  isRemade(headers: Answer['headers'], url: string): boolean {
    const held = this.#validators
    if (held === undefined) return false
    const given = validatorsOf(headers, url)
    return given !== undefined && Object.entries(given.headers).some(([name, value]) => held.headers[name] !== value)
  }

  /**
   * The header fields of what a 304 confirms: those stored, put right by its own, which are stored from now on (RFC 9111 4.3.4).
   * Undefined where it confirms another body than the one held: its ETag, or without one its Last-Modified, is another.
   */
  confirmed(headers: Answer['headers']): Answer['headers'] | undefined {
    const { etag } = headers
    const modified = headers['last-modified']
    const [heldTag, heldDate] = [this.#headers['etag'], this.#headers['last-modified']]
    if (typeof etag === 'string' && typeof heldTag === 'string' ? opaque(etag) !== opaque(heldTag) : isOther(modified, heldDate))
      return undefined
    const stored = Object.entries(this.#headers).filter(([name]) => !ofTheWay.test(name))
    const told = Object.entries(headers).filter(([name]) => !ofTheMessage.test(name))
    this.#headers = Object.fromEntries([...stored, ...told])
    this.#validators = validatorsOf(this.#headers, this.#validators?.url ?? '')
    return this.#headers
  }

  /** No confirmation is believed until there is a whole answer again. */
  doubt(): void {
    this.#isDoubted = true
  }

  /** What was answered has to be asked for again in full. */
  forget(): void {
    this.#body = this.#validators = undefined
    this.#headers = noHeaders
  }
}

/** Weak or not: a compressing proxy weakens what it passes on. */
function opaque(etag: string): string {
  return etag.replace(/^W\//, '')
}

function isOther(told: string | string[] | undefined, held: string | string[] | undefined): boolean {
  return typeof told === 'string' && typeof held === 'string' && told !== held
}

function validatorsOf({ etag, 'last-modified': modified }: Answer['headers'], url: string): Validators | undefined {
  if (typeof etag !== 'string' && typeof modified !== 'string') return undefined
  const made: Record<string, string> = {}
  if (typeof etag === 'string') made['if-none-match'] = etag
  if (typeof modified === 'string') made['if-modified-since'] = modified
  return { url, headers: made }
}
