/** First in, first out; also the place of each item, counted from the first. Items are let go in bulk, so that taking one is cheap. */
export class Queue<T> {
  #items: T[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  /** A copy of the last items, the oldest first: at most so many. */
  last(count: number): readonly T[] {
    return this.#items.slice(Math.max(this.#head, this.#items.length - count))
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): void {
    if (this.size === 0) return
    this.#head++
    if (this.#head < 1000 || this.#head < this.#items.length / 2) return
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
