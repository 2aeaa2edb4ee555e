import type { Cancel, Clock } from '../lib/clock.ts'
import { MillraceError } from '../model/errors.ts'
import type { ClientMessage, FeedsMessage, GetMessage, ListMessage, RequestId, ResultMessage } from '../protocol/messages.ts'

const patienceMs = 30_000

interface Request {
  readonly message: ClientMessage
  readonly resolve: (answer: FeedsMessage | ResultMessage) => void
  readonly reject: (error: MillraceError) => void
  readonly stopTimer: Cancel
}

/** Questions with one answer each. They outlive a connection: both are safe to ask again. */
export class Requests {
  readonly #clock: Clock
  readonly #send: (message: ClientMessage) => void
  readonly #open = new Map<RequestId, Request>()

  constructor(clock: Clock, send: (message: ClientMessage) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** @throws MillraceError the server's refusal, or `unavailable` when 30 s bring no answer */
  ask(message: (ListMessage & { readonly id: RequestId }) | GetMessage): Promise<FeedsMessage | ResultMessage> {
    return new Promise((resolve, reject) => {
      const stopTimer = this.#clock.after(patienceMs, () =>
        this.refused(message.id, new MillraceError('unavailable', 'no answer within 30 s')),
      )
      this.#open.set(message.id, { message, resolve, reject, stopTimer })
      this.#send(message)
    })
  }

  answered(answer: FeedsMessage | ResultMessage): void {
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
    request.stopTimer()
    return request
  }
}
