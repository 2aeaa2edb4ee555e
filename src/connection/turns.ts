import type { Cancel } from '../lib/clock.ts'
import type { Outbox } from '../hub/outbox.ts'
import type { ViewPace } from '../hub/view-pace.ts'
import type { Transport } from './transport.ts'

/**
 * When what a client says is acted on: at once, but where it has used up the time that there is for views, in its order and in
 * turns with other clients. Meanwhile nothing more of it is read, so that what is held is bounded by one read of the socket.
 */
export class Turns {
  readonly #pace: ViewPace
  readonly #transport: Transport
  readonly #outbox: Outbox
  #held: (() => void)[] = []
  /** While it has to wait. */
  #turn: Cancel | undefined
  #isOver = false

  constructor(pace: ViewPace, transport: Transport, outbox: Outbox) {
    this.#pace = pace
    this.#transport = transport
    this.#outbox = outbox
  }

  get areAwaited(): boolean {
    return this.#turn !== undefined
  }

  /** Acts now, or once what was said before has been acted on. */
  take(act: () => void): void {
    if (this.#turn !== undefined) return void this.#held.push(act)
    const before = this.#pace.spentMs
    act()
    if (this.#pace.spentMs === before || !this.#pace.isOut || this.#isOver) return
    this.#transport.pause()
    this.#wait()
  }

  /** The client is no more. */
  end(): void {
    this.#isOver = true
    this.#held = []
    if (this.#turn === undefined) return
    this.#turn()
    this.#turn = undefined
    // Its end is to be read.
    this.#transport.resume()
  }

  #wait(): void {
    this.#turn = this.#pace.wait(this.#outbox.account, () => this.#next())
  }

  #next(): void {
    const act = this.#held.shift()
    if (act === undefined) {
      this.#turn = undefined
      return this.#transport.resume()
    }
    this.#wait()
    act()
  }
}
