import type { Scene } from '../failure.ts'
import type { Asker, Credentials, Outgoing } from './authorizer.ts'
import type { Login } from './login.ts'

/** Asks with the token of a login, and for another one where that is refused: once a poll at most. */
export class TokenAsker implements Asker {
  readonly #login: Login
  /** What a login gave during this poll. */
  #fresh: Credentials | undefined
  /** What a login gave last, when this one needed it. */
  #own: Credentials | undefined
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
      return (this.#own = this.#fresh = await this.#login.renew(signal))
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
    if (this.#login.replace(used, used === this.#proven, used === this.#own)) return true
    this.#isShutOut = true
    return false
  }

  accepted(used: Credentials): void {
    this.#proven = used
    if (!this.#login.wasAccepted(used) || !this.#isShutOut) return
    this.#login.hasHelped()
    this.#isShutOut = false
  }
}
