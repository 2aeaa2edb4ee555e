import type { Feed } from '../feed/feed.ts'
import { addressGroup } from '../lib/address-range.ts'

/** Feeds that are there for principals with `admin` alone, whatever else they may follow. */
const adminFeeds: ReadonlySet<string> = new Set(['$clients'])

/** Which feeds there are for a reader: one outside is neither listed nor found nor suggested. */
export interface Grants {
  covers(feed: string): boolean
}

/** Whether there is a feed for a reader; one of a set of params is that of the source which declares them. */
export function isSeen({ options, family }: Pick<Feed, 'options' | 'family'>, grants: Grants): boolean {
  return options.public && grants.covers(family)
}

/** Whoever asks for tables; what building views for it takes is counted against this object. */
export interface Asker {
  readonly grants: Grants
  /** Whose it is, by token or address: askers of one account take turns as one. */
  readonly account: string
}

/** Where nobody is asked for a token: who may see the feeds of an admin could not be told then, and there are none. */
export const everything: Grants = { covers: () => true }

/** Of who has not said yet who it is. */
export const nothing: Grants = { covers: () => false }

/** By names, and beginnings of names with `*` behind them. */
export class NamedGrants implements Grants {
  readonly #names: ReadonlySet<string>
  readonly #beginnings: readonly string[]
  readonly #isAdmin: boolean

  constructor(patterns: readonly string[], isAdmin: boolean) {
    this.#names = new Set(patterns)
    this.#beginnings = patterns.filter(pattern => pattern.endsWith('*')).map(pattern => pattern.slice(0, -1))
    this.#isAdmin = isAdmin
  }

  covers(feed: string): boolean {
    if (adminFeeds.has(feed)) return this.#isAdmin
    return this.#names.has(feed) || this.#beginnings.some(beginning => feed.startsWith(beginning))
  }
}

/** Who asks, and what there is for it. */
export interface Principal {
  /** What logs say. */
  readonly name: string
  readonly grants: Grants
  readonly isAdmin: boolean
  /** Tells by which token it is here, without telling the token. */
  readonly credential: string
  /** When its rights end, ms since 1970 UTC; undefined: never. */
  readonly expiresAt?: number
}

/** Whose a reader is: its token's where it has one, else its address's. */
export function accountOf(principal: Principal | undefined, address: string): string {
  return principal === undefined || principal.credential === '' ? addressGroup(address) : principal.credential
}

/** Everybody, where nobody is asked for a token. */
export const anyone: Principal = { name: '', grants: everything, isAdmin: false, credential: '' }
