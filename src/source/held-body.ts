import type { Answer, Validators } from './exchange.ts'

/** Every so many conditional requests one goes without: an ETag may stand still while the body moves. */
const unconditionalEvery = 20

/** The body that the source's table was made of, and what makes the next request conditional on it. */
export class HeldBody {
  #body: Buffer | undefined
  #validators: Validators | undefined
  #sent = 0
  /** The upstream's validators stood still while its body changed. */
  frozen = false

  /** A table was made of a body, so that a 304 can be believed. */
  get isHeld(): boolean {
    return this.#body !== undefined
  }

  /** For the next request; nothing now and then, to see whether they can be trusted. */
  conditions(): Validators | undefined {
    if (this.#validators === undefined || this.frozen) return undefined
    this.#sent = (this.#sent + 1) % unconditionalEvery
    return this.#sent === 0 ? undefined : this.#validators
  }

  isSame(body: Buffer): boolean {
    return this.#body?.equals(body) === true
  }

  /** A body of which a table was made. @returns whether it shows for the first time that validators are frozen */
  hold(body: Buffer, answer: Answer, url: string): boolean {
    const validators = validatorsOf(answer, url)
    const etag = validators?.headers['if-none-match']
    const lies = this.#body !== undefined && etag !== undefined && etag === this.#validators?.headers['if-none-match'] && !this.isSame(body)
    const isNews = lies && !this.frozen
    this.frozen ||= lies
    this.#body = body
    this.#validators = validators
    return isNews
  }

  /** Whether an answer has other validators than the one held: its upstream made it anew, whether or not it is another one. */
  isRemade(answer: Answer, url: string): boolean {
    const [held, given] = [this.#validators, validatorsOf(answer, url)]
    return held !== undefined && given !== undefined && Object.entries(given.headers).some(([name, value]) => held.headers[name] !== value)
  }

  /** The header fields of what a 304 confirms: those stored, put right by its own (RFC 9111 4.3.4). */
  confirmed(headers: Answer['headers']): Answer['headers'] {
    const modified = this.#validators?.headers['if-modified-since']
    return modified === undefined ? headers : { 'last-modified': modified, ...headers }
  }

  /** What was answered has to be asked for again in full. */
  forget(): void {
    this.#body = this.#validators = undefined
  }
}

function validatorsOf({ headers }: Answer, url: string): Validators | undefined {
  const { etag } = headers
  const modified = headers['last-modified']
  const made: Record<string, string> = {}
  if (typeof etag === 'string') made['if-none-match'] = etag
  if (typeof modified === 'string') made['if-modified-since'] = modified
  return Object.keys(made).length === 0 ? undefined : { url, headers: made }
}
