import { DecodeError, quotable } from '../decode/decode-error.ts'
import { formatDuration } from '../lib/unit.ts'
import type { Cause } from '../model/freshness.ts'
import type { PollFacts, PollFailed } from './ask.ts'

interface PollErrorFacts {
  readonly status?: number
  readonly retryAfterMs?: number | undefined
  readonly limit?: string | undefined
  readonly limitedMs?: number | undefined
}

/** Why a poll failed, as a value. */
export class PollError extends Error {
  override readonly name = 'PollError'
  readonly kind: Cause
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  /** The limit that was exceeded, by its key. */
  readonly limit: string | undefined
  /** For so long nothing is left of the upstream's rate limit; 0: something is. */
  readonly limitedMs: number

  constructor(kind: Cause, message: string, more: PollErrorFacts = {}) {
    super(quotable(message, 200))
    this.kind = kind
    this.status = more.status
    this.retryAfterMs = more.retryAfterMs
    this.limit = more.limit
    this.limitedMs = more.limitedMs ?? 0
  }
}

/** How far a poll has come. */
export type Phase = 'waiting for its turn' | 'connecting' | 'answering' | 'sending the body'

/** The poll at the time of the fault. */
export interface Scene {
  /** Name and port of who is asked. */
  readonly host: string
  readonly phase: Phase
}

interface Coded {
  readonly code?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

function isCoded(value: unknown): value is Coded {
  return typeof value === 'object' && value !== null
}

/** The error that says most: an AggregateError's first, or the innermost cause that has a code. */
function innermost(error: Coded): Coded {
  const first: unknown = Array.isArray(error.errors) ? error.errors[0] : undefined
  if (isCoded(first)) return innermost(first)
  return isCoded(error.cause) && 'code' in error.cause ? innermost(error.cause) : error
}

type Sentence = (scene: Scene, code: string) => string

const whilst: Readonly<Record<Phase, string>> = {
  'waiting for its turn': 'while waiting for its turn',
  connecting: 'while connecting',
  answering: 'before it had answered',
  'sending the body': 'before the body was whole',
}

const brokeOff: Sentence = ({ host, phase }, code) => `${host} broke off the connection ${whilst[phase]} (${code})`
const tlsFailed: Sentence = ({ host }, code) => `no secure connection to ${host}: ${certificateFaults[code] ?? 'TLS failed'} (${code})`

const certificateFaults: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain ends in one that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of its certificate is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

const table: readonly (readonly [RegExp, Cause, Sentence])[] = [
  [/^(ENOTFOUND|EAI_)/, 'dns', ({ host }, code) => `the name of ${host} cannot be resolved (${code})`],
  [/^ECONNREFUSED$/, 'refused', ({ host }, code) => `${host} refused the connection (${code})`],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/, 'refused', ({ host }, code) => `${host} cannot be reached (${code})`],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|ERR_STREAM_PREMATURE_CLOSE)$/, 'reset', brokeOff],
  [/^UND_ERR_(RES_CONTENT_LENGTH_MISMATCH|ABORTED|CLOSED|DESTROYED|INFO)$/, 'reset', brokeOff],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timeout', ({ host }, code) => `${host} did not answer in time (${code})`],
  [/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA)/, 'tls', tlsFailed],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'too_large', ({ host }) => `the headers of ${host} exceed 32 KiB`],
  [/^(HPE_|HTTPParserError)/, 'http', ({ host }, code) => `${host} does not speak proper HTTP (${code})`],
  [
    /^(Z_|ERR_BROTLI|ERR_ZLIB|ERR__?ERROR)/,
    'decode',
    ({ host }, code) => `the body of ${host} is not compressed as its Content-Encoding says (${code})`,
  ],
]

/** What any error of a poll means. Messages of errors are not passed on: they may quote a URL or a body. */
export function failureOf(error: unknown, scene: Scene): PollError {
  if (error instanceof PollError) return error
  if (error instanceof DecodeError) return new PollError(error.kind, error.message, { limit: error.limit })
  const inner = isCoded(error) ? innermost(error) : {}
  const code = typeof inner.code === 'string' ? inner.code : inner instanceof Error ? inner.name : ''
  const known = table.find(([pattern]) => pattern.test(code))
  if (known !== undefined) return new PollError(known[1], known[2](scene, code))
  return new PollError('internal', `a fault within the poll of ${scene.host}, ${whilst[scene.phase]} (${code || typeof error})`)
}

/** What a poll comes to that nobody waits for any more. */
export function closedSource(): PollError {
  return new PollError('internal', 'the source is closed')
}

/** What did not come in time. */
const missing: Readonly<Record<Phase, string>> = {
  'waiting for its turn': 'its budget let it ask no further',
  connecting: 'no connection',
  answering: 'no answer',
  'sending the body': 'the body was not whole',
}

/** It took longer than it may. `page`: that was being asked for, from 1; the time is for all of them. Default: there is only one. */
export function timeoutAt({ host, phase }: Scene, timeoutMs: number, page = 1): PollError {
  const within = `within ${formatDuration(timeoutMs)}`
  if (page === 1) return new PollError('timeout', `${host}: ${missing[phase]} ${within}`)
  return new PollError('timeout', `${host}: ${missing[phase]} for page ${page} ${within}, the timeout of all pages together`)
}

/** A failure as the outcome of a poll. */
export function failedPoll(failure: PollError, timing: Pick<PollFacts, 'at' | 'durationMs'>): PollFailed {
  const { kind, status, message, retryAfterMs, limit, limitedMs } = failure
  return {
    kind: 'failed',
    cause: kind,
    reason: message,
    bytes: 0,
    ...(limitedMs > 0 ? { limitedMs } : {}),
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(limit === undefined ? {} : { limit }),
    ...timing,
  }
}
