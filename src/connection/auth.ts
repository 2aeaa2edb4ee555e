import { bearerToken } from '../lib/bearer.ts'
import type { Clock } from '../lib/clock.ts'
import type { Principal } from '../hub/principal.ts'
import { Deadlines, type DeadlineLimits } from './deadlines.ts'
import { Tickets, type TicketLimits } from './tickets.ts'
import type { Authenticate } from './tokens.ts'
import { headerValues } from './trusted-proxies.ts'

/** What an upgrade says of who it is: a principal, somebody who is not known, or nothing yet. */
export type Judgement = Principal | 'unknown' | 'silent'

/** Asks for tokens; where nobody is asked for one there is none of these. */
export class Auth {
  readonly deadlines: Deadlines
  readonly tickets: Tickets
  readonly #authenticate: Authenticate
  readonly #clock: Clock

  constructor(authenticate: Authenticate, limits: DeadlineLimits & TicketLimits, clock: Clock) {
    this.#authenticate = authenticate
    this.#clock = clock
    this.deadlines = new Deadlines(limits, clock)
    this.tickets = new Tickets(limits, clock)
  }

  /** Whose a token is; undefined: nobody's, or it has ended. */
  authenticate(token: string): Principal | undefined | Promise<Principal | undefined> {
    const found = this.#authenticate(token)
    return found instanceof Promise ? found.then(principal => this.#unlessEnded(principal)) : this.#unlessEnded(found)
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
    return ticket === null ? 'silent' : (this.#unlessEnded(this.tickets.redeem(ticket)) ?? 'unknown')
  }

  #unlessEnded(principal: Principal | undefined): Principal | undefined {
    return (principal?.expiresAt ?? Number.POSITIVE_INFINITY) > this.#clock.now() ? principal : undefined
  }
}
