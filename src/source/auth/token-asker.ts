import type { Scene } from '../failure.ts'
import type { Asker, Credentials, Outgoing } from './authorizer.ts'
import type { Login } from './login.ts'

/** Asks with the token of a login, and for another one where that is refused: once a poll at most. */
export class TokenAsker implements Asker {
  readonly #login: Login
  /** What a login gave during this poll. */
  #fresh: Credentials | undefined
  /** What this one was let in with last. */
  #proven: Credentials | undefined
  /** During this poll. */
  #wasRefused = false
  /** Nothing has let it in since it was refused. */
  #isShutOut = false

  constructor(login: Login) {
    this.#login = login
  }

  get scene(): Scene | undefined {
    return this.#login.scene
  }

  begin(): void {
    this.#fresh = undefined
    this.#wasRefused = false
  }

  async credentials(_outgoing: Outgoing, signal: AbortSignal): Promise<Credentials> {
    const { held } = this.#login
    if (held !== undefined) return held
    try {
      return (this.#fresh = await this.#login.renew(signal))
    } catch (error) {
      this.#isShutOut = true
      throw error
    }
  }

  /** What let it in before may have ended; whoever was never let in waits until the login may be asked again. */
  refused(used: Credentials): boolean {
    if (used === this.#fresh) this.#login.wasVain(used)
    if (used === this.#fresh || this.#wasRefused) {
      this.#isShutOut = true
      return false
    }
    this.#wasRefused = true
    if (this.#login.held !== used) return true
    const hasEnded = used === this.#proven
    if (!hasEnded && this.#login.waitMs > 0) {
      this.#isShutOut = true
      return false
    }
    this.#login.forget(used, hasEnded)
    return true
  }

  accepted(used: Credentials): void {
    this.#proven = used
    this.#login.wasAccepted(used)
    if (this.#isShutOut) this.#login.hasHelped()
    this.#isShutOut = false
  }
}
