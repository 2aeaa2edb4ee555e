import type { Clock } from '../../lib/clock.ts'
import { Deadline } from '../deadline.ts'

/**
 * Something under way that several wait for, each for as long as its own signal lets it. It is given up when its own time is over, or when
 * the last of them has gone, and not with whoever began it.
 */
export class Joint<T> {
  readonly #deadline: Deadline
  readonly #result: Promise<T>
  #waiting = 0

  /** `begin` gets the deadline by which it is given up. */
  constructor(clock: Clock, timeoutMs: number, begin: (deadline: Deadline) => Promise<T>) {
    this.#deadline = new Deadline(clock, timeoutMs)
    this.#result = begin(this.#deadline).finally(() => this.#deadline.lift())
  }

  /** @throws what it throws, or the reason of `signal` */
  async wait(signal: AbortSignal): Promise<T> {
    this.#waiting++
    let leave: () => void = () => undefined
    const gone = new Promise<never>((_resolve, reject) => {
      leave = () => {
        if (--this.#waiting === 0) this.#deadline.abort(signal.reason as Error)
        reject(signal.reason as Error)
      }
    })
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([this.#result, gone])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
}
