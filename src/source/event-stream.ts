import { createParser } from 'eventsource-parser'
import { exceeded } from '../decode/decode-error.ts'
import { formatSize } from '../lib/unit.ts'
import type { AnswerBody } from './answer-body.ts'
import type { Validators } from './exchange.ts'
import { failureOf, PollError, type Scene } from './failure.ts'
import type { Inflow } from './inflow.ts'

/** Whether an answer is a stream of server-sent events, which does not end. */
export function isEventStream(mediaType: unknown): boolean {
  return typeof mediaType === 'string' && /^\s*text\/event-stream\s*(;|$)/i.test(mediaType)
}

export interface EventStreamOptions {
  /** The names of those that are taken; undefined: all. */
  readonly events?: readonly string[]
  readonly maxBodyBytes: number
  readonly maxRetryAfterMs: number
}

/** Server-sent events of one source, over as many connections as it takes. */
export class EventStream {
  readonly #options: EventStreamOptions
  readonly #inflow: Inflow
  readonly #scene: () => Scene
  #body: AnswerBody | undefined
  #lastId = ''
  #url = ''
  #retryMs: number | undefined

  constructor(options: EventStreamOptions, inflow: Inflow, scene: () => Scene) {
    this.#options = options
    this.#inflow = inflow
    this.#scene = scene
  }

  /** For the next request: where it goes on. */
  get resumption(): Validators | undefined {
    return this.#lastId === '' ? undefined : { url: this.#url, headers: { 'last-event-id': this.#lastId } }
  }

  /** Follows the body of an answer of `url` from now on. */
  follow(body: AnswerBody, url: string): void {
    this.#body = body
    this.#url = url
    const parser = createParser({
      maxBufferSize: this.#options.maxBodyBytes,
      onEvent: ({ event, id, data }) => {
        if (id !== undefined && isHeaderText(id)) this.#lastId = id
        const { events } = this.#options
        if (events === undefined || events.includes(event ?? 'message')) this.#inflow.add(Buffer.from(data))
      },
      onRetry: ms => void (this.#retryMs = Math.min(ms, this.#options.maxRetryAfterMs)),
      onError: error => {
        if (error.type === 'max-buffer-size-exceeded') body.drop(exceeded('maxBody', formatSize(this.#options.maxBodyBytes)))
      },
    })
    const text = new TextDecoder()
    this.#inflow.opened()
    // What has come already is not news, but what the poll that asked is about to wait for.
    process.nextTick(() => void this.#take(body, chunk => parser.feed(text.decode(chunk, { stream: true }))))
  }

  async #take(body: AnswerBody, feed: (chunk: Buffer) => void): Promise<void> {
    try {
      await body.take(chunk => {
        if (this.#body !== body) return undefined
        this.#inflow.heard()
        feed(chunk)
        return undefined
      })
      // An end is no fault: many servers end a stream now and then, and it is opened again at the next due.
      this.#ended(body)
    } catch (error) {
      const { kind, message, limit } = failureOf(error, this.#scene())
      this.#ended(body, new PollError(kind, message, { limit, retryAfterMs: this.#retryMs }))
    }
  }

  /** Lets go of the connection. */
  drop(): void {
    const body = this.#body
    this.#body = undefined
    // It would go on after what was never taken.
    if (this.#inflow.abandon()) this.#lastId = ''
    body?.drop()
  }

  #ended(body: AnswerBody, fault?: PollError): void {
    if (this.#body !== body) return
    this.#body = undefined
    this.#inflow.ended(fault)
  }
}

/** An id is sent back in a header: what cannot stand there is none. */
function isHeaderText(id: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(id)
}
