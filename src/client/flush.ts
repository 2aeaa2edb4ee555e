/** Counts the data messages of an opened flush, so that what belongs together is shown together. */
export class Flush {
  #left = 0

  /** Whether the last data message counted was not the last of its flush. */
  get isOpen(): boolean {
    return this.#left > 0
  }

  open(messages: number): void {
    this.#left = messages
  }

  count(): void {
    if (this.#left > 0) this.#left--
  }

  /** Cut off by a disconnect, or never finished: each of its tables is a true one all the same. */
  cut(): void {
    this.#left = 0
  }
}
