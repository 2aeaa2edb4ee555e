import type { Cancel } from '../lib/clock.ts'
import type { Outbox } from '../hub/outbox.ts'
import type { ViewPace } from '../hub/view-pace.ts'
import type { Transport } from './transport.ts'

/** UTF-16 units that are held of one client; over it nothing more of it is read until some of them were acted on. */
const mostHeld = 65_536

interface Held {
  readonly act: () => void
  readonly length: number
  readonly asksView: boolean
}

/**
 * When what a client says is acted on: at once, but what asks for a view waits, in turns with other clients, while the time
 * that there is for views is used up; so does what comes behind it.
 */
export class Turns {
  readonly #pace: ViewPace
  readonly #transport: Transport
  readonly #outbox: Outbox
  #held: Held[] = []
  #length = 0
  /** While it has to wait. */
  #turn: Cancel | undefined
  #isPaused = false
  #wasPaused = false

  constructor(pace: ViewPace, transport: Transport, outbox: Outbox) {
    this.#pace = pace
    this.#transport = transport
    this.#outbox = outbox
  }

  /** Acts now, or once what was said before has been acted on. `length`: of what was said. */
  take(act: () => void, length: number, asksView: boolean): void {
    if (this.#turn === undefined && !(asksView && this.#pace.isOut)) return act()
    this.#held.push({ act, length, asksView })
    this.#length += length
    if (this.#length > mostHeld && !this.#isPaused) {
      this.#isPaused = this.#wasPaused = true
      this.#transport.pause()
    }
    if (this.#turn === undefined) this.#wait()
  }

  /** Whether it was not read, its pongs neither, at any time since this was asked last. */
  wasPaused(): boolean {
    const was = this.#wasPaused
    this.#wasPaused = this.#isPaused
    return was
  }

  /** The client is no more. */
  end(): void {
    this.#turn?.()
    this.#turn = undefined
    this.#held = []
    this.#length = 0
    // Its end is to be read.
    this.#resume()
  }

  #wait(): void {
    this.#turn = this.#pace.wait(this.#outbox.account, () => this.#goOn())
  }

  #goOn(): void {
    for (;;) {
      const [first] = this.#held
      this.#turn = undefined
      if (first === undefined) return
      if (first.asksView && this.#pace.isOut) return this.#wait()
      this.#held.shift()
      this.#length -= first.length
      if (this.#length <= mostHeld) this.#resume()
      first.act()
    }
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#transport.resume()
  }
}
