import { timingSafeEqual } from 'node:crypto'
import { digestOf } from '../lib/secret.ts'
import { NamedGrants, type Principal } from '../hub/principal.ts'

/**
 * Whose a token is; undefined: nobody's. A promise where that has to be asked elsewhere. Never throws, never rejects, and ends
 * within seconds: a connection waits for it.
 */
export type Authenticate = (token: string) => Principal | undefined | Promise<Principal | undefined>

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

/** Tells the principals of fixed tokens. Every token is compared, in full, whichever it is: the time taken tells nothing. */
export function fixedTokens(tokens: readonly KnownToken[]): Authenticate {
  const known = tokens.map(({ name, token, feeds, admin, expiresAt }) => {
    const grants = new NamedGrants(feeds, admin)
    const principal: Principal = { name, grants, isAdmin: admin, ...(expiresAt === undefined ? {} : { expiresAt }) }
    return { digest: digestOf(token), principal }
  })
  return token => {
    const digest = digestOf(token)
    return known.reduce<Principal | undefined>(
      (found, entry) => (timingSafeEqual(entry.digest, digest) ? entry.principal : found),
      undefined,
    )
  }
}
