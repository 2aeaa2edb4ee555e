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
