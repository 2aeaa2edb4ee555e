import { changesPerMs, learnRate, newChangeRate } from '../../src/source/schedule/change-rate.ts'
import type { Policy, Purse, SimulatedPoll } from './policy.ts'
import type { Source } from './source.ts'

/** At every instant of a grid. */
export const fixed: Policy = {
  name: 'fixed',
  start: ({ intervalMs }) => {
    let dueAt: number | undefined
    return ({ sentAt, roundTripMs, retryAfterMs = 0 }) => {
      const now = sentAt + roundTripMs
      dueAt = Math.max((dueAt ?? sentAt) + intervalMs, now, retryAfterMs > 0 ? now + retryAfterMs : 0)
      return { delayMs: dueAt - now }
    }
  },
}

/** What the policies of this file would do, in ms from sending to sending, if requests cost nothing. */
type Wish = (poll: SimulatedPoll, scale: number) => number

/** How far the books of one group of sources are off, and what that makes of their intervals. */
interface Books {
  unspent: number
  at: number
  drift: number
}

const books = new WeakMap<Purse, Books>()

/** Makes a policy that keeps no budget keep one: a slow controller stretches all of its intervals. */
function budgeted(name: string, wishOf: (source: Source) => Wish): Policy {
  return {
    name,
    start: (source, { own }) => {
      const wish = wishOf(source)
      const { sources } = own.pool
      return poll => {
        const state = books.get(own) ?? { unspent: 0, at: poll.sentAt, drift: 0 }
        books.set(own, state)
        state.unspent += (poll.sentAt - state.at) * own.perMs - 1
        state.at = Math.max(state.at, poll.sentAt)
        const error = Math.min(Math.max(state.unspent / (40 * sources), -1), 1)
        state.drift = Math.min(Math.max(state.drift - (0.004 * error) / sources, -6), 4)
        const wanted = wish(poll, Math.exp(state.drift - 0.7 * error))
        const gapMs = Math.max(Math.min(Math.max(wanted, source.minMs), source.maxMs), poll.retryAfterMs ?? 0)
        return { delayMs: Math.max(0, gapMs - poll.roundTripMs) }
      }
    },
  }
}

/** Half the interval after a change, a quarter more after none. */
export const multiplicative = budgeted('back-off', ({ intervalMs }) => {
  let factor = 1
  return ({ status, isChange }, scale) => {
    if (status === 200 || status === 304) factor = Math.min(Math.max(isChange ? factor * 0.5 : factor * 1.25, 0.1), 8)
    return intervalMs * factor * scale
  }
})

/** Half the interval after a change, a tenth of the configured one more after none. */
export const additive = budgeted('additive', ({ intervalMs }) => {
  let factor = 1
  return ({ status, isChange }, scale) => {
    if (status === 200 || status === 304) factor = Math.min(Math.max(isChange ? factor * 0.5 : factor + 0.1, 0.1), 8)
    return intervalMs * factor * scale
  }
})

/** Never before what max-age promises is over. */
export const maxAge = budgeted('max-age', ({ intervalMs, maxMs }) => ({ hints }, scale) => {
  const { maxAgeMs, ageMs = 0 } = hints
  return Math.max(intervalMs * scale, maxAgeMs === undefined ? 0 : Math.min(maxMs, maxAgeMs - ageMs + 50))
})

/** In proportion to the change rate. */
export const proportional = budgeted('proportional', ({ intervalMs }) => {
  let rate = { ...newChangeRate, polls: 1, changed: 0.3, windowsMs: intervalMs }
  let last: number | undefined
  return ({ sentAt, isChange }, scale) => {
    if (last !== undefined) rate = learnRate(rate, sentAt - last, isChange)
    last = sentAt
    return (intervalMs * scale) / Math.min(Math.max(changesPerMs(rate) * intervalMs, 1e-4), 1)
  }
})
