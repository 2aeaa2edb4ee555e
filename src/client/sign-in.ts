import type { Clock } from '../lib/clock.ts'
import type { HelloMessage } from '../protocol/messages.ts'
import type { TokenSource } from './face.ts'

/** By this the answer to a `hello` with a token is told from all others. */
export const signInId = 'token'
/** A token that ends as soon as it is there must not be asked for over and over, in ms. */
const leastGapMs = 5000

/** The token of one client: where it is from, and whether the one that was sent is any good. */
export class SignIn {
  readonly #source: TokenSource | undefined
  readonly #clock: Clock
  #sent: string | undefined
  #isRefused = false
  #triedAgain = false
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor(source: TokenSource | undefined, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /** Whether there may be another token than the one that was sent. */
  get canRenew(): boolean {
    return typeof this.#source === 'function'
  }

  /** Why there is nothing to sign in with. */
  get lack(): string {
    return this.#isRefused ? 'the token is not known, or has ended' : 'the server asks for a token'
  }

  /** For a new connection; undefined: there is no token, or none but the one that was refused. Rejects with what the source throws. */
  async first(): Promise<HelloMessage | undefined> {
    const token = await this.#ask()
    return token === undefined || (this.#isRefused && token === this.#sent) ? undefined : this.#hello(token)
  }

  /** For a connection whose token ends, or has ended; undefined: there is no other. Rejects with what the source throws. */
  async next(hasEnded: boolean): Promise<HelloMessage | undefined> {
    const mono = this.#clock.monotonic()
    if (!this.canRenew || (!hasEnded && mono - this.#renewedAt < leastGapMs)) return undefined
    this.#renewedAt = mono
    const token = await this.#ask()
    return token === undefined || token === this.#sent ? undefined : this.#hello(token)
  }

  accepted(): void {
    this.#isRefused = false
    this.#triedAgain = false
  }

  /** The token that was sent is not known. @returns whether another one is to be asked for, which is done once */
  refused(): boolean {
    this.#isRefused = true
    if (!this.canRenew || this.#triedAgain) return false
    this.#triedAgain = true
    return true
  }

  /** Somebody asked for a try: what was refused may be good now. */
  forget(): void {
    this.accepted()
  }

  async #ask(): Promise<string | undefined> {
    const token = typeof this.#source === 'function' ? await this.#source() : this.#source
    return token === '' ? undefined : token
  }

  #hello(token: string): HelloMessage {
    this.#sent = token
    return { type: 'hello', id: signInId, token }
  }
}
