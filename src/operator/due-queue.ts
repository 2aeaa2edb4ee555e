interface Due {
  readonly key: string
  readonly at: number
  /** Of the keys that are due at the same time, the one that was put in first comes first. */
  readonly turn: number
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.turn < b.turn)
}

/** Which key is due next: a binary heap, one time for each key. To set, to drop and to take cost O(log keys). */
export class DueQueue {
  readonly #heap: Due[] = []
  /** What holds of each key; whatever else is in the heap is passed over. */
  readonly #held = new Map<string, Due>()
  #turn = 0

  get size(): number {
    return this.#held.size
  }

  set(key: string, at: number): void {
    if (this.#held.get(key)?.at === at) return
    const due = { key, at, turn: this.#turn++ }
    this.#held.set(key, due)
    this.#push(due)
    // Passed-over entries would pile up where times only ever move away.
    if (this.#heap.length > 2 * this.#held.size + 100) this.#rebuild()
  }

  delete(key: string): void {
    this.#held.delete(key)
  }

  clear(): void {
    this.#held.clear()
    this.#heap.length = 0
  }

  /** The key that is due first, and when. */
  get first(): { readonly key: string; readonly at: number } | undefined {
    for (let [top] = this.#heap; top !== undefined; [top] = this.#heap) {
      if (this.#held.get(top.key) === top) return top
      this.#pop()
    }
    return undefined
  }

  #rebuild(): void {
    const held = [...this.#held.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1))
    this.#heap.length = 0
    for (const due of held) this.#heap.push(due)
  }

  #push(due: Due): void {
    let place = this.#heap.push(due) - 1
    while (place > 0) {
      const parent = (place - 1) >>> 1
      if (!this.#swapIfBefore(place, parent)) return
      place = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    let place = 0
    for (;;) {
      const [left, right] = [2 * place + 1, 2 * place + 2]
      const [a, b] = [this.#heap[left], this.#heap[right]]
      const least = a !== undefined && b !== undefined && isBefore(b, a) ? right : left
      if (!this.#swapIfBefore(least, place)) return
      place = least
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const [a, b] = [this.#heap[lower], this.#heap[upper]]
    if (a === undefined || b === undefined || !isBefore(a, b)) return false
    this.#heap[lower] = b
    this.#heap[upper] = a
    return true
  }
}
