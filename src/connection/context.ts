import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { Hub } from '../hub/hub.ts'
import type { Auth } from './auth.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { ConnectionLimits } from './limits.ts'

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly hub: Hub
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits: ConnectionLimits
  readonly heartbeat: Heartbeat
  /** `millrace/0.1.0`. */
  readonly server: string
  /** Undefined: nobody is asked for a token. */
  readonly auth?: Auth | undefined
  /** Told of every limit met, by its key; for the metric. */
  readonly limited: (limit: string) => void
}

/** What an operator is told of a connection; nothing of it is kept for that alone. */
export interface ConnectionFigures {
  /** Of its principal; empty: it has none, or is asked for none. */
  readonly name: string
  /** The address at the other end of the socket. */
  readonly peer: string
  /** ms (monotonic). */
  readonly began: number
  /** Sent to it. */
  readonly bytes: number
  readonly subscriptions: number
  /** Data is held back: it is behind. */
  readonly held: boolean
}
