import { expect, test } from 'vitest'
import { Tickets } from '../../src/connection/tickets.ts'
import { everything, type Principal } from '../../src/hub/principal.ts'
import { ManualClock } from '../support/manual-clock.ts'

const holder = (credential: string): Principal => ({ name: credential, grants: everything, isAdmin: false, credential })

test("who takes every ticket there may be leaves room for others: an equal part is everybody's", () => {
  const tickets = new Tickets({ ticketMs: 30_000, maxTickets: 4 }, new ManualClock())
  const [greedy, other] = [holder('greedy'), holder('other')]
  const taken = Array.from({ length: 4 }, () => tickets.issue(greedy).ticket)
  expect(() => tickets.issue(greedy)).toThrow(/^4 tickets wait to be used/)
  const given = [tickets.issue(other).ticket, tickets.issue(other).ticket]
  expect(() => tickets.issue(other)).toThrow(/^4 tickets/)
  expect(() => tickets.issue(greedy)).toThrow(/^4 tickets/)
  expect(taken.map(ticket => tickets.redeem(ticket)?.name)).toEqual([undefined, undefined, 'greedy', 'greedy'])
  expect(given.map(ticket => tickets.redeem(ticket)?.name)).toEqual(['other', 'other'])
})
