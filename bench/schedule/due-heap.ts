/** What is due, soonest first: a binary heap. */
export class DueHeap<T extends { readonly dueAt: number }> {
  readonly #items: T[] = []

  push(item: T): void {
    const items = this.#items
    let place = items.push(item) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = items[above]
      if (parent === undefined || parent.dueAt <= item.dueAt) break
      items[place] = parent
      place = above
    }
    items[place] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return top
  }

  #sink(item: T): void {
    const items = this.#items
    let place = 0
    for (;;) {
      const [left, right] = [items[2 * place + 1], items[2 * place + 2]]
      if (left === undefined) break
      const goesRight = right !== undefined && right.dueAt < left.dueAt
      const child = goesRight ? right : left
      if (child.dueAt >= item.dueAt) break
      items[place] = child
      place = 2 * place + (goesRight ? 2 : 1)
    }
    items[place] = item
  }
}
