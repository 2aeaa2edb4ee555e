import { STATUS_CODES } from 'node:http'
import { exceeded } from '../decode/decode-error.ts'
import type { Clock } from '../lib/clock.ts'
import { formatDuration, formatSize } from '../lib/unit.ts'
import { readBody } from './body.ts'
import type { Deadline } from './deadline.ts'
import type { Exchange } from './exchange.ts'
import { isEventStream, type EventStream } from './event-stream.ts'
import { PollError } from './failure.ts'
import type { HeldBody } from './held-body.ts'
import type { HttpOptions } from './http.options.ts'
import { retryAfterMs } from './http-time.ts'
import { rateLimitedMs } from './rate-limit.ts'
import type { Answer } from './sent-request.ts'

/** A whole answer. */
export interface Fetched {
  /** 304: what was held is confirmed. */
  readonly status: number
  /** Of a 304 those of what it confirms, put right by its own. */
  readonly headers: Answer['headers']
  /** Decoded; of a 304 what was held. */
  readonly body: Buffer
  /** Decoded bytes that came; 0 for a 304. */
  readonly bytes: number
  /** What was asked last, after redirects. */
  readonly url: string
  /** The body is the one held. */
  readonly isSame: boolean
  /** It has other validators than the one held. */
  readonly isRemade: boolean
  /** From sending to the head of the answer, ms. */
  readonly headMs: number
  /** From the head until the body was whole, ms. */
  readonly bodyMs: number
  /** For so long nothing is left of the upstream's rate limit, ms, capped; 0: something is. */
  readonly limitedMs: number
}

type Options = Pick<HttpOptions, 'method' | 'maxBodyBytes' | 'maxRetryAfterMs'>

export interface Asked {
  readonly url: string
  readonly held: HeldBody
  readonly deadline: Deadline
  /** Follows an answer that is a stream of events, in which nothing is fetched. */
  readonly events: EventStream
}

/** A 304 has no body; what comes all the same is read away up to here. */
const confirmationBytes = 16_384

/**
 * Asks a URL for a whole body, on condition that it is another than the one held.
 * @throws PollError, DecodeError, or what undici and zlib throw; then the exchange must be dropped
 */
export async function fetchBody(
  exchange: Exchange,
  { url, held, deadline, events }: Asked,
  options: Options,
  clock: Clock,
): Promise<Fetched> {
  const conditions = events.resumption ?? (options.method === 'GET' ? held.conditions() : undefined)
  let began = clock.monotonic()
  let answer = await exchange.request(url, conditions, deadline)
  let confirmed = answer.statusCode === 304 && conditions !== undefined ? held.confirmed(answer.headers) : undefined
  if (answer.statusCode === 304 && (confirmed === undefined || held.body === undefined)) {
    // A cache on the way confirms what nobody holds: ask once more, for all of it.
    await answer.body.discard(confirmationBytes, deadline)
    began = clock.monotonic()
    answer = await exchange.request(url, undefined, deadline)
    confirmed = undefined
    // Whoever says so again, to a request without a condition, says it to any.
    if (answer.statusCode === 304) held.doubt()
  }
  const headAt = clock.monotonic()
  const limitedMs = Math.min(rateLimitedMs(answer.headers, clock.now()), options.maxRetryAfterMs)
  const told = { url: exchange.url, headMs: headAt - began, limitedMs }
  const { body: heldBody } = held
  if (confirmed !== undefined && heldBody !== undefined) {
    await answer.body.discard(confirmationBytes, deadline)
    return { ...told, status: 304, headers: confirmed, body: heldBody, bytes: 0, isSame: true, isRemade: false, bodyMs: 0 }
  }
  const { statusCode: status, headers } = answer
  if (status !== 200 && status !== 203) throw refused(answer, exchange, options, clock.now(), limitedMs)
  if (isEventStream(headers['content-type'])) {
    events.follow(answer.body, exchange.url)
    return { ...told, status, headers, body: Buffer.alloc(0), bytes: 0, isSame: true, isRemade: false, bodyMs: 0 }
  }
  // What says that it is too large is not read to where that shows.
  if (Number(headers['content-length']) > options.maxBodyBytes) throw exceeded('maxBody', formatSize(options.maxBodyBytes))
  const body = await readBody(answer.body, String(headers['content-encoding'] ?? ''), options.maxBodyBytes)
  return {
    status,
    headers,
    body,
    bytes: body.byteLength,
    url: exchange.url,
    isSame: held.isSame(body),
    isRemade: held.isRemade(headers, exchange.url),
    headMs: headAt - began,
    bodyMs: clock.monotonic() - headAt,
    limitedMs,
  }
}

/** Its body is not waited for: it may hang, and the status says enough. */
function refused(answer: Answer, exchange: Exchange, options: Options, now: number, limitedMs: number): PollError {
  const { statusCode, headers, body } = answer
  body.drop()
  const waitMs = retryAfterMs(headers, now)
  const retryAfter = waitMs === undefined || statusCode < 400 ? undefined : Math.min(waitMs, options.maxRetryAfterMs)
  const objection = exchange.objection(answer)
  const said = `${exchange.scene.host} answered ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim()
  const text = objection === undefined ? said : `${said}: ${objection}`
  const asks = retryAfter === undefined || retryAfter === 0 ? '' : ` and asks to wait ${formatDuration(Math.round(retryAfter))}`
  const spent = asks === '' && limitedMs > 0 ? `: nothing is left of its rate limit for ${formatDuration(Math.round(limitedMs))}` : ''
  return new PollError('http', text + asks + spent, { status: statusCode, retryAfterMs: retryAfter, limitedMs })
}
