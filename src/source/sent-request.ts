import type { Dispatcher } from 'undici'
import { AnswerBody } from './answer-body.ts'

type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** An answer whose body is still to be taken. */
export interface Answer {
  readonly statusCode: number
  /** By name in lower case. */
  readonly headers: Headers
  readonly body: AnswerBody
}

/** One request on its way: its answer is there with the head of it. Given up, also while the body comes, once `signal` says so. */
export class SentRequest implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>
  readonly #signal: AbortSignal
  readonly #giveUp: () => void
  #resolve: (answer: Answer) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #controller: Controller | undefined
  #body: AnswerBody | undefined

  /** `whileConnecting` is called when it is given up: nothing of it has begun where a connection is still being made. */
  constructor(signal: AbortSignal, whileConnecting: () => void) {
    this.#signal = signal
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#giveUp = () => {
      this.#controller?.abort(signal.reason as Error)
      whileConnecting()
    }
    signal.addEventListener('abort', this.#giveUp)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#signal.aborted) controller.abort(this.#signal.reason as Error)
  }

  onResponseStart(controller: Controller, statusCode: number, headers: Headers): void {
    // An interim answer such as 103 is none yet.
    if (statusCode < 200) return
    this.#body = new AnswerBody(controller)
    this.#resolve({ statusCode, headers, body: this.#body })
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#body?.add(chunk)
  }

  onResponseEnd(): void {
    this.#over()
    this.#body?.end()
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#over()
    this.#reject(error)
    this.#body?.fail(error)
  }

  #over(): void {
    this.#signal.removeEventListener('abort', this.#giveUp)
  }
}
