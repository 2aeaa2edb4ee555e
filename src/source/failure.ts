import { DecodeError } from '../decode/decode-error.ts'
import type { Cause } from '../model/freshness.ts'

/** Why a poll failed, as a value. */
export class PollError extends Error {
  override readonly name = 'PollError'
  readonly kind: Cause
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(kind: Cause, message: string, more: { readonly status?: number; readonly retryAfterMs?: number } = {}) {
    super(message)
    this.kind = kind
    this.status = more.status
    this.retryAfterMs = more.retryAfterMs
  }
}

interface Coded {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

/** The error that says most: an AggregateError's first, or the innermost cause that has a code. */
function innermost(error: Coded): Coded {
  const [first] = Array.isArray(error.errors) ? (error.errors as Coded[]) : []
  if (first !== undefined) return innermost(first)
  return typeof error.cause === 'object' && error.cause !== null && 'code' in error.cause ? innermost(error.cause as Coded) : error
}

const sentences: readonly (readonly [RegExp, Cause, string])[] = [
  [/^(ENOTFOUND|EAI_)/, 'dns', 'the name cannot be resolved'],
  [/^ECONNREFUSED$/, 'refused', 'the connection was refused'],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_(RES_CONTENT_LENGTH_MISMATCH|ABORTED|CLOSED|DESTROYED))$/,
    'reset',
    'the connection broke off',
  ],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/, 'timeout', 'no answer in time'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'refused', 'the host cannot be reached'],
  [/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/, 'tls', 'TLS failed'],
  [/^HPE_/, 'http', 'the answer is not HTTP'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'too_large', 'the headers are too large'],
  [/^(Z_|ERR_BROTLI|ERR_ZLIB|ERR__?ERROR)/, 'decode', 'the body is not what its Content-Encoding says'],
]

/** What any error of a poll means; the reason names the host. */
export function failureOf(error: unknown, host: string): PollError {
  if (error instanceof PollError) return error
  if (error instanceof DecodeError) return new PollError(error.kind, error.message)
  const coded = innermost(error as Coded)
  const code = typeof coded.code === 'string' ? coded.code : ''
  const known = sentences.find(([pattern]) => pattern.test(code))
  if (known === undefined) return new PollError('internal', `${host}: ${String(coded.message ?? error)}`.slice(0, 200))
  const [, cause, sentence] = known
  return new PollError(cause, `${host}: ${sentence} (${code})`)
}
