import type { Millrace, TokenSource } from '../client/face.ts'
import type { Cancel, Clock } from '../lib/clock.ts'

interface Shared<T> {
  readonly millrace: Millrace
  readonly context: T
  users: number
  /** Ends the wait for the next user. */
  closing: Cancel | undefined
}

/** How a connection and what hangs on it are made. `token` is asked for each connection. */
export interface ConnectionMaker<T> {
  connect(server: string, token: () => ReturnType<TokenGiver>): Millrace
  contextOf(millrace: Millrace): T
}

type TokenGiver = Exclude<TokenSource, string>

/** After the last user has left: an element that is moved within the page leaves and comes back. */
const lingerMs = 5000

/** One connection for each server, shared by all that read from it. */
export class Connections<T> {
  readonly #clock: Clock
  readonly #maker: ConnectionMaker<T>
  readonly #tokens = new Map<string, TokenSource>()
  readonly #shared = new Map<string, Shared<T>>()

  constructor(clock: Clock, maker: ConnectionMaker<T>) {
    this.#clock = clock
    this.#maker = maker
  }

  /** @throws TypeError where no WebSocket speaks with such an address */
  join(server: string): T {
    const shared = this.#shared.get(server) ?? this.#open(server)
    shared.closing?.()
    shared.closing = undefined
    shared.users++
    return shared.context
  }

  /** To be called once for each `join`. */
  leave(server: string): void {
    const shared = this.#shared.get(server)
    if (shared === undefined || --shared.users > 0) return
    shared.closing = this.#clock.after(lingerMs, () => {
      this.#shared.delete(server)
      shared.millrace.close()
    })
  }

  /** Joins for good. A token that comes late is tried at once. */
  share(server: string, token: TokenSource | undefined): Millrace {
    if (token !== undefined) this.#tokens.set(server, token)
    this.join(server)
    const { millrace } = this.#shared.get(server) ?? this.#open(server)
    if (token !== undefined && millrace.state.phase === 'closed') millrace.retry()
    return millrace
  }

  #token(server: string): ReturnType<TokenGiver> {
    const token = this.#tokens.get(server)
    return typeof token === 'function' ? token() : token
  }

  #open(server: string): Shared<T> {
    const millrace = this.#maker.connect(server, () => this.#token(server))
    const shared: Shared<T> = { millrace, context: this.#maker.contextOf(millrace), users: 0, closing: undefined }
    this.#shared.set(server, shared)
    return shared
  }
}
