import type { Cancel, Clock } from '../lib/clock.ts'
import { MillraceError } from '../model/errors.ts'
import type {
  ClientMessage,
  ExplainedMessage,
  ExplainMessage,
  FeedsMessage,
  GetMessage,
  ListMessage,
  RequestId,
  ResultMessage,
} from '../protocol/messages.ts'

const patienceMs = 30_000

export type Question = (ListMessage & { readonly id: RequestId }) | GetMessage | ExplainMessage
export type Answer = FeedsMessage | ResultMessage | ExplainedMessage

interface Request {
  readonly message: ClientMessage
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
  /** Ends the waiting for a time-out and for the asker's signal. */
  readonly stop: Cancel
}

/** Questions with one answer each. They outlive a connection: all are safe to ask again. */
export class Requests {
  readonly #clock: Clock
  readonly #send: (message: ClientMessage) => void
  readonly #open = new Map<RequestId, Request>()

  constructor(clock: Clock, send: (message: ClientMessage) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** @throws MillraceError the server's refusal, or `unavailable` when 30 s bring no answer; the reason of `signal` */
  ask(message: Question, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const stop = this.#watch(message.id, signal)
      this.#open.set(message.id, { message, resolve, reject, stop })
      this.#send(message)
    })
  }

  #watch(id: RequestId, signal: AbortSignal | undefined): Cancel {
    const stopTimer = this.#clock.after(patienceMs, () => this.refused(id, new MillraceError('unavailable', 'no answer within 30 s')))
    const aborted = (): void => this.#take(id)?.reject(signal?.reason)
    signal?.addEventListener('abort', aborted)
    return () => {
      stopTimer()
      signal?.removeEventListener('abort', aborted)
    }
  }

  answered(answer: Answer): void {
    this.#take(answer.id)?.resolve(answer)
  }

  refused(id: RequestId | undefined, error: MillraceError): boolean {
    const request = this.#take(id)
    request?.reject(error)
    return request !== undefined
  }

  askAgain(): void {
    for (const { message } of this.#open.values()) this.#send(message)
  }

  refuseAll(error: MillraceError): void {
    for (const id of this.#open.keys()) this.refused(id, error)
  }

  #take(id: RequestId | undefined): Request | undefined {
    const request = id === undefined ? undefined : this.#open.get(id)
    if (request === undefined || id === undefined) return undefined
    this.#open.delete(id)
    request.stop()
    return request
  }
}
