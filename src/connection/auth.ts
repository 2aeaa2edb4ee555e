import { bearerToken } from '../lib/bearer.ts'
import type { Clock } from '../lib/clock.ts'
import type { Principal } from '../hub/principal.ts'
import { MillraceError } from '../model/errors.ts'
import { Deadlines, type DeadlineLimits, type Entrant } from './deadlines.ts'
import { Tickets, type TicketLimits } from './tickets.ts'
import type { Tokens } from './tokens.ts'
import { headerValues } from './trusted-proxies.ts'

/** What an upgrade says of who it is: a principal, somebody who is not known, or nothing yet. */
export type Judgement = Principal | 'unknown' | 'silent'

/** A connection, as far as its rights go. */
export interface Holder extends Entrant {
  /** Who is there; undefined until it has said so, and once its rights have ended. */
  principal: Principal | undefined
  readonly isClosed: boolean
  /** What it follows beyond its grants ends. */
  withdraw(code: 'unauthorized' | 'forbidden'): void
}

/** How a `hello` is answered. */
export interface HelloAnswer {
  welcome(): void
  refuse(error: MillraceError): void
}

const unknownToken = 'the token is not known, or has ended'

/** Asks for tokens; where nobody is asked for one there is none of these. Nothing of it is kept by a connection itself. */
export class Auth {
  readonly deadlines: Deadlines
  readonly tickets: Tickets
  #tokens: Tokens
  readonly #clock: Clock

  constructor(tokens: Tokens, limits: DeadlineLimits & TicketLimits, clock: Clock) {
    this.#tokens = tokens
    this.#clock = clock
    this.deadlines = new Deadlines(limits, clock)
    this.tickets = new Tickets(limits, clock)
  }

  /** Whose a token is; undefined: nobody's, or it has ended. */
  authenticate(token: string): Principal | undefined | Promise<Principal | undefined> {
    const found = this.#tokens.authenticate(token)
    return found instanceof Promise ? found.then(principal => this.#unlessEnded(principal)) : this.#unlessEnded(found)
  }

  /** Other tokens are in force; who is connected is to be judged again. */
  replace(tokens: Tokens): void {
    this.#tokens = tokens
  }

  /** Watches over the rights of a connection: that it brings some, and that they end when they do. */
  watch(holder: Holder): void {
    if (holder.principal === undefined) return this.deadlines.awaitHello(holder)
    this.deadlines.until(holder, holder.principal.expiresAt, () => {
      holder.principal = undefined
      holder.withdraw('unauthorized')
      this.watch(holder)
    })
  }

  /** A token is brought by a connection. */
  hello(holder: Holder, token: string, answer: HelloAnswer): void {
    const found = this.authenticate(token)
    if (found instanceof Promise) void found.then(principal => this.#judged(holder, principal, answer))
    else this.#judged(holder, found, answer)
  }

  /** The tokens were replaced: a connection has the rights that its token has now, or none. */
  rejudge(holder: Holder): void {
    if (holder.principal === undefined) return
    const principal = this.#tokens.current(holder.principal)
    if (principal === undefined) holder.close(4403, 'the token is no more')
    else this.#sign(holder, principal)
  }

  /** Who brings another token that is good for nothing keeps what it has until that ends. */
  #judged(holder: Holder, principal: Principal | undefined, answer: HelloAnswer): void {
    if (holder.isClosed) return
    if (principal !== undefined) {
      this.#sign(holder, principal)
      answer.welcome()
    } else if (holder.principal === undefined) holder.close(4401, unknownToken)
    else answer.refuse(new MillraceError('unauthorized', unknownToken))
  }

  #sign(holder: Holder, principal: Principal): void {
    holder.principal = principal
    this.watch(holder)
    holder.withdraw('forbidden')
  }

  /** By the header, or the ticket in the URL. */
  judge({
    url = '',
    rawHeaders,
  }: {
    readonly url?: string | undefined
    readonly rawHeaders: readonly string[]
  }): Judgement | Promise<Judgement> {
    const token = bearerToken(headerValues(rawHeaders, 'authorization'))
    if (token !== undefined) {
      const found = this.authenticate(token)
      return found instanceof Promise ? found.then(principal => principal ?? 'unknown') : (found ?? 'unknown')
    }
    const at = url.indexOf('?')
    const ticket = at < 0 ? null : new URLSearchParams(url.slice(at)).get('ticket')
    if (ticket === null) return 'silent'
    const principal = this.tickets.redeem(ticket)
    return (principal === undefined ? undefined : this.#unlessEnded(this.#tokens.current(principal))) ?? 'unknown'
  }

  #unlessEnded(principal: Principal | undefined): Principal | undefined {
    return (principal?.expiresAt ?? Number.POSITIVE_INFINITY) > this.#clock.now() ? principal : undefined
  }
}
