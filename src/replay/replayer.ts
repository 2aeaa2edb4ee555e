import type { Dispatcher } from 'undici'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { DocumentOrigin, Found } from '../source/document-ask.ts'
import { PollError } from '../source/failure.ts'
import type { Linking, Tap } from '../source/link.ts'
import type { Purpose, Taps } from '../source/taps.ts'
import type { EndRecord, RequestRecord } from './format.ts'
import { urlWithoutSecrets, type Tell } from './redaction.ts'
import type { Answer, Recording } from './recording.ts'

export interface ReplayerOptions {
  readonly recording: Pick<Recording, 'find' | 'findDocument'>
  /** At its beginning the recording began. */
  readonly clock: Clock
  readonly tell: Tell
  /** What is told of a secret, with what stands for it. */
  readonly untell: Tell
}

/** Answers what sources ask from a recording, after as long as it took then: no connection is made. */
export class Replayer implements Taps {
  readonly #options: ReplayerOptions
  readonly #beganMono: number

  constructor(options: ReplayerOptions) {
    this.#options = options
    this.#beganMono = options.clock.monotonic()
  }

  link(source: string, purpose: Purpose): Tap {
    return (link, origin) => () => (asked, handler) => {
      const { recording, clock, tell, untell } = this.#options
      link.connecting = false
      const at = clock.monotonic() - this.#beganMono
      const headers = new Map(Object.entries((asked.headers ?? {}) as Readonly<Record<string, string>>))
      const method = asked.method
      const url = urlWithoutSecrets(new URL(asked.path, origin).href, tell)
      const answer = recording.find({
        source,
        purpose,
        method,
        url,
        authorized: headers.has('authorization'),
        at,
        ifNoneMatch: headers.get('if-none-match'),
        ifModifiedSince: headers.get('if-modified-since'),
      })
      const played = new Played(handler, link, clock)
      if (answer === undefined) played.fail(new PollError('upstream', `the recording has no answer to ${method} ${url}`))
      else if (answer.kind === 'exchange') played.play(answer, untell)
      else played.stream(answer, untell, at)
      return true
    }
  }

  origin(source: string, { what }: DocumentOrigin): DocumentOrigin {
    const { recording, clock } = this.#options
    return {
      what,
      find: signal => {
        const looked = recording.findDocument(source, clock.monotonic() - this.#beganMono)
        if (looked === undefined) return Promise.reject(new PollError('upstream', `the recording has nothing of ${what}`))
        const { record, body } = looked
        const { failure, mediaType = '', asOf } = record
        return new Promise<Found>((resolve, reject) => {
          const cancel = clock.after(record.endMs, () => {
            if (failure !== undefined) reject(new PollError(failure.cause, failure.reason, { limit: failure.limit }))
            else if (record.givenUp !== true) resolve({ body, mediaType, ...(asOf === undefined ? {} : { asOf }) })
          })
          signal.addEventListener('abort', () => {
            cancel()
            reject(new PollError('timeout', `${what} was given up`))
          })
        })
      },
    }
  }
}

/** An answer on its way to who asked. */
class Played implements Dispatcher.DispatchController {
  aborted = false
  readonly paused = false
  reason: Error | null = null
  readonly #handler: Dispatcher.DispatchHandler
  readonly #link: Linking
  readonly #clock: Clock
  #isOver = false
  #cancel: Cancel = () => undefined

  constructor(handler: Dispatcher.DispatchHandler, link: Linking, clock: Clock) {
    this.#handler = handler
    this.#link = link
    this.#clock = clock
    handler.onRequestStart?.(this, {})
  }

  /** Whoever asked gives up. */
  abort(reason: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.aborted = true
    this.reason = reason
    this.#handler.onResponseError?.(this, reason)
  }

  pause(): void {
    // What there is is in memory already.
  }

  resume(): void {
    // It never paused.
  }

  fail(error: Error): void {
    this.#after(0, () => this.#failed(error))
  }

  play({ record, body }: Extract<Answer, { readonly kind: 'exchange' }>, untell: Tell): void {
    const { headMs, endMs } = record
    if (headMs === undefined) return this.#after(endMs, () => this.#end(record))
    this.#after(headMs, () => {
      this.#head(record, untell)
      this.#after(endMs - headMs, () => {
        if (body.byteLength > 0) this.#handler.onResponseData?.(this, body)
        this.#end(record)
      })
    })
  }

  /** What came before who asks now was there comes at once, all else when it came then. `at`: now, ms of the recording. */
  stream({ record, chunks, end }: Extract<Answer, { readonly kind: 'stream' }>, untell: Tell, at: number): void {
    const beganMono = this.#clock.monotonic()
    const left = chunks.values()
    const next = (): void => {
      const { value: chunk } = left.next()
      const nowMs = at + this.#clock.monotonic() - beganMono
      if (chunk !== undefined)
        return this.#after(chunk.at - nowMs, () => {
          this.#handler.onResponseData?.(this, chunk.bytes())
          next()
        })
      if (end !== undefined) this.#after(record.at + end.endMs - nowMs, () => this.#end(end))
    }
    this.#after(record.headMs ?? 0, () => {
      this.#head(record, untell)
      next()
    })
  }

  #head({ status = 0, headers = {} }: RequestRecord, untell: Tell): void {
    const given = Object.entries(headers).map(
      ([name, value]) => [name, typeof value === 'string' ? untell(value) : value.map(untell)] as const,
    )
    this.#handler.onResponseStart?.(this, status, Object.fromEntries(given))
  }

  /** What was given up then goes on without an end until it is given up now. */
  #end({ error, givenUp }: EndRecord): void {
    if (givenUp === true) return
    if (error?.connecting === true) this.#link.connecting = true
    if (error !== undefined) return this.#failed(Object.assign(new Error('as it was recorded'), error))
    this.#isOver = true
    this.#handler.onResponseEnd?.(this, {})
  }

  #failed(error: Error): void {
    this.#isOver = true
    this.#handler.onResponseError?.(this, error)
  }

  #after(ms: number, run: () => void): void {
    this.#cancel = this.#clock.after(Math.max(0, ms), () => {
      if (!this.#isOver) run()
    })
  }
}
