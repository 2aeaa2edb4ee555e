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
    if (this.#waiting.size >= maxTickets && !this.#hasRoomFor(principal))
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

  /** All places are taken: whoever holds fewer than an equal part of them gets one, from who holds most. */
  #hasRoomFor({ credential }: Principal): boolean {
    const held = new Map([[credential, 0]])
    for (const { principal } of this.#waiting.values()) held.set(principal.credential, (held.get(principal.credential) ?? 0) + 1)
    if ((held.get(credential) ?? 0) >= this.#limits.maxTickets / held.size) return false
    const [greediest] = [...held].reduce((one, other) => (other[1] > one[1] ? other : one))
    for (const [key, { principal }] of this.#waiting) if (principal.credential === greediest) return this.#waiting.delete(key)
    return false
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
