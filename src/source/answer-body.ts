import type { Deadline } from './deadline.ts'

/** So much waits for a taker at most, in bytes, before the connection is told to pause. */
const maxWaitingBytes = 65_536

/** What brings a body: told when to hold on, and when what it brings is not wanted any more. */
export interface BodyOrigin {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** Of a body that is whole: nothing of what brought it, such as its header as bytes, is kept alive for as long as it is. */
const noOrigin: BodyOrigin = { pause: () => undefined, resume: () => undefined, abort: () => undefined }

/** Takes a chunk; it gets the next one once what it returns is resolved. What it throws gives the body up. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined

/**
 * The body of an answer as it comes, for one taker. It is no stream of Node's: making one and iterating it took longer than all that a
 * poll does with what it brings.
 */
export class AnswerBody {
  #origin: BodyOrigin
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #take: TakeChunk | undefined
  #isTaking = false
  #isWhole = false
  #error: Error | undefined
  #settle: (error?: Error) => void = () => undefined

  constructor(origin: BodyOrigin) {
    this.#origin = origin
  }

  /** A chunk has come. */
  add(chunk: Buffer): void {
    if (this.#error !== undefined) return
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.byteLength
    this.#pass()
    if (this.#waitingBytes > maxWaitingBytes) this.#origin.pause()
  }

  /** Nothing more comes. */
  end(): void {
    this.#isWhole = true
    this.#origin = noOrigin
    this.#pass()
  }

  /** It broke off. */
  fail(error: Error): void {
    this.#error ??= error
    this.#settle(this.#error)
  }

  /** It is not wanted, or can not be: the connection is dropped with it, unless it was whole. Who takes it hears of `reason`. */
  drop(reason: Error = new Error('the body is not wanted')): void {
    if (this.#error !== undefined) return
    this.#waiting = []
    this.fail(reason)
    this.#origin.abort(reason)
  }

  /** Hands over each chunk in order. Once. @throws why it broke off, or what `take` throws */
  take(take: TakeChunk): Promise<void> {
    this.#take = take
    return new Promise((resolve, reject) => {
      this.#settle = error => (error === undefined ? resolve() : reject(error))
      if (this.#error === undefined) this.#pass()
      else reject(this.#error)
    })
  }

  /** Reads it away, up to `maxBytes`; more costs the connection. That it broke off is no fault: nobody wants it. */
  async discard(maxBytes: number, deadline: Pick<Deadline, 'isOver'>): Promise<void> {
    let bytes = 0
    try {
      await this.take(chunk => {
        bytes += chunk.byteLength
        if (bytes > maxBytes) this.drop()
        return undefined
      })
    } catch (error) {
      if (deadline.isOver) throw error
    }
  }

  /** Not within itself: to take a chunk, or to let more come, may bring the next one. */
  #pass(): void {
    if (this.#take === undefined || this.#isTaking) return
    this.#isTaking = true
    while (this.#waiting.length > 0 && this.#error === undefined) {
      const taken = this.#hand(this.#take)
      if (this.#waitingBytes <= maxWaitingBytes) this.#origin.resume()
      if (taken !== undefined) return void this.#goOn(taken)
    }
    this.#isTaking = false
    if (this.#isWhole && this.#error === undefined) this.#settle()
  }

  #hand(take: TakeChunk): Promise<void> | undefined {
    const chunk = this.#waiting.shift()
    if (chunk === undefined) return undefined
    this.#waitingBytes -= chunk.byteLength
    try {
      return take(chunk)
    } catch (error) {
      this.drop(error as Error)
      return undefined
    }
  }

  async #goOn(taken: Promise<void>): Promise<void> {
    try {
      await taken
    } catch (error) {
      this.drop(error as Error)
    }
    this.#isTaking = false
    this.#pass()
  }
}
