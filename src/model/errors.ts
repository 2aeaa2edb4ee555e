/** Every error a reader can be sent, in one table: what it means and whether trying again can help. */
export const errorTable = {
  bad_message: { retry: false, meaning: 'the message is not of the shape its type asks for' },
  bad_query: { retry: false, meaning: 'where, fields, order, limit, throttle or params cannot be used' },
  unsupported: { retry: false, meaning: 'the server does not know this type of message' },
  not_found: { retry: false, meaning: 'there is no such feed or subscription' },
  unauthorized: { retry: true, meaning: 'a valid token is needed' },
  forbidden: { retry: false, meaning: 'the rights were withdrawn' },
  too_many: { retry: true, meaning: 'a limit on feeds or views is reached' },
  rate_limited: { retry: true, meaning: 'too many messages or answers; this one was not executed' },
  unavailable: { retry: true, meaning: 'the feed has no data yet' },
  internal: { retry: true, meaning: 'a fault of the server; its log holds the id named in the message' },
} as const

export type ErrorCode = keyof typeof errorTable

/** Every code a WebSocket is closed with. `reconnect`: at once, after back-off, or never unchanged. */
export const closeTable = {
  1000: { reconnect: 'now', meaning: 'normal' },
  1001: { reconnect: 'now', meaning: 'shutdown' },
  1003: { reconnect: 'now', meaning: 'binary frames are reserved' },
  1008: { reconnect: 'now', meaning: 'too many frames in one message' },
  1009: { reconnect: 'now', meaning: 'message too big' },
  1012: { reconnect: 'now', meaning: 'restart' },
  1013: { reconnect: 'now', meaning: 'overload' },
  4400: { reconnect: 'never', meaning: 'not JSON, or not an object' },
  4401: { reconnect: 'never', meaning: 'unauthorized' },
  4403: { reconnect: 'never', meaning: 'rights withdrawn' },
  4406: { reconnect: 'never', meaning: 'unknown subprotocol' },
  4408: { reconnect: 'backoff', meaning: 'no hello in time' },
  4429: { reconnect: 'backoff', meaning: 'too many messages' },
  4500: { reconnect: 'now', meaning: 'internal' },
  4508: { reconnect: 'now', meaning: 'too slow' },
} as const

export type CloseCode = keyof typeof closeTable

/** Whether a client may come back after a close: 44xx never unchanged (4408, 4429 after back-off), all else does. */
export function mayReconnect(code: number): 'now' | 'backoff' | 'never' {
  const known = (closeTable as Record<number, { reconnect: 'now' | 'backoff' | 'never' }>)[code]
  if (known !== undefined) return known.reconnect
  return code >= 4400 && code <= 4499 ? 'never' : 'now'
}

const longestMessage = 200

/** A refusal that a reader is told: `code` of the table above, a message for people, details for programs. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly details: readonly ErrorDetail[]

  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = []) {
    super(message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message)
    this.code = code
    this.details = details
  }

  get retry(): boolean {
    return errorTable[this.code].retry
  }
}

/** What a program can act on: the limit that was met and its value, or the member that was wrong. */
export type ErrorDetail = { readonly limit: string; readonly value: number } | { readonly path: string; readonly message: string }
