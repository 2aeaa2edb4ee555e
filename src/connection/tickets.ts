import type { Clock } from '../lib/clock.ts'
import { digestOf, newSecret } from '../lib/secret.ts'
import type { Principal } from '../hub/principal.ts'
import { MillraceError } from '../model/errors.ts'

export interface TicketLimits {
  readonly ticketMs: number
  readonly maxTickets: number
}

export interface Ticket {
  readonly ticket: string
  /** ms since 1970 UTC. */
  readonly expires: number
}

/** Stand for a token once, in the URL of a WebSocket, where a token would end up in logs. */
export class Tickets {
  readonly #limits: TicketLimits
  readonly #clock: Clock
  /** By digest, the oldest first: all live equally long. `endsAt`: ms (monotonic). */
  readonly #waiting = new Map<string, { readonly principal: Principal; readonly endsAt: number }>()

  constructor(limits: TicketLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** @throws MillraceError `too_many` where so many wait to be used. */
  issue(principal: Principal): Ticket {
    const { ticketMs, maxTickets } = this.#limits
    const mono = this.#clock.monotonic()
    this.#forgetEnded(mono)
    if (this.#waiting.size >= maxTickets)
      throw new MillraceError('too_many', `${maxTickets} tickets wait to be used, as many as there may be`, [
        { limit: 'maxTickets', value: maxTickets },
      ])
    const ticket = newSecret()
    this.#waiting.set(keyOf(ticket), { principal, endsAt: mono + ticketMs })
    return { ticket, expires: Math.round(this.#clock.now() + ticketMs) }
  }

  /** Whose a ticket is; it is used up. */
  redeem(ticket: string): Principal | undefined {
    const key = keyOf(ticket)
    const waiting = this.#waiting.get(key)
    this.#waiting.delete(key)
    return waiting !== undefined && waiting.endsAt > this.#clock.monotonic() ? waiting.principal : undefined
  }

  #forgetEnded(mono: number): void {
    for (const [key, { endsAt }] of this.#waiting) {
      if (endsAt > mono) return
      this.#waiting.delete(key)
    }
  }
}

function keyOf(ticket: string): string {
  return digestOf(ticket).toString('base64url')
}
