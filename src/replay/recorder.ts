import { createHash } from 'node:crypto'
import type { Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import type { DocumentOrigin, Found } from '../source/document-ask.ts'
import { failureOf } from '../source/failure.ts'
import type { Linking, Tap } from '../source/link.ts'
import type { Purpose, Taps } from '../source/taps.ts'
import type { DocumentRecord, EndRecord, ExchangeRecord, RequestRecord } from './format.ts'
import { noBytes } from './format.ts'
import { answeredWithoutSecrets, loginWithoutSecrets, sentWithoutSecrets, urlWithoutSecrets, type Tell } from './redaction.ts'
import type { RecordingWriter } from './recording-writer.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

export interface RecorderOptions {
  readonly writer: RecordingWriter
  readonly clock: Clock
  readonly tell: Tell
}

/** Requests whose last body is remembered, so that it is written once while it stays the same. */
const mostRemembered = 10_000
/** More of the body of a request is left out, in UTF-16 units. */
const longestSent = 65_536

/** Keeps what sources ask and are answered: on the way, as it comes. */
export class Recorder implements Taps {
  readonly #options: RecorderOptions
  readonly #beganMono: number
  /** By what was asked: the record that holds the last body, and its digest. */
  readonly #bodies = new Map<string, { readonly digest: string; readonly record: number }>()
  #streams = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#beganMono = options.clock.monotonic()
  }

  /** It ended in order. */
  stop(): Promise<void> {
    this.#options.writer.append({ kind: 'stop', at: this.#now() })
    return this.#options.writer.flushed()
  }

  link(source: string, purpose: Purpose): Tap {
    return (link, origin) => dispatch => (options, handler) =>
      dispatch(options, new Tee(handler, link, this.#begin(source, purpose, origin, options)))
  }

  origin(source: string, origin: DocumentOrigin): DocumentOrigin {
    return {
      what: origin.what,
      taken: isSettled => origin.taken?.(isSettled),
      find: async signal => {
        const at = this.#now()
        let isOver = false
        const end = (tell: (record: DocumentRecord) => void): void => {
          if (isOver) return
          isOver = true
          tell({ kind: 'document', at, source, endMs: Math.round((this.#now() - at) * 1000) / 1000 })
        }
        signal.addEventListener('abort', () => end(record => this.#options.writer.append({ ...record, givenUp: true })))
        try {
          const found = await origin.find(signal)
          if (found !== 'same') end(record => this.#document(record, found))
          return found
        } catch (error) {
          const { kind: cause, message: reason, limit } = failureOf(error, { host: origin.what, phase: 'answering' })
          const failure = { cause, reason, ...(limit === undefined ? {} : { limit }) }
          end(record => this.#options.writer.append({ ...record, failure }))
          throw error
        }
      },
    }
  }

  #document(record: DocumentRecord, { body, mediaType, asOf }: Found): void {
    const found = { ...record, ...(mediaType === '' ? {} : { mediaType }), ...(asOf === undefined ? {} : { asOf }) }
    this.#append(JSON.stringify([record.source]), found, body)
  }

  #now(): number {
    return Math.round((this.#options.clock.monotonic() - this.#beganMono) * 1000) / 1000
  }

  #begin(source: string, purpose: Purpose, origin: string, { path, method, headers, body }: Dispatcher.DispatchOptions): Exchanged {
    const { tell } = this.#options
    const given = Object.entries((headers ?? {}) as Readonly<Record<string, unknown>>)
    const isLogin = purpose === 'login'
    const sent = typeof body === 'string' && !isLogin ? tell(body).slice(0, longestSent) : undefined
    const request: RequestRecord = {
      at: this.#now(),
      source,
      purpose,
      method,
      url: urlWithoutSecrets(new URL(path, origin).href, tell),
      ...(given.some(([name]) => name.toLowerCase() === 'authorization') ? { authorized: true } : {}),
      ...(sent === undefined ? {} : { sent }),
      sentHeaders: sentWithoutSecrets(given, tell),
    }
    return new Exchanged(request, {
      now: () => this.#now(),
      ended: (answered, end, answer) => this.#write(answered, end, answer),
      headersOf: answer => answeredWithoutSecrets(answer, tell),
      streaming: answered => {
        const id = this.#streams++
        this.#options.writer.append({ kind: 'stream', id, ...answered })
        return {
          chunk: bytes => void this.#options.writer.append({ kind: 'chunk', of: id, at: this.#now() }, bytes),
          ended: end => void this.#options.writer.append({ kind: 'streamEnd', of: id, ...end }),
        }
      },
    })
  }

  #write(answered: RequestRecord, end: EndRecord, { headers, body }: Answer): void {
    const { writer } = this.#options
    const record = { kind: 'exchange', ...answered, ...end } as const
    if (answered.purpose === 'login') {
      const covered = loginWithoutSecrets(headers, body)
      return void writer.append({ ...record, headers: covered.headers }, covered.body)
    }
    this.#append(JSON.stringify([answered.source, answered.method, answered.url]), record, body)
  }

  /** A body that is the same as the last one of what was asked is written once. */
  #append(asked: string, record: ExchangeRecord | DocumentRecord, body: Buffer): void {
    const { writer } = this.#options
    if (body.byteLength === 0) return void writer.append(record)
    const digest = createHash('sha256').update(body).digest('base64')
    const known = this.#bodies.get(asked)
    if (known?.digest === digest) return void writer.append({ ...record, bodyOf: known.record })
    this.#bodies.delete(asked)
    this.#bodies.set(asked, { digest, record: writer.append(record, body) })
    const [oldest] = this.#bodies.keys()
    if (this.#bodies.size > mostRemembered && oldest !== undefined) this.#bodies.delete(oldest)
  }
}

interface Answer {
  readonly headers: Headers
  readonly body: Buffer
}

interface Streaming {
  chunk(bytes: Buffer): void
  ended(end: EndRecord): void
}

interface Told {
  readonly now: () => number
  readonly headersOf: (headers: Headers) => NonNullable<RequestRecord['headers']>
  readonly ended: (answered: RequestRecord, end: EndRecord, answer: Answer) => void
  readonly streaming: (answered: RequestRecord) => Streaming
}

/** One request on its way, until it has ended. */
class Exchanged {
  readonly #told: Told
  readonly #chunks: Buffer[] = []
  #answered: RequestRecord
  #headers: Headers = {}
  #stream: Streaming | undefined
  #isOver = false

  constructor(request: RequestRecord, told: Told) {
    this.#answered = request
    this.#told = told
  }

  head(status: number, headers: Headers): void {
    this.#headers = headers
    this.#answered = { ...this.#answered, status, headers: this.#told.headersOf(headers), headMs: this.#sinceMs() }
    if (/^text\/event-stream\b/i.test(String(headers['content-type'] ?? '')) && this.#answered.purpose === 'data')
      this.#stream = this.#told.streaming(this.#answered)
  }

  data(chunk: Buffer): void {
    if (this.#stream === undefined) this.#chunks.push(chunk)
    else this.#stream.chunk(chunk)
  }

  end(more: Omit<EndRecord, 'endMs'>): void {
    if (this.#isOver) return
    this.#isOver = true
    const end = { endMs: this.#sinceMs(), ...more }
    if (this.#stream !== undefined) return this.#stream.ended(end)
    const body = this.#chunks.length === 0 ? noBytes : Buffer.concat(this.#chunks)
    this.#told.ended(this.#answered, end, { headers: this.#headers, body })
  }

  #sinceMs(): number {
    return Math.round((this.#told.now() - this.#answered.at) * 1000) / 1000
  }
}

/** Hands everything on, and tells of it. */
class Tee implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #link: Linking
  readonly #exchanged: Exchanged

  constructor(handler: Dispatcher.DispatchHandler, link: Linking, exchanged: Exchanged) {
    this.#handler = handler
    this.#link = link
    this.#exchanged = exchanged
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers, message?: string): void {
    // An interim answer such as 103 is none yet.
    if (status >= 200) this.#exchanged.head(status, headers)
    this.#handler.onResponseStart?.(controller, status, headers, message)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#exchanged.data(chunk)
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: Headers): void {
    this.#exchanged.end({})
    this.#handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    // Of what ended before it was sent there is none.
    const isAborted = (controller as Dispatcher.DispatchController | undefined)?.aborted === true
    this.#exchanged.end(isAborted || isOurs(error) ? { givenUp: true } : { error: { ...namesOf(error), ...this.#connecting() } })
    this.#handler.onResponseError?.(controller, error)
  }

  #connecting(): { readonly connecting?: true } {
    return this.#link.connecting ? { connecting: true } : {}
  }
}

/** Whoever asked broke it off: its time was over, it had read enough, or it has closed. */
function isOurs(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return (
    error.name === 'AbortError' ||
    code === 'UND_ERR_ABORTED' ||
    code === 'UND_ERR_DESTROYED' ||
    code === 'UND_ERR_CLOSED' ||
    error.message === 'given up while connecting'
  )
}

/** What says why: an AggregateError's first, as of a name with several addresses. */
function namesOf(error: Error): { readonly name: string; readonly code?: string } {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : []
  const { name, code } = (first instanceof Error ? first : error) as NodeJS.ErrnoException
  return { name, ...(typeof code === 'string' ? { code } : {}) }
}
