import { backoffDelay } from '../lib/backoff.ts'
import type { Random } from '../lib/random.ts'
import { closeTable, mayReconnect } from '../model/errors.ts'

/** How one try to connect ended. */
export interface Outcome {
  /** The close code; 1006 when there was none. */
  readonly code: number
  /** What the server wrote into the close frame, or what the socket said went wrong. */
  readonly reason: string
  /** How long the connection was open after its `welcome`, in ms; undefined: it was never welcomed. */
  readonly openMs: number | undefined
  /** The next try is not this one unchanged, whatever the code says of that. */
  readonly isOther?: boolean
}

export type Decision =
  | { readonly phase: 'closed'; readonly attempt: number; readonly reason: string }
  | { readonly phase: 'disconnected' | 'refused'; readonly attempt: number; readonly reason: string; readonly delayMs: number }

const baseMs = 500
const capMs = 30_000
/** Tries without any welcome before the client calls itself refused. */
const triesBeforeRefused = 5
/** A connection that lasted this long was a good one: the count of failures begins anew. */
const lastingMs = 10_000
/** The least delay after a close that asks for a back-off. */
const politeMs = 5_000
const longestRetryAfterMs = 3_600_000

/** The `retry-after-ms` of a close reason, at most an hour; undefined where there is none. */
export function retryAfterMs(reason: string): number | undefined {
  const digits = /\bretry-after-ms=(\d{1,15})\b/.exec(reason)?.[1]
  return digits === undefined ? undefined : Math.min(Number(digits), longestRetryAfterMs)
}

function sentence({ code, reason, openMs }: Outcome): string {
  const said = reason.replace(/[;,\s]*\bretry-after-ms=\d+/, '').trim()
  const meaning = (closeTable as Readonly<Record<number, { readonly meaning: string }>>)[code]?.meaning
  if (meaning !== undefined) return `closed by the server: ${meaning} (${code})${said === '' ? '' : `: ${said}`}`
  if (said !== '') return said
  if (code !== 1006) return `closed with code ${code}`
  return openMs === undefined ? 'no connection' : 'connection lost'
}

/** Decides what follows the end of a connection (PROTOCOL.md, Refusals and codes). Does no I/O and knows no time. */
export class Reconnect {
  readonly #random: Random
  #failures = 0
  #welcomed = false

  constructor(random: Random) {
    this.#random = random
  }

  /** Failures in a row. */
  get attempt(): number {
    return this.#failures
  }

  ended(outcome: Outcome): Decision {
    if (outcome.openMs !== undefined) this.#welcomed = true
    this.#failures = outcome.openMs !== undefined && outcome.openMs >= lastingMs ? 1 : this.#failures + 1
    const attempt = this.#failures
    const reason = sentence(outcome)
    const advice = outcome.isOther === true ? 'now' : mayReconnect(outcome.code)
    if (advice === 'never') return { phase: 'closed', attempt, reason }
    const asked = retryAfterMs(outcome.reason)
    const refused = !this.#welcomed && attempt >= triesBeforeRefused
    const leastMs = advice === 'backoff' ? politeMs : 0
    const delayMs = asked ?? (refused ? capMs : backoffDelay(attempt, { baseMs, capMs, leastMs, jitter: 1 }, this.#random))
    return { phase: refused ? 'refused' : 'disconnected', attempt, reason, delayMs }
  }

  /** Somebody asked for a try at once: what failed before counts no more. */
  forget(): void {
    this.#failures = 0
  }
}
