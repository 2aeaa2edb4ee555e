import type { Outbox } from '../hub/outbox.ts'
import { MillraceError } from '../model/errors.ts'
import type { WindowLimits } from './window.ts'

/** What one connection may do. Defaults: configuration.md, `limits`. */
export interface ConnectionLimits extends WindowLimits {
  /** Bytes of a message; over it: closed 1009. */
  readonly maxMessageBytes: number
  /** Frames of one message; over it: closed 1008. */
  readonly maxFragments: number
  readonly maxMessageDepth: number
  readonly messagesPerSecond: number
  readonly messageBurst: number
  readonly pingsPerSecond: number
  readonly pingBurst: number
  readonly maxFeedsPerConnection: number
  readonly maxViewsPerConnection: number
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxMessageBytes: 65_536,
  maxFragments: 1024,
  maxMessageDepth: 16,
  messagesPerSecond: 20,
  messageBurst: 100,
  pingsPerSecond: 5,
  pingBurst: 50,
  maxFeedsPerConnection: 256,
  maxViewsPerConnection: 64,
  sendWindowBytes: 65_536,
  ackAfterBytes: 32_768,
}

/** @throws MillraceError `too_many` where a connection may not follow one address more. */
export function admit({ size, viewCount }: Outbox, isView: boolean, limits: ConnectionLimits): void {
  const { maxFeedsPerConnection, maxViewsPerConnection } = limits
  if (size >= maxFeedsPerConnection)
    throw new MillraceError('too_many', `${maxFeedsPerConnection} feeds are followed, as many as one connection may`, [
      { limit: 'maxFeedsPerConnection', value: maxFeedsPerConnection },
    ])
  if (isView && viewCount >= maxViewsPerConnection)
    throw new MillraceError('too_many', `${maxViewsPerConnection} views are followed, as many as one connection may`, [
      { limit: 'maxViewsPerConnection', value: maxViewsPerConnection },
    ])
}
