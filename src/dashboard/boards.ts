import type { Millrace, Unsubscribe } from '../client/face.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Board } from '../model/board.ts'

/** After an answer that was none they are asked for again, in ms. */
const againMs = 5000

/** The boards of the server's config that the token opens; asked for with each connection, as the config may be another. */
export class Boards {
  readonly #clock: Clock
  readonly #token: () => string | undefined
  readonly #listeners = new Set<() => void>()
  #all: readonly Board[] | undefined
  #isAway = false
  #again: Cancel | undefined

  constructor(millrace: Millrace, clock: Clock, token: () => string | undefined) {
    this.#clock = clock
    this.#token = token
    millrace.onState(({ phase }) => {
      this.#again?.()
      if (phase === 'open') void this.#ask()
    })
  }

  /** As they were last told; undefined before that. */
  get all(): readonly Board[] | undefined {
    return this.#all
  }

  /** The last question was not answered. */
  get isAway(): boolean {
    return this.#isAway
  }

  /** Calls `listener` after each answer, and where there is none. */
  onChange(listener: () => void): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #ask(): Promise<void> {
    try {
      this.#all = await this.#fetch()
      this.#isAway = false
    } catch {
      // What was known stays.
      this.#isAway = true
      this.#again = this.#clock.after(againMs, () => void this.#ask())
    }
    for (const listener of this.#listeners) listener()
  }

  async #fetch(): Promise<readonly Board[]> {
    const token = this.#token()
    const response = await fetch('./boards', { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
    if (!response.ok) throw new Error(`/boards answered ${response.status}`)
    const { boards } = (await response.json()) as { readonly boards: readonly Board[] }
    return boards
  }
}
