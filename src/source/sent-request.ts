import type { Dispatcher } from 'undici'
import type { Cancel } from '../lib/clock.ts'
import { AnswerBody } from './answer-body.ts'
import type { Deadline } from './deadline.ts'

type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** An answer whose body is still to be taken. */
export interface Answer {
  readonly statusCode: number
  /** By name in lower case. */
  readonly headers: Headers
  readonly body: AnswerBody
}

/** One request on its way: its answer is there with the head of it. Given up, also while the body comes, once its deadline is over. */
export class SentRequest implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>
  readonly #deadline: Deadline
  readonly #stay: Cancel
  #resolve: (answer: Answer) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #controller: Controller | undefined
  #body: AnswerBody | undefined

  /** `whileConnecting` is called when it is given up: nothing of it has begun where a connection is still being made. */
  constructor(deadline: Deadline, whileConnecting: () => void) {
    this.#deadline = deadline
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#stay = deadline.whenOver(() => {
      if (this.#controller !== undefined) this.#giveUp(this.#controller)
      whileConnecting()
    })
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#deadline.isOver) this.#giveUp(controller)
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
    this.#stay()
    this.#body?.end()
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#stay()
    this.#reject(error)
    this.#body?.fail(error)
  }

  #giveUp(controller: Controller): void {
    controller.abort(this.#deadline.reason ?? new Error('given up'))
  }
}
