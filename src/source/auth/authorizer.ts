import type { Answer } from '../sent-request.ts'
import type { Scene } from '../failure.ts'
import type { SentAs } from './source-auth.options.ts'

/** What a request is to carry. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  /** Added to the query of the URL. */
  readonly query: Readonly<Record<string, string>>
}

/** Of requests that do not say who asks. */
export const noCredentials: Credentials = { headers: {}, query: {} }

/** A request as it goes out. */
export interface Outgoing {
  readonly method: string
  /** With its query. */
  readonly path: string
}

/** Says who asks, with each request of one asker to the URL's own origin and with no other. */
export interface Asker {
  /** Who is asked for a token at the moment, and how far that has come; undefined: nobody. */
  readonly scene: Scene | undefined
  /** A poll begins, for which it may log in once. */
  begin(): void
  /**
   * May log in.
   * @throws PollError when that does not lead to a token
   */
  credentials(outgoing: Outgoing, signal: AbortSignal): Promise<Credentials>
  /** A request with these was answered 401. @returns whether others may help, so that it is worth asking once more */
  refused(used: Credentials, headers: Answer['headers']): boolean
  /** Why a 401 of these headers is one that it cannot meet at all, as the rest of a sentence; undefined: nothing is known of that. */
  objection?(headers: Answer['headers']): string | undefined
  /** A request with these was answered otherwise. */
  accepted(used: Credentials): void
}

/** What all who ask by the same config have together, such as a login and its token. */
export interface Auth {
  /** For one of them. */
  open(): Asker
  /** Drops connections. */
  close(): Promise<void>
}

/** An asker that lets go of what it shares. */
export interface Authorizer extends Asker {
  close(): Promise<void>
}

export function credentialsOf({ kind, name, prefix }: SentAs, secret: string): Credentials {
  if (kind === 'query') return { headers: {}, query: { [name]: prefix + secret } }
  return { headers: kind === 'cookie' ? { cookie: `${name}=${secret}` } : { [name]: prefix + secret }, query: {} }
}

/** The same secret with each request: basic, bearer, an API key. */
export class FixedAsker implements Asker {
  readonly scene = undefined
  readonly #credentials: Credentials

  constructor(as: SentAs, secret: string) {
    this.#credentials = credentialsOf(as, secret)
  }

  begin(): void {
    // Nothing is fetched.
  }

  credentials(): Promise<Credentials> {
    return Promise.resolve(this.#credentials)
  }

  refused(): boolean {
    return false
  }

  accepted(): void {
    // It stays the same.
  }
}
