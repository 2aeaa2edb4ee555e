import { MillraceError } from '../model/errors.ts'

/** Answers to `get` and `list` that one connection may be owed at a time. */
const mostOwed = 16

/**
 * The answers that one connection is owed. Each is made for this client alone, so it is made when there is room for it:
 * whoever asks on and reads nothing must not fill the memory.
 */
export class OwedAnswers {
  readonly #hasRoom: () => boolean
  #waiting: (() => void)[] = []
  #owed = 0

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom
  }

  get areTooMany(): boolean {
    return this.#owed >= mostOwed
  }
  get areWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** @throws MillraceError `rate_limited` where too many are owed. */
  admit(): void {
    if (this.areTooMany) throw new MillraceError('rate_limited', 'the answers to earlier messages are not read yet')
  }

  /** Makes an answer now, or once there is room. Rejects with what making it throws. */
  async owe(make: () => Promise<void> | void): Promise<void> {
    this.#owed++
    try {
      if (!this.#hasRoom()) await this.room()
      await make()
    } finally {
      this.#owed--
    }
  }

  /**
   * What `read` reads: again where the line was filled meanwhile, or the rights of who asks are others now. What is
   * sent is what is true, and allowed, then.
   */
  async current<T>(read: () => Promise<T>, rights: () => unknown): Promise<T> {
    for (;;) {
      const before = rights()
      const value = await read()
      const hasRoom = this.#hasRoom()
      if (hasRoom && rights() === before) return value
      if (!hasRoom) await this.room()
    }
  }

  /** Resolves once there may be room. */
  room(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** There is room again. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
