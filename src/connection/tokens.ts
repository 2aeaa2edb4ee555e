import { timingSafeEqual } from 'node:crypto'
import { digestOf } from '../lib/secret.ts'
import { NamedGrants, type Principal } from '../hub/principal.ts'

/** Tells whose a token is. */
export interface Tokens {
  /**
   * Undefined: nobody's. A promise where that has to be asked elsewhere. Never throws, never rejects, and ends within seconds: a
   * connection waits for it.
   */
  authenticate(token: string): Principal | undefined | Promise<Principal | undefined>
  /** What somebody who signed in, by these tokens or those that they replace, is by these; undefined: nobody any more. */
  current(principal: Principal): Principal | undefined
}

/** A token of the config. */
export interface KnownToken {
  readonly name: string
  readonly token: string
  /** Names of feeds, and beginnings with `*` behind them. */
  readonly feeds: readonly string[]
  readonly admin: boolean
  /** ms since 1970 UTC; undefined: never. */
  readonly expiresAt?: number
}

/** Tokens that are all known. Each is compared, in full, whichever it is: the time taken tells nothing. */
export class FixedTokens implements Tokens {
  readonly #known: readonly { readonly digest: Buffer; readonly principal: Principal }[]

  constructor(tokens: readonly KnownToken[]) {
    this.#known = tokens.map(({ name, token, feeds, admin, expiresAt }) => {
      const digest = digestOf(token)
      const credential = digest.toString('base64url')
      const grants = new NamedGrants(feeds, admin)
      return { digest, principal: { name, grants, isAdmin: admin, credential, ...(expiresAt === undefined ? {} : { expiresAt }) } }
    })
  }

  authenticate(token: string): Principal | undefined {
    const digest = digestOf(token)
    return this.#known.reduce<Principal | undefined>(
      (found, entry) => (timingSafeEqual(entry.digest, digest) ? entry.principal : found),
      undefined,
    )
  }

  current({ credential }: Principal): Principal | undefined {
    return this.#known.find(({ principal }) => principal.credential === credential)?.principal
  }
}
