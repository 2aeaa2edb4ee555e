import { TokenBucket } from '../lib/token-bucket.ts'
import type { Clock } from '../lib/clock.ts'
import { MillraceError } from '../model/errors.ts'
import type { ConnectionLimits } from './limits.ts'

/** Refusals within this time are counted together; as many as `messageBurst` end the connection. */
const refusalWindowMs = 10_000
/** One in this time is told; the others are only not executed. */
const tellEveryMs = 1000

/** What is to be done with a message. */
export type Admission = 'take' | 'drop' | 'refuse' | 'end'

/** How much a client says: messages and WebSocket pings, each with a bucket. */
export class Inbound {
  readonly #clock: Clock
  readonly #limits: ConnectionLimits
  /** Made with the first message, and the first ping. */
  #messages: TokenBucket | undefined
  #pings: TokenBucket | undefined
  #refused = 0
  #windowBegan = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, limits: ConnectionLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** `refuse`: not executed, and told; `drop`: not executed, told a moment ago; `end`: too often. */
  message(): Admission {
    const { messagesPerSecond, messageBurst } = this.#limits
    this.#messages ??= new TokenBucket(messagesPerSecond, messageBurst, this.#clock)
    if (this.#messages.take()) return 'take'
    if (this.refused()) return 'end'
    const now = this.#clock.monotonic()
    if (now - this.#toldAt < tellEveryMs) return 'drop'
    this.#toldAt = now
    return 'refuse'
  }

  /** What one is told whose message is refused. */
  get refusal(): MillraceError {
    const { messagesPerSecond: value } = this.#limits
    return new MillraceError('rate_limited', 'too many messages', [{ limit: 'messagesPerSecond', value }])
  }

  /** Counts one refusal; true: they were too many within 10 s. */
  refused(): boolean {
    const now = this.#clock.monotonic()
    if (now - this.#windowBegan > refusalWindowMs) {
      this.#windowBegan = now
      this.#refused = 0
    }
    return ++this.#refused >= this.#limits.messageBurst
  }

  ping(): boolean {
    const { pingsPerSecond, pingBurst } = this.#limits
    this.#pings ??= new TokenBucket(pingsPerSecond, pingBurst, this.#clock)
    return this.#pings.take()
  }
}

/** Whether brackets nest deeper than `most`, looked at before anything is parsed. */
export function isDeeperThan(json: string, most: number): boolean {
  let depth = 0
  let inText = false
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i)
    if (inText) {
      if (c === 0x5c) i++
      else if (c === 0x22) inText = false
    } else if (c === 0x22) inText = true
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > most) return true
    } else if (c === 0x7d || c === 0x5d) depth--
  }
  return false
}

/**
 * The object that a message is; undefined: not JSON, or another value.
 * @throws MillraceError `bad_message` where it nests too deep.
 */
export function readObject(
  text: string,
  { maxMessageDepth: value }: Pick<ConnectionLimits, 'maxMessageDepth'>,
): Record<string, unknown> | undefined {
  if (isDeeperThan(text, value))
    throw new MillraceError('bad_message', `the message nests deeper than ${value}`, [{ limit: 'maxMessageDepth', value }])
  return parseObject(text)
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
